"""A complete run's encoder written to saved_models/, with its model card."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sbir_tf.data.splits import is_split_file
from sbir_tf.errors import UserError
from sbir_tf.export import export_encoder
from sbir_tf.tflite import add_tflite
from training.config import Config, Data
from training.evaluate import trained_encoder
from training.losses import loss_of, settings_of
from training.provenance import command_line
from training.run import Run

CARD = """\
# {name}, version {version}

An encoder for sketch-based image retrieval: the embedding of a sketch lies near those of the
pictures that show the same thing (squared Euclidean distance, {dimension} dimensions).

- Network: {backbone}, gates: {gate}, loss: {loss}, input {size} x {size}.
- Trained on: {data}; {classes} classes, {steps} steps, seed {seed}, from {weights} weights.
  {licence}
- Made by: `{command}`, then `sbir export`; code revision {revision}.

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
    "icons": "It has seen line icons and colour icons alone{hands}.\nOn photographs and on "
    "people's drawings expect less than the figures say.",
    "own": "It was trained and evaluated on pictures squeezed into a square, its test sketches "
    "enlarged by\n{zoom:.0%}; this model frames a picture that is not square in white instead, and "
    "enlarges none.",
}


def export_run(run: Run, model_folder: Path, tflite: Sequence[str] = ()) -> tuple[Path, bool]:
    """Export a complete run as the next version of a model.

    Args:
        run: A complete run.
        model_folder: Of the model; its versions are the numbered folders inside.
        tflite: Kinds of TensorFlow Lite files to write beside it, see `sbir_tf.tflite`.

    Returns:
        The version's folder, and whether it is new: a run that the latest version already
        holds is not written again.
    """
    if model_folder.exists() and not model_folder.is_dir():
        raise UserError(f"{model_folder} is not a folder: name another with --to")
    digest = hashlib.sha256(run.weights.read_bytes()).hexdigest()
    version = latest_version(model_folder)
    kept = description_of(model_folder / str(version))
    # One of before "config" was kept cannot be fine-tuned: exported again, it can.
    if version and kept.get("weights") == digest and "config" in kept:
        folder = model_folder / str(version)
        if tflite:
            add_tflite(folder, trained_encoder(run), tflite)
        return folder, False
    encoder = trained_encoder(run)
    folder = model_folder / str(version + 1)
    name = run.config.name
    card = model_card(run, version + 1, int(encoder.outputs[0].shape[-1]))
    # What `sbir finetune` builds the network by.
    facts = {"weights": digest, "config": portable(run.config).to_json()}
    export_encoder(encoder, folder, name, card, **facts)
    if tflite:
        add_tflite(folder, encoder, tflite)
    return folder, True


def portable(config: Config) -> Config:
    """A configuration without the places of its maker's files."""
    data = replace(config.data, root=Path(config.data.root).name, class_map=None)
    if is_split_file(data.split):
        data = replace(data, split=Path(data.split).name)
    return replace(config, data=data, network=replace(config.network, weights=None))


def latest_version(model_folder: Path) -> int:
    """The highest version in a model's folder, 0 if there is none."""
    if not model_folder.is_dir():
        return 0
    return max((int(f.name) for f in model_folder.iterdir() if f.name.isdecimal()), default=0)


def description_of(folder: Path) -> dict:
    """What encoder.json says of a version: "weights", SHA-256 of the run's, and "config" too.

    Nothing of one that is not there or damaged.
    """
    try:
        values = json.loads((folder / "assets.extra" / "encoder.json").read_text())
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def without_place(argument: str) -> str:
    """An argument of a command without the place of its maker's files."""
    head, equals, value = argument.rpartition("=")
    return head + equals + (Path(value).name if Path(value).is_absolute() else value)


def command_of(arguments: Sequence[str]) -> str:
    """The command of a training, as one would give it again."""
    ours = arguments[0].endswith(("sbir_tf/__main__.py", "/sbir"))
    program = "sbir" if ours else without_place(arguments[0])
    return command_line([program, *map(without_place, arguments[1:])])


def start_in_words(weights: str | None) -> str:
    """What a training started from; of a file, what says which: its folder and its name."""
    if weights in (None, "imagenet"):
        return weights or "random"
    path = Path(weights)
    return f"`{path.parent.name}/{path.name}`" if path.parent.name else f"`{path.name}`"


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
            hands=", and the former redrawn by an imitated hand" if config.data.hands else "",
            zoom=(config.data.test_resize or config.data.size) / config.data.size - 1,
        ),
        classes=facts["classes"],
        steps=facts.get("trained_steps", config.steps),
        seed=config.seed,
        weights=start_in_words(config.network.weights),
        command=command_of(facts["command"]),
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
