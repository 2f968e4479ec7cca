"""What a search sees: a generation without what was removed, and what was added since.

A view never changes. A change makes another one, so a search runs on its own to the end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from serving.index.filters import check_where, matching, require_fields
from serving.index.searchers.allowed import Allowed, Mask
from serving.index.searchers.filtered import search_allowed
from serving.index.stored.delta import Delta, State, search_delta
from serving.index.stored.generation import Generation, row_of
from serving.index.stored.journal import Change


@dataclass(frozen=True)
class View:
    """One state of an index.

    Args:
        generation: the vectors that have a searcher.
        kept: (n,) bool, which of its rows are there still; `None` for all.
        delta: what was added since, by name; `state` says which of it counts.
        state: the part of `delta` that is there.
        seen: the number of the last change that this contains.
    """

    generation: Generation
    kept: np.ndarray | None
    delta: Delta
    state: State
    seen: int

    @classmethod
    def of(cls, generation: Generation) -> "View":
        """A generation without changes."""
        width, dtype = row_of(generation.manifest.metric, generation.manifest.dimension)
        return cls(generation, None, Delta(width, dtype), State(), generation.manifest.folded)

    @property
    def removed(self) -> int:
        """How many of the generation's items are gone."""
        return 0 if self.kept is None else int(len(self.kept) - np.count_nonzero(self.kept))

    def __len__(self) -> int:
        return len(self.generation) - self.removed + len(self.state)

    def after(self, changes: Sequence[Change]) -> "View":
        """The state after some changes."""
        if not changes:
            return self
        last = {change.id: change for change in changes}
        with self.generation.telling():
            rows = list(self.generation.items.rows_of(list(last)).values())
        state = self.delta.without(self.state, last)
        if added := [change for change in last.values() if change.vector is not None]:
            data = b"".join(change.vector for change in added)
            vectors = np.frombuffer(data, self.generation.vectors.dtype).reshape(len(added), -1)
            ids, texts = [change.id for change in added], [change.metadata for change in added]
            state = self.delta.add(state, ids, vectors, texts)
        self.delta.forget(name for name, change in last.items() if change.vector is None)
        return replace(self, kept=self._without(rows), state=state, seen=changes[-1].seq)

    def _without(self, rows: list[int]) -> np.ndarray | None:
        if not rows:
            return self.kept
        kept = np.ones(len(self.generation), bool) if self.kept is None else self.kept.copy()
        kept[rows] = False
        return kept

    def search(
        self, queries: np.ndarray, k: int, where: Mapping[str, Any] | None
    ) -> tuple[list[list[str]], list[np.ndarray]]:
        """Finds each query's k nearest items; see `Index.search`."""
        where = None if where is None else check_where(where)
        with self.generation.telling():
            found = self._search(queries, k, where)
            if where and not any(found[0]):
                tables = [self.generation.items.connection, self.delta.items.connection]
                require_fields(tables, where)
        return found

    def _search(
        self, queries: np.ndarray, k: int, where: Mapping[str, Any] | None
    ) -> tuple[list[list[str]], list[np.ndarray]]:
        rows, near = self._search_generation(queries, k, self._allowed(where))
        if not self.state.blocks:
            return self.generation.names.of(rows), list(near)
        new = None if where is None else matching(self.delta.items.connection, where)
        metric = self.generation.manifest.metric
        others, far = search_delta(self.state, metric, queries, k, new)
        return self._merge(rows, near, others, far, k)

    def _search_generation(
        self, queries: np.ndarray, k: int, allowed: Allowed | None
    ) -> tuple[np.ndarray, np.ndarray]:
        generation = self.generation
        if not len(generation):
            return np.empty((len(queries), 0), np.int64), np.empty((len(queries), 0), np.float32)
        if allowed is None:
            return generation.searcher.search(queries, min(k, len(generation)))
        k = min(k, len(generation))
        vectors, metric = generation.vectors, generation.manifest.metric
        return search_allowed(generation.searcher, vectors, metric, queries, k, allowed)

    def _allowed(self, where: Mapping[str, Any] | None) -> Allowed | None:
        """Which rows of the generation may be found; `None` for all."""
        if where is not None:
            return self.generation.selections.by(where, self.kept)
        return None if self.kept is None else Mask(self.kept)

    def _merge(
        self, rows: np.ndarray, near: np.ndarray, others: np.ndarray, far: np.ndarray, k: int
    ) -> tuple[list[list[str]], list[np.ndarray]]:
        distances = np.concatenate([near, far], axis=1)
        order = np.argsort(distances, axis=1, kind="stable")[:, :k]
        ids = []
        for places, old, new in zip(order, self.generation.names.of(rows), others, strict=True):
            names = old + [self.delta.names[row] for row in new]
            ids.append([names[place] for place in places])
        return ids, list(np.take_along_axis(distances, order, 1))

    def get(self, ids: Sequence[str]) -> list[dict[str, Any] | None]:
        """The metadata of items; see `Index.get`."""
        new = {name: row for name in ids if (row := self.delta.places.get(name)) is not None}
        with self.generation.telling():
            old = self.generation.items.rows_of([name for name in ids if name not in new])
            old = {name: row for name, row in old.items() if self.kept is None or self.kept[row]}
            kept = self.generation.items.metadata_of(list(old.values()))
        added = self.delta.items.metadata_of(list(new.values()))
        found = {name: added[row] for name, row in new.items()}
        found |= {name: kept[row] for name, row in old.items()}
        return [found.get(name) for name in ids]
