"""What a layout is: where each weight of a network stands in a file."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sbir_tf.models.weights.network import Weight

# Keras' names of weights -> PyTorch's.
TORCH_NAMES = {
    "kernel": "weight",
    "depthwise_kernel": "weight",
    "bias": "bias",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}
COUNTER = "num_batches_tracked"


@dataclass(frozen=True)
class Layout:
    """The names of one family of files.

    Attributes:
        title: What to call it.
        anchor: A tensor that every file of the family holds.
        sources: Of the network's weights and the file's tensors: the name in the file of each
            weight, by `Weight.key`. Weights that files of the family never hold are left out.
        left: Of a tensor's name: why the network may leave it in the file, or None if it has
            to find a place.
        torch: Whether the axes are in PyTorch's order.
    """

    title: str
    anchor: str
    sources: Callable[[Sequence[Weight], Mapping[str, np.ndarray]], dict[str, str]]
    left: Callable[[str], str | None]
    torch: bool = True


def torch_name(module: str, weight: Weight) -> str:
    """`layer1.0.bn1` and gamma -> `layer1.0.bn1.weight`."""
    return f"{module}.{TORCH_NAMES[weight.name]}"


def left_of(**reasons: str) -> Callable[[str], str | None]:
    """A `Layout.left`: why tensors whose names start so are left; step counters always are."""

    def left(name: str) -> str | None:
        if name.endswith(COUNTER):
            return "counters of training steps"
        return next((why for start, why in reasons.items() if name.startswith(start)), None)

    return left
