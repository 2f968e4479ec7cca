"""The headline table: every metric of every row, with its interval; the paired tests."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sbir_tf.errors import UserError
from sbir_tf.evaluation import Rankings
from sbir_tf.evaluation.bootstrap import Interval, bootstrap
from sbir_tf.evaluation.paired import Paired, compare_rankings
from sbir_tf.report.reading import Evaluation


@dataclass(frozen=True)
class Column:
    """One row of an evaluation, as a column of the table.

    Attributes:
        title: Which evaluation, which row.
        cost: Bytes of a gallery item, None if that is not known.
        values: Metric -> its interval.
    """

    title: str
    cost: int | None
    values: dict[str, Interval]


@dataclass(frozen=True)
class Test:
    """Two columns, compared query by query; `failure` says why they cannot be."""

    first: str
    second: str
    paired: Paired | None
    failure: str = ""


def columns(evaluations: Sequence[Evaluation]) -> list[Column]:
    """One for each row of each evaluation, all by the conventions of the first."""
    several = len(evaluations) > 1
    return [
        Column(
            f"{each.title}: {row['name']}" if several else row["name"],
            row["bytes"],
            intervals(each, each.rankings[row["name"]], evaluations[0].settings),
        )
        for each in evaluations
        for row in each.rows
    ]


def intervals(
    evaluation: Evaluation, rankings: Rankings, settings: dict[str, str]
) -> dict[str, Interval]:
    """Metric -> mean over the queries, with its interval."""
    values = per_query(rankings, evaluation.facts["settings"]["ks"], **settings)
    return {name: bootstrap(each) for name, each in named(evaluation, values).items()}


def named(evaluation: Evaluation, values: dict) -> dict:
    """Where labels are instances, hit@k is what papers call Acc@k."""
    if not evaluation.facts["protocol"]["instances"]:
        return values
    return {name.replace("hit@", "Acc@"): value for name, value in values.items()}


def per_query(
    rankings: Rankings, ks: Sequence[int], convention: str, ties: str
) -> dict[str, np.ndarray]:
    """Metric -> (Q,), NaN where a query has no relevant item."""
    values = {"mAP@all": rankings.average_precision(None, convention, ties)}
    for k in ks:
        values[f"mAP@{k}"] = rankings.average_precision(k, convention, ties)
        values[f"P@{k}"] = rankings.precision_at(k, convention, ties)
        values[f"R@{k}"] = rankings.recall_at(k, ties)
        values[f"hit@{k}"] = rankings.hit_at(k, ties)
        values[f"nDCG@{k}"] = rankings.ndcg_at(k, ties)
    return values | {"MRR": rankings.reciprocal_rank(ties)}


def chance(evaluation: Evaluation) -> dict[str, float | None]:
    """Metric -> what a random order of the gallery scores."""
    values = evaluation.rows[0]["metrics"]["chance"]
    found = {"mAP@all": values["map_all"], "MRR": values.get("mrr")}
    names = {"map_at": "mAP", "precision_at": "P", "recall_at": "R", "hit_at": "hit"}
    for key, name in (names | {"ndcg_at": "nDCG"}).items():
        found |= {f"{name}@{k}": value for k, value in values.get(key, {}).items()}
    return named(evaluation, found)


def paired_tests(evaluations: Sequence[Evaluation]) -> list[Test]:
    """The first evaluation against each other one, by AP@all of their first rows."""
    first, *others = evaluations
    return [tested(first, other) for other in others]


def tested(first: Evaluation, second: Evaluation) -> Test:
    try:
        paired = compare_rankings(first.ranked, second.ranked, **first.settings)
    except UserError as error:
        return Test(first.title, second.title, None, str(error))
    return Test(first.title, second.title, paired)
