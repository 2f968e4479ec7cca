"""The index that a gallery goes into: opened, or made when there is something to put in."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from serving.encoders.contract import Encoder
from serving.errors import ServingError
from serving.index import Index, Model, check_target, create_index, open_index
from serving.index.open import exists, is_far, shown
from serving.index.places import MODEL, PICTURES, locate, require_model

COMPLETE = "complete"  # a fact: whether all pictures of the folder are in
_ROWS, _SECONDS = 4096, 2.0


class Target:
    """An index that takes items in parts, each durable.

    Items wait until there are enough of them, or two seconds: that is what a kill can cost.

    Args:
        encoder: of the pictures; its index is refused another's.
        folder: the pictures.
        place: a folder or URL; made with the first items.

    Raises:
        ServingError: `place` is something else, of another encoder, or in use.
    """

    def __init__(self, encoder: Encoder, folder: Path, place: Path | str):
        self._encoder, self._folder, self._place = encoder, folder, place
        self._waiting: list[tuple[list[str], np.ndarray, list[dict[str, Any]]]] = []
        self._since, self._noted = time.monotonic(), False
        if not is_far(place):
            check_target(place)
        self._index = self._opened() if exists(place) else None

    @property
    def index(self) -> Index:
        """The index."""
        if self._index is None:
            encoder = self._encoder
            model = Model(encoder.name, encoder.digest, str(encoder.path or "") or None)
            self._index = create_index(self._place, "l2", encoder.dimension, model)
        return self._index

    def known(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Ids and metadata of what is in."""
        if self._index is not None:
            for ids, _, metadata in self._index.scan():
                yield from zip(ids, metadata, strict=True)

    def is_of(self, folder: Path) -> bool:
        """Whether all that is in the index was made of a folder of this name."""
        if self._index is None:
            return True
        noted = self._index.facts().get(PICTURES) or {}  # `info` would load what was added since
        return noted.get("absolute") == str(folder.resolve())

    def put(self, ids: list[str], rows: np.ndarray, metadata: list[dict[str, Any]]) -> None:
        """Adds items, or replaces those of the same ids; `flush` makes sure of them."""
        self._waiting.append((ids, rows, metadata))
        waiting = sum(len(batch[0]) for batch in self._waiting)
        if waiting >= _ROWS or time.monotonic() - self._since > _SECONDS:
            self.flush()

    def flush(self) -> None:
        """Puts what waits into the index: it is durable when this returns."""
        if self._waiting:
            if not self._noted:
                self._note()
            ids, rows, metadata = zip(*self._waiting, strict=True)
            every = list(chain(*ids)), np.concatenate(rows), list(chain(*metadata))
            self.index.add(*every, replace=True)
        self._waiting, self._since = [], time.monotonic()

    def retime(self, times: Callable[[Sequence[str]], Mapping[str, int]]) -> None:
        """Keeps other times of change of pictures that are in.

        Args:
            times: of some ids, those that are to be kept; the rest stay as they are.
        """
        for ids, vectors, metadata in self.index.scan():
            if found := times(ids):
                rows = [row for row, name in enumerate(ids) if name in found]
                names = [ids[row] for row in rows]
                new = [{**metadata[row], "modified": found[ids[row]]} for row in rows]
                self.put(names, vectors[rows], new)
        self.flush()

    def remove(self, ids: Sequence[str]) -> int:
        """Removes items."""
        return self.index.remove(ids) if ids else 0

    def finish(self) -> None:
        """Makes a generation of it all."""
        self.flush()
        self._note(complete=True)
        self.index.save()

    def close(self) -> None:
        """Lets go of the index."""
        if self._index is not None:
            self._index.close()

    def _opened(self) -> Index:
        index = open_index(self._place, writable=True)
        try:
            require_model(index, self._encoder)
            if index.metric != "l2":
                raise ServingError(f"{shown(self._place)}: its metric is {index.metric}, not l2")
        except BaseException:
            index.close()
            raise
        return index

    def _note(self, complete: bool = False) -> None:
        """Keeps what the index is of; another folder than before only when all of it is in."""
        facts: dict[str, Any] = {COMPLETE: complete}
        if complete or PICTURES not in self.index.facts():
            facts[PICTURES] = locate(self._folder, self._place)
        if self._encoder.path:
            facts[MODEL] = locate(self._encoder.path, self._place)
        self.index.note(facts)
        self._noted = True
