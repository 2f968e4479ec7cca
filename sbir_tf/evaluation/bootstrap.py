"""How far a mean over queries may move with other queries: bootstrap intervals."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sbir_tf.errors import UserError

RESAMPLES = 10_000
CONFIDENCE = 0.95
_DRAWN = 1 << 20  # queries drawn at a time, which keeps the memory flat


@dataclass(frozen=True)
class Interval:
    """A mean over queries, and where it would lie for other queries.

    Attributes:
        mean: Over the queries that count.
        low, high: Ends of the percentile interval.
        queries: How many queries count: those whose value is not NaN.
    """

    mean: float
    low: float
    high: float
    queries: int


def bootstrap(
    values: np.ndarray,
    confidence: float = CONFIDENCE,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval:
    """The mean of a metric over queries, with its bootstrap interval.

    Queries are drawn with replacement, as many as there are, and averaged, `resamples` times; the
    interval holds the middle `confidence` of these means. It tells what other queries of the same
    classes would change: not another training, another gallery or other classes.

    Args:
        values: `(Q,)`, a metric of each query, as `Rankings.average_precision` gives it; NaN where
            a query has no relevant item and does not count.
        confidence: Share of the means inside the interval, between 0 and 1.
        resamples: How often the queries are drawn.
        seed: Of the draws; equal seeds give equal intervals.

    Returns:
        An `Interval`.

    Raises:
        UserError: If no query counts, or an argument is out of range.

    Reference:
        Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.
    """
    check_settings(confidence, resamples)
    kept = counted("values", values)
    tail = 50 * (1 - confidence)
    low, high = np.percentile(resampled_means(kept, resamples, seed), [tail, 100 - tail])
    return Interval(float(kept.mean()), float(low), float(high), len(kept))


def resampled_means(values: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """`(resamples,)`, means of as many values as there are, drawn with replacement."""
    generator = np.random.default_rng(seed)
    means = [
        values[generator.integers(len(values), size=(rows, len(values)))].mean(axis=1)
        for rows in portions(resamples, len(values))
    ]
    return np.concatenate(means)


def portions(rows: int, columns: int) -> Iterator[int]:
    """So many rows at a time that they hold `_DRAWN` numbers."""
    step = max(1, _DRAWN // columns)
    return (min(step, rows - start) for start in range(0, rows, step))


def counted(name: str, values: np.ndarray) -> np.ndarray:
    """The values that are not NaN."""
    values = np.asarray(values, np.float64)
    if values.ndim != 1:
        raise UserError(f"`{name}` must hold a number a query. Received: shape {values.shape}")
    kept = values[~np.isnan(values)]
    if not len(kept):
        raise UserError(f"`{name}` has no query that counts. Received: {len(values)} values")
    return kept


def check_settings(confidence: float, resamples: int) -> None:
    if not 0 < confidence < 1:
        raise UserError(
            f"`confidence` must be between 0 and 1. Received: confidence={confidence!r}"
        )
    if resamples < 1:
        raise UserError(f"`resamples` must be at least 1. Received: resamples={resamples!r}")
