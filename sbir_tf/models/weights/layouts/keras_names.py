"""The network's own names, in files that Keras or `sbir weights import` wrote."""

from collections.abc import Mapping, Sequence

import numpy as np

from sbir_tf.models.weights.layouts.layout import Layout
from sbir_tf.models.weights.network import Weight

# Training heads, by the layer's name or by the place of its class in the file.
HEADS = ("class_centers", "class_angles", "classifier")
TRAINING = ("optimizer", "optimizer_weights", "metrics", "_loss_tracker", "_metrics")


def sources(weights: Sequence[Weight], tensors: Mapping[str, np.ndarray]) -> dict[str, str]:
    found = {}
    for weight in weights:
        names = [*weight.in_keras_files, *(twin(weight, n) for n in weight.in_keras_files[:2])]
        known = next((name for name in names if name in tensors), None)
        # Gates that the file knows nothing of, and an embedding, keep their start.
        if known or not (weight.of_gate or weight.layer == "embedding"):
            found[weight.key] = known or names[0]
    return found


def twin(weight: Weight, name: str) -> str:
    """The name that a DASE gate's weight has in a network of plain SE, and the reverse."""
    layer = weight.layer
    other = {"_se": "_dase", "_dase": "_se"}.get(f"_{layer.rsplit('_', 1)[-1]}", "")
    renamed = layer.rsplit("_", 1)[0] + other if other else layer
    return renamed + name.removeprefix(layer)


def left(name: str) -> str | None:
    first, second = name.split("/")[:2]
    if first in TRAINING:
        return "the state of a training"
    if first in HEADS or (first == "layers" and second in HEADS):
        return "a training head"
    if first == "embedding" or (first, second) == ("layers", "dense"):
        return "the embedding, for this network ends in features"
    return None


LAYOUT = Layout("Keras names", "", sources, left, torch=False)
