"""Where the hits of one query stand, and what they score: exact also where items tie.

R, N and rank_i are those of `conventions.py`. When items tie, the order of the file would decide,
and galleries lie sorted by class. The default is the expected value over all orders of the tied
items, all equally likely. Take a tied group that begins behind s items, r of them relevant, and
holds n items, m of them relevant:

    its j-th place is relevant with probability           m / n
    and then, of the j - 1 places before it, it expects   (j - 1) (m - 1) / (n - 1)   relevant ones
    so the place adds to the sum of i / rank_i            m/n (r + 1 + (j-1)(m-1)/(n-1)) / (s + j)

which is linear, so that a cut at k merely ends the sum there; with n = m = 1 it is the plain
definition. Whether the L = k - s places above the cut hold no hit is hypergeometric. A ranking by
chance is one tied group of the whole gallery (s = r = 0, n = N, m = R), hence with the harmonic
number H_N = 1 + 1/2 + ... + 1/N

    E[AP of a random order] = (H_N + (R - 1) (N - H_N) / (N - 1)) / N

Reference:
    McSherry and Najork, "Computing Information Retrieval Performance Measures Efficiently in the
    Presence of Tied Scores", ECIR 2008.
"""

import numpy as np

from sbir_tf.errors import UserError
from sbir_tf.evaluation.conventions import Convention
from sbir_tf.evaluation.tied_groups import tied_groups


class RankedHits:
    """Where one query's relevant items stand in its ranking, as groups of tied places.

    Only groups that hold a relevant item are kept, which is all that any metric here needs.

    Args:
        start: `(groups,)`, how many items stand before each group.
        size: How many items the group has.
        hits: How many of them are relevant, at least one.
    """

    def __init__(self, start: np.ndarray, size: np.ndarray, hits: np.ndarray) -> None:
        self.start, self.size, self.hits = start, size, hits
        self.before = np.cumsum(hits) - hits
        self.relevant = int(hits.sum())
        # One entry per place of a group: its rank, its probability of being relevant, and what
        # it adds to the sum of i / rank_i (see the head of this module).
        inside = _count_up(size)
        self.ranks = np.repeat(start, size) + inside + 1
        self.probabilities = np.repeat(hits / size, size)
        slope = (hits - 1) / np.maximum(size - 1, 1)
        earlier = np.repeat(self.before, size) + inside * np.repeat(slope, size)
        self.gains = self.probabilities * (earlier + 1) / self.ranks

    @classmethod
    def from_distances(
        cls, relevant: np.ndarray, distances: np.ndarray, ties: str = "expected"
    ) -> "RankedHits":
        """Ranks one query's gallery; `distances` are float64, 0 or more."""
        if ties == "stable":
            order = np.argsort(distances, kind="stable")
            return cls._untied(np.flatnonzero(relevant[order]))
        start, size, hits = tied_groups(relevant, distances)
        if ties == "optimistic":
            return cls._untied(np.repeat(start, hits) + _count_up(hits))
        if ties == "pessimistic":
            return cls._untied(np.repeat(start + size - hits, hits) + _count_up(hits))
        return cls(start, size, hits)

    @classmethod
    def _untied(cls, start: np.ndarray) -> "RankedHits":
        return cls(start, np.ones_like(start), np.ones_like(start))

    def average_precision(self, k: int | None, rules: Convention) -> float:
        """AP over the first k places, or over all of them."""
        if k is None:
            k = int(self.start[-1] + self.size[-1])
        if rules.interpolated:
            return self._interpolated(k) / min(k, self.relevant)
        if rules.ap_over_retrieved:
            return self._over_retrieved(k)
        return float(self.gains[: self._places(k)].sum()) / min(k, self.relevant)

    def precision(self, k: int, rules: Convention) -> float:
        """P@k."""
        found = float(self.probabilities[: self._places(k)].sum())
        return found / (min(k, self.relevant) if rules.precision_over_relevant else k)

    def hit(self, k: int) -> float:
        """hit@k: certain once the first group is whole, hypergeometric where the cut divides it."""
        above = k - int(self.start[0])
        if above <= 0:
            return 0.0
        if above >= self.size[0]:
            return 1.0
        drawn, probability = hypergeometric(int(self.size[0]), int(self.hits[0]), above)
        return 1.0 - float(probability[0]) if drawn[0] == 0 else 1.0

    def _places(self, k: int) -> int:
        return int(np.searchsorted(self.ranks, k, side="right"))

    def _interpolated(self, k: int) -> float:
        if (self.hits < self.size).any():
            raise UserError(
                "the interpolated AP (`voc`, `zse`) has no closed form where relevant items tie "
                "with others. Choose ties='stable', 'optimistic' or 'pessimistic'. "
                "Received: ties='expected'"
            )
        ranks = self.ranks[: self._places(k)]
        precision = np.arange(1, len(ranks) + 1) / ranks
        return float(np.maximum.accumulate(precision[::-1]).sum())

    def _over_retrieved(self, k: int) -> float:
        """AP@k over the hits in the top k: under ties both are random, and not independent.

        Given that h of the m hits are above the cut, they lie anywhere on its L places: a tied
        group of L places and h hits. The expectation is over h, which is hypergeometric.
        """
        whole = int(np.searchsorted(self.start + self.size, k, side="right"))
        found = int(self.hits[:whole].sum())
        gain = float(self.gains[: int(self.size[:whole].sum())].sum())
        above = k - int(self.start[whole]) if whole < len(self.start) else 0
        if above <= 0:
            return gain / found if found else 0.0
        drawn, probability = hypergeometric(int(self.size[whole]), int(self.hits[whole]), above)
        places = np.arange(above)
        share = 1 / (self.start[whole] + 1 + places)
        first, later = share.sum(), (places * share).sum() / max(above - 1, 1)
        gains = gain + drawn / above * ((found + 1) * first + (drawn - 1) * later)
        return float((probability * gains / np.maximum(found + drawn, 1)).sum())


def hypergeometric(size: int, hits: int, drawn: int) -> tuple[np.ndarray, np.ndarray]:
    """How many hits are among `drawn` of `size` items: the possible counts, their probabilities.

    From the ratio of neighbours, p(h + 1) / p(h) = (m - h)(L - h) / ((h + 1)(n - m - L + h + 1)),
    summed as logarithms: the binomials themselves overflow.
    """
    counts = np.arange(max(0, drawn - (size - hits)), min(hits, drawn) + 1)
    h = counts[:-1].astype(float)
    ratios = (hits - h) * (drawn - h) / ((h + 1) * (size - hits - drawn + h + 1))
    logs = np.concatenate([[0.0], np.cumsum(np.log(ratios))])
    weights = np.exp(logs - logs.max())
    return counts, weights / weights.sum()


def _count_up(sizes: np.ndarray) -> np.ndarray:
    """[2, 3] -> [0, 1, 0, 1, 2]."""
    return np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
