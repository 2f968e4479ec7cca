"""Whose names the tensors of a file bear: one file for each layout that is known."""

from collections.abc import Iterable

from sbir_tf.models.weights.layouts import (
    alexnet,
    cadene,
    efficientnet_lite,
    keras_names,
    timm_efficientnet,
)
from sbir_tf.models.weights.layouts.layout import Layout

TORCH_LAYOUTS = (
    cadene.LAYOUT,
    efficientnet_lite.LAYOUT,
    timm_efficientnet.LAYOUT,
    alexnet.LAYOUT,
)
KERAS = keras_names.LAYOUT

__all__ = ["KERAS", "TORCH_LAYOUTS", "Layout", "recognise"]


def recognise(names: Iterable[str]) -> list[tuple[Layout, str]]:
    """The layouts that a file's names follow, each with what stands before its names.

    That may be anything: `module.` of a network trained in parallel, `state_dict.` of a
    checkpoint that holds more, or both.
    """
    names = list(names)
    if any("/" in name for name in names):
        return [(KERAS, "")]
    return [
        (layout, name.removesuffix(layout.anchor))
        for layout in TORCH_LAYOUTS
        for name in names
        if name == layout.anchor or name.endswith(f".{layout.anchor}")
    ]
