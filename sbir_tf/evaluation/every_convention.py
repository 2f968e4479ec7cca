"""One ranking under all definitions in use at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sbir_tf.evaluation.bootstrap import Interval, bootstrap
from sbir_tf.evaluation.conventions import CONVENTIONS, TIES, USED_BY, checked_ks
from sbir_tf.evaluation.rankings import Rankings

ANY = "any"  # of ties, where nothing ties


@dataclass(frozen=True)
class Line:
    """What one definition makes of a ranking.

    Attributes:
        convention, ties: Its names; ties are "any" where no hit ties with anything.
        used_by: Whose code measures so.
        map_all: The mean over the queries, with its bootstrap interval.
        map_at, precision_at: k -> the mean over the queries.
    """

    convention: str
    ties: str
    used_by: tuple[str, ...]
    map_all: Interval
    map_at: dict[int, float]
    precision_at: dict[int, float]


@dataclass(frozen=True)
class Shared:
    """The metrics that no convention changes, under one treatment of ties.

    Attributes:
        ties: Its name, or "any".
        mrr: The mean over the queries.
        hit_at, recall_at, ndcg_at: k -> the mean over the queries.
    """

    ties: str
    mrr: float
    hit_at: dict[int, float]
    recall_at: dict[int, float]
    ndcg_at: dict[int, float]


def every_convention(rankings: Rankings, ks: Sequence[int] = (10, 100, 200)) -> list[Line]:
    """AP and P@k by every convention and, where hits tie, every treatment of ties.

    Interpolated conventions have no expected value in closed form where hits tie with others:
    these lines are left out.

    Raises:
        UserError: If a k is below 1.
    """
    ks = checked_ks(ks)
    lines = []
    for ties in treatments(rankings):
        for convention, rules in CONVENTIONS.items():
            if not (rules.interpolated and ties == "expected" and rankings.groups.mixed):
                lines.append(line_of(rankings, convention, ties, ks))
    return sorted(lines, key=lambda line: list(CONVENTIONS).index(line.convention))


def line_of(rankings: Rankings, convention: str, ties: str, ks: tuple[int, ...]) -> Line:
    """One definition's line."""
    named = "stable" if ties == ANY else ties
    names = {"convention": convention, "ties": named}
    used_by = [USED_BY.get((convention, each), ()) for each in (TIES if ties == ANY else (ties,))]
    return Line(
        convention,
        ties,
        tuple(code for codes in used_by for code in codes),
        bootstrap(rankings.average_precision(**names)),
        {k: mean(rankings.average_precision(k, **names)) for k in ks},
        {k: mean(rankings.precision_at(k, **names)) for k in ks},
    )


def shared_metrics(rankings: Rankings, ks: Sequence[int] = (10, 100, 200)) -> list[Shared]:
    """The metrics that no convention changes, under every treatment of ties where hits tie."""
    ks = checked_ks(ks)
    return [
        Shared(
            ties,
            mean(rankings.reciprocal_rank(named)),
            {k: mean(rankings.hit_at(k, named)) for k in ks},
            {k: mean(rankings.recall_at(k, named)) for k in ks},
            {k: mean(rankings.ndcg_at(k, named)) for k in ks},
        )
        for ties in treatments(rankings)
        for named in ["stable" if ties == ANY else ties]
    ]


def treatments(rankings: Rankings) -> tuple[str, ...]:
    """The names of `TIES`, or "any" where no hit ties with anything."""
    return TIES if (rankings.sizes > 1).any() else (ANY,)


def mean(values: np.ndarray) -> float:
    """Over the queries that count."""
    return float(np.nanmean(values))
