"""Data sets that lie in folders: where their pictures are, and what they show."""

from sbir_tf.data.layouts.classmap import ClassMap, read_class_map
from sbir_tf.data.layouts.known import LAYOUTS
from sbir_tf.data.layouts.layout import Item, Layout
from sbir_tf.data.layouts.listing import EXTENSIONS, Listing, list_folder, list_items
from sbir_tf.data.layouts.opening import open_folder
from sbir_tf.data.layouts.recognise import Place, locate

__all__ = [
    "EXTENSIONS",
    "LAYOUTS",
    "ClassMap",
    "Item",
    "Layout",
    "Listing",
    "Place",
    "list_folder",
    "list_items",
    "locate",
    "open_folder",
    "read_class_map",
]
