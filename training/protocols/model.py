"""What is evaluated: a run's encoder, or one that was exported."""

from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from sbir_tf.errors import UserError
from training.codes.material import weights_of
from training.config import Config, Data
from training.evaluate import trained_encoder
from training.export import description_of
from training.losses import loss_of
from training.networks import encoder_of
from training.run import Run, open_complete
from training.starts import exported_config, exported_encoder, version_of


class Exported:
    """A SavedModel's `pixels` signature, called as a Keras model is.

    Pictures are framed before, as a run's are, and rounded to whole values: as the signature takes
    them.

    Args:
        folder: Of the version.

    Raises:
        UserError: If it cannot be loaded, or has no such signature.
    """

    def __init__(self, folder: Path):
        try:
            self.loaded = tf.saved_model.load(str(folder))  # its variables live as long as it does
            self.pixels = self.loaded.signatures["pixels"]
        except (OSError, KeyError, ValueError, tf.errors.OpError) as error:
            reason = (str(error).splitlines() or [""])[0]
            raise UserError(
                f"{folder} holds no encoder that can be loaded ({reason}): export it again with "
                "`sbir export`"
            ) from None

    def predict_on_batch(self, inputs) -> np.ndarray:
        images, domain = inputs
        whole = np.clip(np.rint(images), 0, 255).astype(np.uint8)
        bits = tf.constant(np.ravel(domain).astype(np.int64))
        return self.pixels(image=tf.constant(whole), domain=bits)["embedding"].numpy()


@dataclass(frozen=True)
class Model:
    """An encoder and what is known of it.

    Attributes:
        name: Of its configuration.
        path: As it was named; of an exported model its version's folder.
        digest: SHA-256 of its weights, "" if an export does not say.
        encoder: Embeds batches, by `predict_on_batch`.
        size: Side of the pictures that it sees.
        config: That it was trained by; None if an export does not say.
        run: Of a run's encoder.
        margin: That the training reached, if it has one.
    """

    name: str
    path: Path
    digest: str
    encoder: keras.Model | Exported
    size: int
    config: Config | None
    run: Run | None = None
    margin: float | None = None

    @property
    def kind(self) -> str:
        return "saved_model" if self.run is None else "run"

    @property
    def trained(self) -> Data | None:
        """What it was trained on, if that is known."""
        return self.config.data if self.config else None

    def place(self, name: str) -> Path:
        """The folder that an evaluation of this name is written to."""
        if self.run:
            return self.run.folder / "evaluations" / name
        # Beside the versions, which are never changed and whose folders TensorFlow Serving reads.
        return self.path.parent / "evaluations" / f"{self.path.name}.{name}"

    def network(self) -> keras.Model | None:
        """Its layers, where they can be had."""
        if self.run:
            return self.encoder
        return exported_encoder(self.path, self.config) if self.config else None

    def to_json(self) -> dict:
        """What result.json says of it."""
        loss = self.config.loss.name if self.config else None
        facts = {"name": self.name, "path": str(self.path), "digest": self.digest}
        return facts | {"loss": loss, "margin": self.margin, "kind": self.kind}


def open_model(path: Path) -> Model:
    """The encoder of a complete run, of a model's newest version, or of one of its versions.

    Raises:
        UserError: If the folder is none of those, or not complete.
    """
    if (path / "config.json").exists():
        return model_of(open_complete(path))
    if not (path / "saved_model.pb").exists() and not any(path.glob("[0-9]*/saved_model.pb")):
        raise UserError(
            f"{path} is not a run (it has no config.json), nor an exported model: name a run's "
            "folder, such as runs/icons_quick, or a model's, such as saved_models/icons_quick"
        )
    return exported(version_of(path))


def model_of(run: Run) -> Model:
    """The encoder of a complete run."""
    margin = run.facts().get("margin") if (run.folder / "run.json").exists() else None
    return Model(
        run.config.name,
        run.folder,
        weights_of(run),
        trained_encoder(run),
        run.config.data.size,
        run.config,
        run,
        margin if has_margin(run.config) else None,
    )


def exported(version: Path) -> Model:
    """The encoder in a version's folder."""
    facts = description_of(version)
    if "image_size" not in facts:
        raise UserError(
            f"{version} does not say what its encoder takes (assets.extra/encoder.json is missing "
            "or damaged): export it again with `sbir export`"
        )
    config = exported_config(version) if "config" in facts else None
    name, digest = facts.get("name", version.parent.name), facts.get("weights") or ""
    margin = config.loss.margin if config else None
    return Model(
        name, version, digest, Exported(version), facts["image_size"], config, margin=margin
    )


def untrained(model: Model) -> keras.Model:
    """The pretrained features that a model's training began with.

    Raises:
        UserError: If they cannot be had.
    """
    run_of(model)
    encoder = encoder_of(model.config, "float32", pretrained=True)
    return keras.Model(encoder.inputs, encoder.get_layer("embedding").input)


def run_of(model: Model) -> Run:
    """The run that trained a model.

    Raises:
        UserError: If it was exported from one.
    """
    if model.run is None:
        raise UserError(
            f"--untrained needs the run that trained the model. Received: {model.path}, an "
            "exported model"
        )
    return model.run


def has_margin(config: Config) -> bool:
    """Whether the loss has a margin that a training reaches."""
    return hasattr(loss_of(config), "current_margin")
