"""The index in a folder on this machine."""

from serving.index.stored.check import check_stored
from serving.index.stored.create import create_stored
from serving.index.stored.index import StoredIndex
from serving.index.stored.layout import check_target

__all__ = ["StoredIndex", "check_stored", "check_target", "create_stored", "open_stored"]

open_stored = StoredIndex
