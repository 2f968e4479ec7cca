"""A generation, open for reading: vectors and ids mapped, metadata in SQLite, a searcher."""

import os
import weakref
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from pathlib import Path

import numpy as np

from serving.errors import ServingError
from serving.index import searchers
from serving.index.searchers.allowed import Selections
from serving.index.stored.items import FILE, Items
from serving.index.stored.layout import CURE, generation_folder, read_current
from serving.index.stored.lock import hold
from serving.index.stored.manifest import Manifest, read_manifest
from serving.index.stored.names import Names
from serving.index.stored.sqlite_errors import damaged, passes, told
from serving.index.stored.verify import Verification

VECTORS, SEARCHER = "vectors.npy", "searcher"


class Generation:
    """One generation of an index; it is not removed while it is open.

    Args:
        folder: the index.
        number: of the generation.
        whole: verify every byte before anything is read, not the largest files beside.

    Raises:
        FileNotFoundError: it has just been removed.
        ServingError: names the file that is missing or damaged.
    """

    def __init__(self, folder: Path, number: int, whole: bool = False):
        self._index, self.folder = folder, generation_folder(folder, number)
        # Last to go, when nobody refers to this any more: a search may still be running.
        self._close = weakref.finalize(self, os.close, hold(self.folder))
        self.manifest: Manifest = read_manifest(self.folder, folder)
        self.verification = Verification(folder, self.folder, self.manifest.files, whole)
        with self._named():
            self._map()

    @cached_property
    def searcher(self) -> searchers.Searcher:
        """Of the vectors, at least one; loaded when it is first asked for."""
        place, manifest = self.folder / SEARCHER, self.manifest
        with self._named():
            return searchers.load(place, self.vectors, manifest.metric, manifest.searcher)

    def __len__(self) -> int:
        return self.manifest.items

    def let_go(self) -> None:
        """Lets it be removed."""
        self._close()

    def _map(self) -> None:
        self.vectors = np.load(self.folder / VECTORS, mmap_mode="r", allow_pickle=False)
        self.names = Names(self.folder)
        with self.telling():
            self.items = Items.open(self.folder)
        weakref.finalize(self, self.items.connection.close)
        self.selections = Selections(self.items.connection, self.manifest.items)
        width, dtype = row_of(self.manifest.metric, self.manifest.dimension)
        expected = (self.manifest.items, width)
        if self.vectors.shape != expected or self.vectors.dtype != dtype:
            raise ServingError(f"{self._index}: {VECTORS} is not what the manifest says. {CURE}")

    def telling(self) -> AbstractContextManager[None]:
        """Says of SQLite's errors that they concern the table: it may be verified only beside."""
        return told(self._index, self._table)

    @cached_property
    def _table(self) -> str:
        return f"{self._place}/{FILE}"

    @property
    def _place(self) -> str:
        return f"{self.folder.parent.name}/{self.folder.name}"

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as error:
            trouble = isinstance(error, OSError) and passes(error, self.folder)
            if trouble or isinstance(error, ServingError):
                raise
            raise damaged(self._index, self._place, str(error)) from error


def open_current(folder: Path, whole: bool = False) -> Generation:
    """Opens the generation that counts, though it may change meanwhile."""
    while True:
        number = read_current(folder)
        try:
            return Generation(folder, number, whole)
        except FileNotFoundError as error:
            # A writer may have switched, and removed the one that counted before.
            if read_current(folder) == number:
                gone = f"generations/{number:08d} is missing"
                raise ServingError(f"{folder}: {gone}. {CURE}") from error


def row_of(metric: str, dimension: int) -> tuple[int, np.dtype]:
    """How many values a vector has on the disk, and of which type."""
    if metric == "hamming":
        return dimension // 8, np.dtype(np.uint8)
    return dimension, np.dtype(np.float32)
