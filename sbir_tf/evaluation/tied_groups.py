"""Groups of equal distances that hold a hit, of many queries, put in order as ties are treated."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sbir_tf.evaluation.placing import Placed
from sbir_tf.evaluation.ranked_hits import RankedHits, count_up


@dataclass(frozen=True, eq=False)
class TiedGroups:
    """Where the hits of Q queries stand.

    Attributes:
        offsets: `(Q + 1,)` int64: query q has the groups `offsets[q]` to `offsets[q + 1]`.
        starts: `(groups,)` int32, how many items stand before each group.
        sizes: `(groups,)` int32, how many items the group has.
        hits: `(groups,)` int32, how many of them are relevant, at least one.
        places: The 0-based place of every hit where equal distances keep the gallery's order,
            ascending, one query behind the other; empty where it is `starts`.
    """

    offsets: np.ndarray
    starts: np.ndarray
    sizes: np.ndarray
    hits: np.ndarray
    places: np.ndarray

    @classmethod
    def of(cls, placed: Sequence[Placed]) -> "TiedGroups":
        """Of queries that were placed one by one."""
        counts = [len(one.starts) for one in placed]
        parts = [
            np.concatenate([getattr(one, name) for one in placed])
            for name in ("starts", "sizes", "hits", "places")
        ]
        if np.array_equal(parts[0], parts[3]):
            parts[3] = parts[3][:0]
        return cls(np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]), *parts)

    @property
    def relevant(self) -> np.ndarray:
        """`(Q,)`, how many relevant items each query has."""
        return np.diff(self._hits_before())

    @property
    def mixed(self) -> bool:
        """Whether relevant items tie with others anywhere, so that the treatment of ties counts."""
        return bool((self.hits < self.sizes).any())

    def ordered(self, ties: str) -> RankedHits:
        """The hits' places by a name of `TIES`."""
        if ties == "expected":
            return RankedHits(self.offsets, self.starts, self.sizes, self.hits)
        if ties == "stable":
            return self._single(self.places if len(self.places) else self.starts)
        inside, starts = count_up(self.hits), np.repeat(self.starts, self.hits)
        if ties == "optimistic":
            return self._single(starts + inside)
        if ties == "pessimistic":
            return self._single(starts + np.repeat(self.sizes - self.hits, self.hits) + inside)
        # "grouped": all hits of a group stand at its last place, each with all of them behind it.
        ends = starts + np.repeat(self.sizes, self.hits) - 1
        return self._single(ends, np.arange(len(ends)) - inside + np.repeat(self.hits, self.hits))

    def _single(self, places: np.ndarray, counted: np.ndarray | None = None) -> RankedHits:
        """Hits that tie with nothing; `counted`, over all queries, are those up to each."""
        offsets, ones = self._hits_before(), np.ones(len(places), np.int64)
        if counted is not None:
            counted = counted - 1 - np.repeat(offsets[:-1], np.diff(offsets))
        return RankedHits(offsets, places, ones, ones, counted)

    def _hits_before(self) -> np.ndarray:
        return np.concatenate([[0], np.cumsum(self.hits, dtype=np.int64)])[self.offsets]
