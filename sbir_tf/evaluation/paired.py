"""Whether one model beats another: both measured on the same queries, query by query."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sbir_tf.errors import UserError
from sbir_tf.evaluation.bootstrap import (
    CONFIDENCE,
    RESAMPLES,
    check_settings,
    counted,
    portions,
    resampled_means,
)
from sbir_tf.evaluation.rankings import Rankings

_ALL_SIGNS = 13  # queries up to which all 2^Q signs are tried
_ROUNDING = 1e-12  # sums that differ by less are equal


@dataclass(frozen=True)
class Paired:
    """The difference between two models, the first minus the second.

    Attributes:
        difference: Its mean over the queries that count in both.
        low, high: Ends of its bootstrap interval.
        p_value: Share of the sign assignments whose mean is at least as far from 0: small where
            the difference is unlikely to be chance. Two-sided.
        better, equal, worse: Queries in which the first is better, equal, worse.
        left_out: Queries that count in one of the two alone, or in neither.
    """

    difference: float
    low: float
    high: float
    p_value: float
    better: int
    equal: int
    worse: int
    left_out: int


def compare(
    first: np.ndarray,
    second: np.ndarray,
    confidence: float = CONFIDENCE,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Paired:
    """Compares two models by a metric of the same queries.

    The test asks how often a mean difference as large would come about if it were left to chance
    which of the two values of a query is whose: signs are given to the queries' differences at
    random (up to 13 queries: in every way). It assumes no distribution. The interval is that of
    `bootstrap`, of the differences. With several comparisons at once some will look significant
    by chance: multiply each p-value by their number.

    Args:
        first: `(Q,)`, a metric of each query, as `Rankings.average_precision` gives it.
        second: `(Q,)`, of the same queries in the same order.
        confidence: Of the interval, between 0 and 1.
        resamples: How many random signs, and how many draws for the interval.
        seed: Of both.

    Returns:
        A `Paired`.

    Raises:
        UserError: If the lengths differ, no query counts in both, or an argument is out of range.

    Reference:
        Smucker, Allan and Carterette, "A Comparison of Statistical Significance Tests for
        Information Retrieval Evaluation", CIKM 2007.
    """
    check_settings(confidence, resamples)
    first, second = (np.asarray(values, np.float64) for values in (first, second))
    if first.shape != second.shape:
        raise UserError(
            "two models are compared by the same queries. "
            f"Received: {len(first)} and {len(second)} values"
        )
    differences = counted("first - second", first - second)
    tail = 50 * (1 - confidence)
    means = resampled_means(differences, resamples, seed)
    low, high = np.percentile(means, [tail, 100 - tail])
    return Paired(
        float(differences.mean()),
        float(low),
        float(high),
        sign_test(differences, resamples, seed),
        better=int((differences > 0).sum()),
        equal=int((differences == 0).sum()),
        worse=int((differences < 0).sum()),
        left_out=len(first) - len(differences),
    )


def compare_rankings(
    first: Rankings,
    second: Rankings,
    k: int | None = None,
    convention: str = "exact",
    ties: str = "expected",
    **settings,
) -> Paired:
    """Compares two models' average precision; `settings` are those of `compare`.

    Raises:
        UserError: If the rankings are not of the same queries.
    """
    check_same_queries(first, second)
    values = (ranked.average_precision(k, convention, ties) for ranked in (first, second))
    return compare(*values, **settings)


def check_same_queries(first: Rankings, second: Rankings) -> None:
    """Refuse rankings of other queries: by their ids where both have them, else by their classes.

    Galleries may differ, as those of models that were trained on other photos do.
    """
    if first.query_ids and second.query_ids:
        what, sides = "ids", (first.query_ids, second.query_ids)
    else:
        what, sides = "classes", tuple(map(classes_of, (first, second)))
    if len(sides[0]) != len(sides[1]):
        raise UserError(
            "two models are compared by the same queries. "
            f"Received: {len(sides[0])} and {len(sides[1])} queries"
        )
    for row, (one, other) in enumerate(zip(*sides, strict=True)):
        if one != other:
            raise UserError(
                f"two models are compared by the same queries in the same order: the {what} of "
                f"query {row} differ. Received: {one!r} and {other!r}"
            )


def classes_of(rankings: Rankings) -> list[str]:
    """The class names of the queries; what the gallery lacks has none."""
    names = dict(enumerate(rankings.class_names))
    return [names.get(label, "none of the gallery's") for label in rankings.query_labels.tolist()]


def sign_test(differences: np.ndarray, resamples: int, seed: int) -> float:
    """The two-sided p-value: how often random signs give a sum as far from 0."""
    observed = abs(differences.sum())
    least = observed - _ROUNDING * np.abs(differences).sum()
    if len(differences) <= _ALL_SIGNS:
        places = np.arange(2 ** len(differences))[:, None] >> np.arange(len(differences))
        sums = (1 - 2.0 * (places & 1)) @ differences
        return float((np.abs(sums) >= least).mean())
    extreme = sum(
        int((np.abs(signs @ differences) >= least).sum())
        for signs in random_signs(len(differences), resamples, seed)
    )
    return (1 + extreme) / (1 + resamples)  # the signs that were observed are one of the ways


def random_signs(queries: int, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """`(some, queries)` of -1 and 1 at a time, `resamples` rows in all."""
    generator = np.random.default_rng([seed, 1])
    for rows in portions(resamples, queries):
        octets = np.frombuffer(generator.bytes(rows * -(-queries // 8)), np.uint8)
        bits = np.unpackbits(octets.reshape(rows, -1), axis=1, count=queries)
        yield 1 - 2 * bits.astype(np.float64)
