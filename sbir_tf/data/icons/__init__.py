"""The bundled data set: line icons as sketches, colour icons as pictures, as vectors."""

from sbir_tf.data.icons.archive import Icon, archive_digest, class_names, load_icons
from sbir_tf.data.icons.drawn import hand_drawings
from sbir_tf.data.icons.dropping import drop_strokes
from sbir_tf.data.icons.hand import Hand
from sbir_tf.data.icons.render import render, render_all, svg
from sbir_tf.data.icons.splits import Split, styles, zero_shot
from sbir_tf.data.icons.tree import write_tree

__all__ = [
    "Hand",
    "Icon",
    "Split",
    "archive_digest",
    "class_names",
    "drop_strokes",
    "hand_drawings",
    "load_icons",
    "render",
    "render_all",
    "styles",
    "svg",
    "write_tree",
    "zero_shot",
]
