"""SE-ResNet and SE-ResNeXt as cadene named them, and timm's `legacy_se*` after him.

The authors' 2021 checkpoints follow these names too. What is known of them, and assumed here:
their gates' `fc2` takes one input more than `fc1` gives, the domain bit, as its last column, in
the first three stages and not in the fourth; behind the network stand a linear embedding of 512
and the class centres, under names of their own (see `heads.py`).
"""

import re
from collections.abc import Mapping, Sequence

import numpy as np

from sbir_tf.models.weights.layouts.layout import COUNTER, TORCH_NAMES, Layout, torch_name
from sbir_tf.models.weights.network import Weight

GATE = {
    "squeeze_kernel": "fc1.weight",
    "squeeze_bias": "fc1.bias",
    "excite_kernel": "fc2.weight",
    "excite_bias": "fc2.bias",
}


def sources(weights: Sequence[Weight], tensors: Mapping[str, np.ndarray]) -> dict[str, str]:
    found = {}
    for weight in weights:
        block = re.match(r"(layer\d_\d+)_(?:se|dase)$", weight.layer)
        if block and weight.name in GATE:
            found[weight.key] = f"{dotted(block[1])}.se_module.{GATE[weight.name]}"
        elif weight.layer.startswith("layer") and weight.name in TORCH_NAMES and not weight.of_gate:
            found[weight.key] = torch_name(dotted(weight.layer), weight)
    return found


def dotted(layer: str) -> str:
    return layer.replace("_", ".")


def left(name: str) -> str | None:
    if name.endswith(COUNTER):
        return "counters of training steps"
    if name.startswith("last_linear."):
        return "the classifier"
    return None if re.match(r"layer\d", name) else "not of the network"


LAYOUT = Layout("cadene's SE-ResNet, timm legacy_se*", "layer0.conv1.weight", sources, left)
