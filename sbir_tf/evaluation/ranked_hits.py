"""Where the hits of many queries stand, and what they score: exact also where items tie.

R, N and rank_i are those of `conventions.py`. When items tie, the order of the file would decide,
and galleries lie sorted by class. The default is the expected value over all orders of the tied
items, all equally likely. Take a tied group that begins behind s items, r of them relevant, and
holds n items, m of them relevant:

    its j-th place is relevant with probability           m / n
    and then, of the j - 1 places before it, it expects   (j - 1) (m - 1) / (n - 1)   relevant ones
    so the place adds to the sum of i / rank_i            m/n (r + 1 + (j-1)(m-1)/(n-1)) / (s + j)

which is linear, so that a cut at k merely ends the sum there; with n = m = 1 it is the plain
definition. Over the first L places of the group it sums, with H = 1/(s + 1) + ... + 1/(s + L), to

    m/n ((r + 1) H + (m-1)/(n-1) (L - (s + 1) H))

so that no group is ever gone through place by place. Whether places above the cut hold no hit is
hypergeometric. A ranking by chance is one tied group of the whole gallery (s = r = 0, n = N,
m = R), hence with the harmonic number H_N = 1 + 1/2 + ... + 1/N

    E[AP of a random order] = (H_N + (R - 1) (N - H_N) / (N - 1)) / N

Reference:
    McSherry and Najork, "Computing Information Retrieval Performance Measures Efficiently in the
    Presence of Tied Scores", ECIR 2008.
"""

import numpy as np

from sbir_tf.errors import UserError
from sbir_tf.evaluation.conventions import Convention
from sbir_tf.evaluation.harmonic import harmonic_sum
from sbir_tf.evaluation.tied_draws import (
    chance_of_a_hit,
    expected_over_retrieved,
    reciprocal_of_first,
)


class RankedHits:
    """Where the relevant items of Q queries stand, as groups of tied places.

    Only groups that hold a relevant item are kept, which is all that any metric here needs. Every
    metric is `(Q,)` float64, NaN for a query without a relevant item.

    Args:
        offsets: `(Q + 1,)`, query q has the groups `offsets[q]` to `offsets[q + 1]`.
        start: `(groups,)`, how many items stand before each group.
        size: How many items the group has.
        hits: How many of them are relevant, at least one.
        before: How many relevant items count as standing before it; None counts them.
    """

    def __init__(
        self,
        offsets: np.ndarray,
        start: np.ndarray,
        size: np.ndarray,
        hits: np.ndarray,
        before: np.ndarray | None = None,
    ) -> None:
        self.kept = np.diff(offsets) > 0
        self.first = offsets[:-1][self.kept]
        self.last = offsets[1:][self.kept]
        self.query = np.repeat(np.arange(len(self.first)), self.last - self.first)
        self.start, self.size, self.hits = (part.astype(np.int64) for part in (start, size, hits))
        self.relevant = self._sums(self.hits)
        if before is None:
            counted = np.cumsum(self.hits) - self.hits
            before = counted - counted[self.first][self.query]
        self.before = before

    def average_precision(self, k: int | None, rules: Convention) -> np.ndarray:
        """AP over the first k places, or over all of them."""
        if rules.interpolated:
            return self._of_all(self._interpolated(k) / self._at_most(k))
        if rules.ap_over_retrieved and k is not None:
            return self._of_all(self._over_retrieved(k))
        return self._of_all(self._sums(self._gains(self._above(k))) / self._at_most(k))

    def precision(self, k: int, rules: Convention) -> np.ndarray:
        """P@k."""
        return self._of_all(
            self._found(k) / (self._at_most(k) if rules.precision_over_relevant else k)
        )

    def recall(self, k: int) -> np.ndarray:
        """R@k."""
        return self._of_all(self._found(k) / self.relevant)

    def hit(self, k: int) -> np.ndarray:
        """hit@k: certain once the first group is whole, hypergeometric where the cut divides it."""
        above = self._above(k)[self.first]
        groups = np.stack([self.size[self.first], self.hits[self.first], above], axis=1)
        return self._of_all(_of_distinct(chance_of_a_hit, groups))

    def ndcg(self, k: int) -> np.ndarray:
        """nDCG@k: a hit at rank r gains 1 / log2(r + 1), over what the best order gains."""
        longest = min(k, int((self.start + self.size).max(initial=1)))
        gains = np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(2, longest + 2)))])
        first = np.minimum(self.start, longest)
        gained = self.hits / self.size * (gains[first + self._above(k)] - gains[first])
        return self._of_all(self._sums(gained) / gains[np.minimum(self.relevant, longest)])

    def reciprocal_rank(self) -> np.ndarray:
        """1 / rank of the first hit."""
        groups = (part[self.first] for part in (self.start, self.size, self.hits))
        return self._of_all(_of_distinct(reciprocal_of_first, np.stack(list(groups), axis=1)))

    def precision_where(self, levels: np.ndarray) -> np.ndarray:
        """`(Q, levels)`, the precision of the first place at which a recall is reached.

        Under ties a recall is reached where it is expected to be. At recall 0 stands the
        precision of the first place.
        """
        wanted = np.maximum(np.ceil(levels * self.relevant[:, None] - 1e-9), 1)
        ends = np.cumsum(self.hits)
        earlier = (ends[self.first] - self.hits[self.first])[:, None]
        group = np.searchsorted(ends, earlier + wanted)
        share = self.hits[group] / self.size[group]
        inside = np.ceil((wanted - self.before[group]) / share - 1e-9)
        inside = np.clip(inside, 1, self.size[group])
        precision = (self.before[group] + inside * share) / (self.start[group] + inside)
        precision[:, levels <= 0] = self._found(1)[:, None]
        table = np.full((len(self.kept), len(levels)), np.nan)
        table[self.kept] = precision
        return table

    def _above(self, k: int | None) -> np.ndarray:
        """How many places of each group are above the cut."""
        return self.size if k is None else np.clip(k - self.start, 0, self.size)

    def _at_most(self, k: int | None) -> np.ndarray:
        return self.relevant if k is None else np.minimum(k, self.relevant)

    def _gains(self, above: np.ndarray) -> np.ndarray:
        """What the first places of each group add to the sum of i / rank_i; see the head."""
        shares = harmonic_sum(self.start, above)
        later = above - (self.start + 1) * shares
        later *= (self.hits - 1) / np.maximum(self.size - 1, 1)
        return self.hits / self.size * ((self.before + 1) * shares + later)

    def _found(self, k: int) -> np.ndarray:
        return self._sums(self.hits / self.size * self._above(k))

    def _over_retrieved(self, k: int) -> np.ndarray:
        """AP@k over the hits in the top k: under ties both are random, and not independent."""
        above = self._above(k)
        sums, found = self._sums(self._gains(above)), self._found(k)
        values = np.divide(sums, found, out=np.zeros_like(sums), where=found > 0)
        for group in np.flatnonzero((above > 0) & (above < self.size) & (self.hits < self.size)):
            query = self.query[group]
            earlier = slice(self.first[query], group)
            values[query] = expected_over_retrieved(
                *(int(part[group]) for part in (self.start, self.size, self.hits, above)),
                found=int(self.hits[earlier].sum()),
                gain=float(self._part(earlier)._gains(self.size[earlier]).sum()),
            )
        return values

    def _interpolated(self, k: int | None) -> np.ndarray:
        if (self.hits < self.size).any():
            raise UserError(
                "the interpolated AP (`voc`, `zse`) has no closed form where relevant items tie "
                "with others. Choose ties='stable', 'grouped', 'optimistic' or 'pessimistic'. "
                "Received: ties='expected'"
            )
        inside = count_up(self.hits)
        ranks = np.repeat(self.start, self.hits) + inside + 1
        precision = (np.repeat(self.before, self.hits) + inside + 1) / ranks
        ends = np.cumsum(self.relevant)
        sums = np.empty(len(ends))
        for query, (first, last) in enumerate(zip(ends - self.relevant, ends, strict=True)):
            if k is not None:
                last = first + np.searchsorted(ranks[first:last], k, side="right")
            sums[query] = np.maximum.accumulate(precision[first:last][::-1]).sum()
        return sums

    def _part(self, groups: slice) -> "RankedHits":
        """Some groups of one query."""
        parts = (part[groups] for part in (self.start, self.size, self.hits, self.before))
        return RankedHits(np.array([0, groups.stop - groups.start]), *parts)

    def _sums(self, values: np.ndarray) -> np.ndarray:
        """Over each query's groups."""
        return np.add.reduceat(values, self.first) if len(self.first) else values[:0]

    def _of_all(self, values: np.ndarray) -> np.ndarray:
        every = np.full(len(self.kept), np.nan)
        every[self.kept] = values
        return every


def count_up(sizes: np.ndarray) -> np.ndarray:
    """[2, 3] -> [0, 1, 0, 1, 2]."""
    return np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)


def _of_distinct(function, groups: np.ndarray) -> np.ndarray:
    """A function of each row's numbers, called once for equal rows."""
    distinct, inverse = np.unique(groups, axis=0, return_inverse=True)
    return np.array([function(*row) for row in distinct.tolist()])[inverse.reshape(-1)]
