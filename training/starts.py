"""What a fine-tuning starts from: a run, or a model that was exported from one."""

import json
from dataclasses import dataclass
from pathlib import Path

import keras
import tensorflow as tf

from sbir_tf.errors import UserError
from sbir_tf.files import written_aside
from training.config import Config, config_from_json
from training.export import description_of, latest_version
from training.networks import encoder_of
from training.pictures import CACHE
from training.run import open_complete


@dataclass(frozen=True)
class Start:
    """A trained encoder.

    Attributes:
        config: That it was trained by.
        weights: File of its weights.
    """

    config: Config
    weights: Path


def start_of(model: Path) -> Start:
    """The encoder of a complete run, of a model's newest version, or of one of its versions.

    Raises:
        UserError: If the folder is none of those, or the model was exported before it kept how
            its network is built.
    """
    if (model / "config.json").exists():
        run = open_complete(model)
        return Start(run.config, run.weights)
    version = version_of(model)
    config = exported_config(version)
    return Start(config, weights_of(version, config))


def version_of(model: Path) -> Path:
    """The folder of a model's version."""
    if (model / "saved_model.pb").exists():
        return model
    if latest := latest_version(model):
        return model / str(latest)
    raise UserError(
        f"{model} is neither a run nor an exported model: name a run's folder, such as "
        "runs/icons_quick, or a model's, such as saved_models/icons_quick"
    )


def exported_config(version: Path) -> Config:
    """The configuration that an export keeps beside the SavedModel."""
    path = version / "assets.extra" / "encoder.json"
    try:
        return config_from_json(json.loads(path.read_text())["config"])
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        raise UserError(
            f"{path} does not say how the network is built (it was exported before that was "
            "kept, or is damaged): name the run that it was exported from, or export it again"
        ) from None


def weights_of(version: Path, config: Config) -> Path:
    """The weights of an exported encoder as a file, kept in data/cache."""
    path = CACHE / f"{description_of(version)['weights'][:24]}.weights.h5"
    if not path.exists():
        encoder = exported_encoder(version, config)
        path.parent.mkdir(parents=True, exist_ok=True)
        with written_aside(path) as aside:
            encoder.save_weights(aside)
    return path


def exported_encoder(version: Path, config: Config) -> keras.Model:
    """The Keras model that was exported: a SavedModel's variables are a checkpoint of it."""
    encoder = encoder_of(config, "float32")
    checkpoint = tf.train.Checkpoint(encoder=encoder)
    try:
        status = checkpoint.read(str(version / "variables" / "variables"))
        status.assert_existing_objects_matched().expect_partial()
    except (tf.errors.OpError, AssertionError, ValueError) as error:
        reason = (str(error).splitlines() or [""])[0]
        raise UserError(
            f"The weights in {version} cannot be read ({reason}): name the run that it was "
            "exported from"
        ) from None
    return encoder
