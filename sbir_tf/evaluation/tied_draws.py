"""Chances inside one tied group of n items, m of them hits, that stand in a random order."""

import numpy as np

_NEGLIGIBLE = 50.0  # e^-50 is below every rounding


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


def chance_of_a_hit(size: int, hits: int, drawn: int) -> float:
    """That `drawn` of the items hold one: 1 - C(n - m, L) / C(n, L), which is symmetric in L, m."""
    if drawn > size - hits:
        return 1.0
    fewer, more = sorted((hits, drawn))
    places = np.arange(fewer)
    return 1.0 - float(np.prod((size - more - places) / (size - places)))


def reciprocal_of_first(start: int, size: int, hits: int) -> float:
    """The expected 1 / rank of the group's first hit, behind `start` items.

    It is the group's j-th item with p(1) = m / n, p(j + 1) = p(j) (n - m - j + 1) / (n - j), which
    falls faster than (1 - m / n)^j.
    """
    terms = min(size - hits, int(_NEGLIGIBLE * size / hits) + 1)
    j = np.arange(1, terms + 1, dtype=float)
    ratios = np.concatenate([[hits / size], (size - hits - j + 1) / (size - j)])
    return float((np.cumprod(ratios) / (start + 1 + np.arange(terms + 1))).sum())


def expected_over_retrieved(
    start: int, size: int, hits: int, above: int, found: int, gain: float
) -> float:
    """The expected AP over the hits retrieved, where the cut leaves `above` of the items.

    Given that h of the m hits are above the cut, they lie anywhere on its L places: a tied group
    of L places and h hits. The expectation is over h, which is hypergeometric.

    Args:
        start: How many items stand before the group.
        size, hits: Of the group.
        above: How many of its places are above the cut, L.
        found: How many hits stand before the group.
        gain: What these add to the sum of i / rank_i.
    """
    drawn, probability = hypergeometric(size, hits, above)
    places = np.arange(above)
    share = 1 / (start + 1 + places)
    first, later = share.sum(), (places * share).sum() / max(above - 1, 1)
    gains = gain + drawn / above * ((found + 1) * first + (drawn - 1) * later)
    return float((probability * gains / np.maximum(found + drawn, 1)).sum())
