"""How well held-out sketches find held-out pictures."""

import json
import math

import keras
import numpy as np

from sbir_tf.errors import UserError
from sbir_tf.evaluation import Result, evaluate, evaluate_flipped
from training.config import Config
from training.fingerprint import refuse_another_cut
from training.folders import StoredItems
from training.losses import compared_by_direction
from training.networks import encoder_of
from training.pictures import Items
from training.run import Run, write_json
from training.sources import held_out, note_of

BATCH = 64  # pictures embedded at a time
CUTS = (10, 100)
PARTS = ("test", "validation")


def evaluate_run(run: Run, part: str = "test", progress=None, flip: bool | None = None) -> Result:
    """Evaluate a complete run on a held-out part of its split; writes evaluation.json.

    Args:
        run: A complete run.
        part: "test", or "validation" for a run that did not train on it.
        progress: Shows the progress of the encoding.
        flip: Whether mirrored pictures are compared too; None as its configuration says.

    Raises:
        UserError: If the part is unknown or was trained on, or the data are cut otherwise now.
    """
    check_part(run, part)
    data = run.config.data
    flip = data.test_flip if flip is None else flip
    result = evaluate_encoder(trained_encoder(run), run.config, part, progress, flip)
    note_result(run, result, part, flip)
    return result


def note_result(run: Run, result: Result, part: str, flip: bool) -> None:
    """Write the figures of a run's own held-out part into its folder."""
    data = run.config.data
    name = "evaluation.json" if part == "test" else f"evaluation.{part}.json"
    facts = {"config": run.config.name, "split": data.split, "part": part, "flip": flip}
    note = note_of(data, part)
    facts |= {"note": note} if note else {}
    values = json.loads(result.to_json())
    write_json(run.folder / name, facts | {"seed": run.config.seed} | values)


def check_part(run: Run, part: str) -> None:
    """Refuse a part that does not exist, or that the run was (or may have been) trained on."""
    if part not in PARTS:
        raise UserError(f"part is one of {', '.join(PARTS)}. Received: {part!r}")
    if run.config.data.source == "icons" and part in run.config.data.train_on:
        raise UserError(
            f"{run.folder} was trained on the {part} part: train another run with "
            "--set data.train_on=train to evaluate it"
        )
    refuse_another_cut(run)


def evaluate_untrained(
    config: Config, part: str = "test", progress=None, flip: bool = False
) -> Result:
    """The same, of the backbone's pretrained features: what training has to beat."""
    encoder = encoder_of(config, "float32", pretrained=True)
    features = keras.Model(encoder.inputs, encoder.get_layer("embedding").input)
    return evaluate_encoder(features, config, part, progress, flip)


def evaluate_encoder(
    encoder, config: Config, part: str, progress=None, flip: bool = False
) -> Result:
    """Metrics of an encoder on a held-out part of a configuration's split."""
    queries, gallery = held_out(config.data, part, progress)
    views = [embed_views(encoder, items, progress, flip) for items in (queries, gallery)]
    if flip:
        return evaluate_flipped(views[0], queries.labels, views[1], gallery.labels, ks=CUTS)
    return evaluate(views[0][0], queries.labels, views[1][0], gallery.labels, ks=CUTS)


def embed(encoder: keras.Model, items: Items | StoredItems, progress=None) -> np.ndarray:
    """Embeddings (N, D) of the items."""
    return embed_views(encoder, items, progress)[0]


def embed_views(
    encoder: keras.Model, items: Items | StoredItems, progress=None, flip: bool = False
) -> list[np.ndarray]:
    """Embeddings (N, D) of the items as they are and, with `flip`, of their mirror images."""
    batches = items.batches(BATCH)
    if progress:
        batches = progress(batches, "embedding", math.ceil(len(items) / BATCH))
    views = [[], []] if flip else [[]]
    for images in batches:
        domain = np.full((len(images), 1), items.domain, np.float32)
        for view, seen in zip(views, (images, images[:, :, ::-1]), strict=False):
            view.append(encoder.predict_on_batch([seen, domain]))
    return [np.concatenate(view) for view in views]


def trained_encoder(run: Run) -> keras.Model:
    """A complete run's encoder, in float32, its embeddings ready to be compared by distance."""
    encoder = encoder_of(run.config, "float32")
    encoder.load_weights(run.weights)
    return comparable(encoder, run.config)


def comparable(encoder: keras.Model, config: Config) -> keras.Model:
    """An encoder whose embeddings are ready to be compared by distance."""
    if not compared_by_direction(config):
        return encoder
    unit = keras.layers.UnitNormalization(name="unit_length")(encoder.outputs[0])
    return keras.Model(encoder.inputs, unit, name=encoder.name)
