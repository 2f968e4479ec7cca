"""Where the hits of one query stand, found without sorting its gallery.

Sorting a gallery of 200,000 takes ten times as long as all the rest of an evaluation. Only the
places of the hits are asked for, and the first few of all. So the distances are counted in many
equal intervals, and only those intervals in which a hit lies are sorted.
"""

from dataclasses import dataclass

import numpy as np

_WIDEST = 1 << 16  # whole distances, from the smallest on, that are counted one by one
_EACH = 2  # items to an interval, if they were evenly spread
_POOL = 4  # times as many candidates as places: fewer are sorted, more are thinned out first


@dataclass(frozen=True, eq=False)
class Placed:
    """One query's part of `Rankings`, whose attributes these are."""

    top: np.ndarray
    top_distances: np.ndarray
    starts: np.ndarray
    sizes: np.ndarray
    hits: np.ndarray
    places: np.ndarray


class Placer:
    """Ranks one query's gallery after the other, each thread with its own.

    The arrays as long as the gallery are kept: the system takes longer to clear new memory of that
    size than the processor takes to fill it.

    Args:
        items: Of the gallery.
        kept: How many of the first places are wanted.
        in_order: Whether the hits' places by the gallery's order are wanted where distances are
            whole numbers; of others they cost nothing.
    """

    def __init__(self, items: int, kept: int, in_order: bool = True) -> None:
        self.kept, self.in_order = min(kept, items), in_order
        self.parts = np.empty(items)
        self.intervals = np.empty(items, np.int64)
        self.is_hit = np.zeros(items, bool)
        self.ends = np.empty(items // _EACH + 3, np.int64)

    def place(self, distances: np.ndarray, relevant: np.ndarray) -> Placed:
        """One query's ranking.

        Args:
            distances: `(N,)`, int32 or float64, smaller is nearer.
            relevant: The rows of the relevant items, ascending.
        """
        self.is_hit[relevant] = True
        if _few_whole_numbers(distances):
            np.subtract(distances, distances.min(), out=self.intervals)
            groups_of = self._of_whole
        else:
            self._set_intervals(distances, relevant)
            groups_of = self._of_floats
        counts = np.bincount(self.intervals)
        fits = len(counts) <= len(self.ends)
        ends = np.cumsum(counts, out=self.ends[: len(counts)] if fits else None)
        groups = groups_of(distances, relevant, counts, ends)
        self.is_hit[relevant] = False
        top = self._nearest(distances, ends)
        groups = (part.astype(np.int32) for part in groups)
        return Placed(top.astype(np.int32), distances[top].astype(np.float32), *groups)

    def _set_intervals(self, distances: np.ndarray, relevant: np.ndarray) -> None:
        """The interval that each distance lies in.

        Distances in different intervals differ as the intervals do; equal ones are in one: 0 below
        the hits' distances, 1 and more among them, the last one above. Where there are no such
        intervals all are in one, and sorted.
        """
        ours = distances[relevant]
        low, high = (float(ours.min()), float(ours.max())) if len(ours) else (0.0, np.inf)
        count = len(distances) // _EACH + 1
        with np.errstate(all="ignore"):
            scale = np.float64(count) / (high - low)
            if low == high:
                np.add(distances >= low, distances > low, out=self.intervals, dtype=np.int64)
            elif 0 < scale < np.inf:
                parts = np.subtract(distances, low, out=self.parts)
                parts *= scale
                parts += 1
                self.intervals[:] = np.clip(parts, 0, count + 1, out=parts)
            else:
                self.intervals[:] = 0

    def _of_whole(self, distances, relevant, counts, ends) -> tuple[np.ndarray, ...]:
        """Starts, sizes, hits and places where each interval is one distance."""
        hits = np.bincount(self.intervals[relevant], minlength=len(counts))
        group = np.flatnonzero(hits)
        starts, sizes, hits = ends[group] - counts[group], counts[group], hits[group]
        if not self.in_order:
            return starts, sizes, hits, starts[:0]
        # Numbers as short as these are sorted by radix.
        order = np.argsort(self.intervals.astype(np.uint16), kind="stable")
        return starts, sizes, hits, np.flatnonzero(self.is_hit[order])

    def _of_floats(self, distances, relevant, counts, ends) -> tuple[np.ndarray, ...]:
        """Starts, sizes, hits and places, by sorting the intervals in which a hit lies."""
        if not len(relevant):
            return (relevant,) * 4
        asked = np.zeros(len(counts), bool)
        asked[self.intervals[relevant]] = True
        rows = np.flatnonzero(asked.take(self.intervals))
        rows = rows[np.argsort(distances[rows], kind="stable")]
        asked = np.flatnonzero(asked)
        sorted_ = counts[asked]
        left_out = ends[asked] - np.cumsum(sorted_)  # before each of these intervals
        place = np.arange(len(rows)) + np.repeat(left_out, sorted_)
        values, hit = distances[rows], self.is_hit[rows]
        first = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]]))
        sizes = np.diff(np.concatenate([first, [len(rows)]]))
        hits = np.add.reduceat(hit, first, dtype=np.int64)
        some = hits > 0
        return place[first[some]], sizes[some], hits[some], place[hit]

    def _nearest(self, distances: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """The rows of the nearest items, in order; equally near ones in the gallery's order."""
        if self.kept == 0:
            return np.empty(0, np.int64)
        rows = np.flatnonzero(self.intervals <= np.searchsorted(ends, self.kept))
        pool = distances[rows]
        if len(pool) > _POOL * self.kept:
            near = np.flatnonzero(pool <= np.partition(pool, self.kept - 1)[self.kept - 1])
            rows, pool = rows[near], pool[near]
        return rows[np.argsort(pool, kind="stable")[: self.kept]]


def _few_whole_numbers(distances: np.ndarray) -> bool:
    if distances.dtype.kind != "i":
        return False
    return int(distances.max()) - int(distances.min()) < _WIDEST
