"""EfficientNet-Lite as timm names it: `tf_efficientnet_lite0` and its larger sisters.

timm's `efficientnet_lite0` without `tf_` has the same names and shapes, but was trained with
padding on both sides and another batch-norm epsilon: it loads, and computes something else.
"""

import re
from collections.abc import Mapping, Sequence

import numpy as np

from sbir_tf.models.weights.layouts.efficientnet_lite import in_block
from sbir_tf.models.weights.layouts.layout import Layout, left_of, torch_name
from sbir_tf.models.weights.network import Weight

WHOLE = {"stem": "conv_stem", "stem_bn": "bn1", "head": "conv_head", "head_bn": "bn2"}
EXPANDED = {
    "expand": "conv_pw",
    "expand_bn": "bn1",
    "depthwise": "conv_dw",
    "depthwise_bn": "bn2",
    "project": "conv_pwl",
    "project_bn": "bn3",
}
# The first block has no expansion, and other names for what follows it.
PLAIN = {"depthwise": "conv_dw", "depthwise_bn": "bn1", "project": "conv_pw", "project_bn": "bn2"}


def sources(weights: Sequence[Weight], tensors: Mapping[str, np.ndarray]) -> dict[str, str]:
    places = blocks(tensors)
    found = {}
    for weight in weights:
        block, part = in_block(weight.layer)
        if weight.layer in WHOLE:
            found[weight.key] = torch_name(WHOLE[weight.layer], weight)
        elif part in EXPANDED:
            # A block that the file lacks gets a name all the same: it is missed under it.
            place = places[block] if block < len(places) else f"blocks.{block}"
            names = EXPANDED if f"{place}.conv_pwl.weight" in tensors else PLAIN
            name = names.get(part, EXPANDED[part])
            found[weight.key] = torch_name(f"{place}.{name}", weight)
    return found


def blocks(tensors: Mapping[str, np.ndarray]) -> list[str]:
    """`blocks.<stage>.<repeat>` of all blocks, in the order of the network."""
    found = {match[0] for name in tensors if (match := re.match(r"blocks\.\d+\.\d+", name))}
    return sorted(found, key=lambda name: [int(part) for part in name.split(".")[1:]])


LAYOUT = Layout(
    "timm's EfficientNet-Lite",
    "conv_stem.weight",
    sources,
    left_of(classifier="the classifier"),
)
