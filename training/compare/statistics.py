"""How sure a difference between two ways of training is."""

import numpy as np

RESAMPLES = 10_000
CONFIDENCE = 0.95


def paired_difference(scores: np.ndarray, reference: np.ndarray) -> tuple[float, float, float]:
    """Mean difference over the same queries, with its bootstrap interval.

    Each query's scores are averaged over the seeds first; queries are then drawn with
    replacement. The interval tells what other queries would change, not other seeds: the
    table prints the seeds' range beside it.

    Args:
        scores: (seeds, queries).
        reference: (seeds, queries) of the same queries.

    Returns:
        The mean difference, and the lower and the upper end of the 95% percentile interval.

    Reference:
        Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.
    """
    differences = scores.mean(axis=0) - reference.mean(axis=0)
    generator = np.random.default_rng(0)
    means = np.empty(RESAMPLES)
    for start in range(0, RESAMPLES, 500):  # 500 draws at a time keep the memory flat
        drawn = generator.integers(len(differences), size=(500, len(differences)))
        means[start : start + 500] = differences[drawn].mean(axis=1)
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(means, [tail, 100 - tail])
    return float(differences.mean()), float(low), float(high)
