"""How well held-out sketches find held-out pictures."""

import json

import keras
import numpy as np

from sbir_tf.errors import UserError
from sbir_tf.evaluation import Result, evaluate
from training.build import encoder_of
from training.config import Config
from training.pictures import Items, held_out
from training.run import Run, write_json

CUTS = (10, 100)
PARTS = ("test", "validation")


def evaluate_run(run: Run, part: str = "test", progress=None) -> Result:
    """Evaluate a complete run on a held-out part of its split; writes evaluation.json.

    Args:
        run: A complete run.
        part: "test", or "validation" for a run that did not train on it.
        progress: Shows the progress of the encoding.

    Raises:
        UserError: If the part is unknown or was trained on.
    """
    if part not in PARTS:
        raise UserError(f"part is one of {', '.join(PARTS)}. Received: {part!r}")
    if part in run.config.data.train_on:
        raise UserError(
            f"{run.folder} was trained on the {part} part: train another run with "
            "--set data.train_on=train to evaluate it"
        )
    result = evaluate_encoder(trained_encoder(run), run.config, part, progress)
    name = "evaluation.json" if part == "test" else f"evaluation.{part}.json"
    facts = {"config": run.config.name, "split": run.config.data.split, "part": part}
    values = json.loads(result.to_json())
    write_json(run.folder / name, facts | {"seed": run.config.seed} | values)
    return result


def evaluate_untrained(config: Config, part: str = "test", progress=None) -> Result:
    """The same, of the backbone's pretrained features: what training has to beat."""
    encoder = encoder_of(config, "float32", pretrained=True)
    features = keras.Model(encoder.inputs, encoder.get_layer("pool").output)
    return evaluate_encoder(features, config, part, progress)


def evaluate_encoder(encoder, config: Config, part: str, progress=None) -> Result:
    """Metrics of an encoder on a held-out part of a configuration's split."""
    queries, gallery = held_out(config.data, part, progress)
    return evaluate(
        embed(encoder, queries, progress),
        queries.labels,
        embed(encoder, gallery, progress),
        gallery.labels,
        ks=CUTS,
    )


def embed(encoder: keras.Model, items: Items, progress=None, batch_size: int = 64) -> np.ndarray:
    """Embeddings (N, D) of the items."""
    starts = range(0, len(items.images), batch_size)
    if progress:
        starts = progress(starts, "embedding", len(starts))
    parts = []
    for start in starts:
        images = items.images[start : start + batch_size].astype(np.float32)
        domain = np.full((len(images), 1), items.domain, np.float32)
        parts.append(encoder.predict_on_batch([images, domain]))
    return np.concatenate(parts)


def trained_encoder(run: Run) -> keras.Model:
    """A complete run's encoder, in float32."""
    encoder = encoder_of(run.config, "float32")
    encoder.load_weights(run.weights)
    return encoder
