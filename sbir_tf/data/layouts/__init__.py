"""Data sets that lie in folders: where their pictures are, what they show, how they are cut."""

from sbir_tf.data.layouts.layout import Item, Layout
from sbir_tf.data.layouts.listing import LAYOUTS, list_items
from sbir_tf.data.layouts.splits import SUPERVISED_NOTE, Split, supervised

__all__ = ["LAYOUTS", "SUPERVISED_NOTE", "Item", "Layout", "Split", "list_items", "supervised"]
