"""A complete run's encoder written to saved_models/, with its model card."""

import hashlib
import json
from pathlib import Path

from sbir_tf.data.splits import is_split_file
from sbir_tf.errors import UserError
from sbir_tf.export import export_encoder
from training.config import Config, Data
from training.evaluate import trained_encoder
from training.losses import loss_of, settings_of
from training.run import Run

CARD = """\
# {name}, version {version}

An encoder for sketch-based image retrieval: the embedding of a sketch lies near those of the
pictures that show the same thing (squared Euclidean distance, {dimension} dimensions).

- Network: {backbone}, gates: {gate}, loss: {loss}, input {size} x {size}.
- Trained on: {data}; {classes} classes, {steps} steps, seed {seed}, from {weights} weights.
  {licence}
- Made by: `sbir train {name}`, then `sbir export`; code revision {revision}.

## Figures

{figures}

## Use

TensorFlow Serving loads this folder's parent as model `{name}`. Signatures: `serving_default`
(encoded picture bytes and domain, sketch 0, photo 1), `sketch`, `photo` (bytes alone) and
`pixels` (uint8 pictures and domain). PNG, JPEG, BMP and the first frame of a GIF are decoded.

## Limits

{limits}
"""

# Of the bundled icons, and of data sets on disk.
LICENCE = {
    "icons": "Pictures and weights are openly licensed; their attribution stands in\n"
    "  `sbir_tf/data/icons/ATTRIBUTION.md`.",
    "own": "The data set's own terms hold for what was learnt from it.",
}
LIMITS = {
    "icons": "It has seen line icons and colour icons alone. On photographs and on hand drawings "
    "expect less\nthan the figures say.",
    "own": "It was trained and evaluated on pictures squeezed into a square, its test sketches "
    "enlarged by\n{zoom:.0%}; this model frames a picture that is not square in white instead, and "
    "enlarges none.",
}


def export_run(run: Run, model_folder: Path) -> tuple[Path, bool]:
    """Export a complete run as the next version of a model.

    Args:
        run: A complete run.
        model_folder: Of the model; its versions are the numbered folders inside.

    Returns:
        The version's folder, and whether it is new: a run that the latest version already
        holds is not written again.
    """
    if model_folder.exists() and not model_folder.is_dir():
        raise UserError(f"{model_folder} is not a folder: name another with --to")
    digest = hashlib.sha256(run.weights.read_bytes()).hexdigest()
    version = latest_version(model_folder)
    if version and weights_digest(model_folder / str(version)) == digest:
        return model_folder / str(version), False
    encoder = trained_encoder(run)
    folder = model_folder / str(version + 1)
    name = run.config.name
    card = model_card(run, version + 1, int(encoder.outputs[0].shape[-1]))
    return export_encoder(encoder, folder, name, card, weights=digest), True


def latest_version(model_folder: Path) -> int:
    """The highest version in a model's folder, 0 if there is none."""
    if not model_folder.is_dir():
        return 0
    return max((int(f.name) for f in model_folder.iterdir() if f.name.isdecimal()), default=0)


def weights_digest(folder: Path) -> str | None:
    """SHA-256 of the run's weights that a version was exported from."""
    try:
        return json.loads((folder / "assets.extra" / "encoder.json").read_text()).get("weights")
    except (OSError, ValueError):
        return None


def model_card(run: Run, version: int, dimension: int) -> str:
    """The model card, Markdown."""
    config, facts = run.config, run.facts()
    return CARD.format(
        name=config.name,
        version=version,
        dimension=dimension,
        backbone=config.network.backbone,
        gate=config.network.gate,
        loss=loss_in_words(config, facts["margin"]),
        size=config.data.size,
        data=trained_on(config.data),
        licence=LICENCE[kind_of(config.data)],
        limits=LIMITS[kind_of(config.data)].format(
            zoom=(config.data.test_resize or config.data.size) / config.data.size - 1
        ),
        classes=facts["classes"],
        steps=config.steps,
        seed=config.seed,
        weights=config.network.weights or "random",
        revision=facts["revision"] or "unknown",
        figures=figures(run),
    )


def loss_in_words(config: Config, reached: float) -> str:
    """The loss with its settings, and the margin that an annealed one reached."""
    loss = loss_of(config)
    settings = [f"{name} {getattr(loss, name):g}" for name in settings_of(config.loss.name)]
    if hasattr(loss, "current_margin"):
        settings.append(f"{config.loss.schedule}, reached {reached:.2f}")
    return f"{config.loss.name} ({'; '.join(settings)})" if settings else config.loss.name


def trained_on(data: Data) -> str:
    """The data set, its split and its parts, in words."""
    if kind_of(data) == "own":
        name = Path(data.split).name if is_split_file(data.split) else data.split
        layout = f"layout {data.layout}, " if data.source == "folder" else ""
        place = f"the {data.source} `{Path(data.root).name}` ({layout}{name} split"
        of_class = f", {data.test_sketches} sketches of each class held out"
        return place + (of_class if name in ("supervised", "held-out-photos") else "") + ")"
    return f"the bundled `icons` ({data.split} split, parts {', '.join(data.train_on)})"


def kind_of(data: Data) -> str:
    """Whose pictures a model was trained on: "icons", or the user's "own"."""
    return "icons" if data.source == "icons" else "own"


def figures(run: Run) -> str:
    """What `sbir evaluate` measured, or that it has not yet."""
    path = run.folder / "evaluation.json"
    if not path.exists():
        return f"Not evaluated yet: `sbir evaluate {run.folder}`."
    values = json.loads(path.read_text())
    flip = ", test-time flip" if values.get("flip") else ""
    note = f" This is the {values['note']}." if "note" in values else ""
    return (
        f"On the {values['part']} part of the {values['split']} split ({values['queries']} "
        f"sketches search {values['gallery']} pictures; one seed{flip}): mAP@all "
        f"{values['map_all']:.3f} (chance {values['chance']['map_all']:.3f}), hit@10 "
        f"{values['hit_at']['10']:.3f} (chance {values['chance']['hit_at']['10']:.3f}).{note}"
    )
