"""What was added since the generation, in memory: searched exactly, block by block.

A block of vectors is never moved: items are added behind its last one, where those who search an
earlier state do not look, and taking some out makes a new block. So a search needs no lock.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from serving.index.exact import nearest_rows
from serving.index.stored.items import Items

_ROWS = 8192


@dataclass(frozen=True)
class Block:
    """Some of the vectors.

    Args:
        rows: (capacity,) int64, of `Delta.items`.
        vectors: (capacity, width) of the index's type.
        count: how many of them count.
    """

    rows: np.ndarray
    vectors: np.ndarray
    count: int


@dataclass(frozen=True)
class State:
    """The blocks at one moment."""

    blocks: tuple[Block, ...] = ()

    def __len__(self) -> int:
        return sum(block.count for block in self.blocks)


class Delta:
    """Items that were added since the generation; only one thread at a time may change it.

    Args:
        width: of a vector, in values.
        dtype: float32, or uint8 for codes.
    """

    def __init__(self, width: int, dtype: np.dtype):
        self.items = Items.in_memory()
        self.names: list[str] = []
        self.places: dict[str, int] = {}  # of those that are there now
        self._width, self._dtype = width, dtype

    def add(
        self, state: State, ids: Sequence[str], vectors: np.ndarray, metadata: Sequence[str]
    ) -> State:
        """The state with items added; their ids must not be in it any more."""
        first = len(self.names)
        self.names += ids
        self.items.insert(first, ids, metadata)
        self.places.update(zip(ids, range(first, first + len(ids)), strict=True))
        rows, blocks = np.arange(first, first + len(ids)), list(state.blocks)
        while len(rows):
            if not blocks or blocks[-1].count == _ROWS:
                blocks.append(self._block())
            last = blocks[-1]
            taken = min(len(rows), _ROWS - last.count)
            place = slice(last.count, last.count + taken)
            last.rows[place], last.vectors[place] = rows[:taken], vectors[:taken]
            blocks[-1] = replace(last, count=place.stop)
            rows, vectors = rows[taken:], vectors[taken:]
        return State(tuple(blocks))

    def without(self, state: State, ids: Iterable[str]) -> State:
        """The state without those of the ids that are in it."""
        rows = [row for name in ids if (row := self.places.get(name)) is not None]
        if not rows:
            return state
        blocks = (self._without(block, rows) for block in state.blocks)
        return State(tuple(block for block in blocks if block.count))

    def forget(self, ids: Iterable[str]) -> None:
        """Finds some ids no more; last of all, so that `places` never lacks one that is there."""
        for name in ids:
            self.places.pop(name, None)

    def _without(self, block: Block, rows: list[int]) -> Block:
        kept = ~np.isin(block.rows[: block.count], rows)
        if kept.all():
            return block
        smaller, count = self._block(), int(kept.sum())
        smaller.rows[:count] = block.rows[: block.count][kept]
        smaller.vectors[:count] = block.vectors[: block.count][kept]
        return replace(smaller, count=count)

    def _block(self) -> Block:
        vectors = np.empty((_ROWS, self._width), self._dtype)
        return Block(np.empty(_ROWS, np.int64), vectors, 0)


def search_delta(
    state: State, metric: str, queries: np.ndarray, k: int, allowed: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Finds each query's k nearest, exactly.

    Args:
        state: where.
        metric: of the index.
        queries: checked.
        k: how many at most.
        allowed: rows of `Delta.items` to look at, or `None` for all.

    Returns:
        Rows (B, <= k) int64 and distances (B, <= k) float32; not in order.
    """
    rows, distances = [np.empty((len(queries), 0), np.int64)], [np.empty((len(queries), 0), "f")]
    for block in state.blocks:
        numbers, vectors = block.rows[: block.count], block.vectors[: block.count]
        if allowed is not None:
            chosen = np.isin(numbers, allowed)
            numbers, vectors = numbers[chosen], vectors[chosen]
        if len(numbers):
            places, far = nearest_rows(metric, queries, vectors, min(k, len(numbers)))
            rows.append(numbers[places])
            distances.append(far)
    return np.concatenate(rows, axis=1), np.concatenate(distances, axis=1)
