"""Data sets that lie in folders: where their pictures are, and what they show."""

from sbir_tf.data.layouts.classmap import ClassMap, read_class_map
from sbir_tf.data.layouts.known import LAYOUTS
from sbir_tf.data.layouts.layout import Item, Layout
from sbir_tf.data.layouts.listing import EXTENSIONS, READABLE, Listing, list_folder, list_items
from sbir_tf.data.layouts.recognise import Place, locate, recognise

__all__ = [
    "EXTENSIONS",
    "LAYOUTS",
    "READABLE",
    "ClassMap",
    "Item",
    "Layout",
    "Listing",
    "Place",
    "list_folder",
    "list_items",
    "locate",
    "read_class_map",
    "recognise",
]
