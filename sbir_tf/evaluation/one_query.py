"""The metrics of one ranking, for whoever has a single query."""

from collections.abc import Sequence

import numpy as np

from sbir_tf.errors import UserError
from sbir_tf.evaluation.conventions import checked_k, checked_names
from sbir_tf.evaluation.messages import first_few
from sbir_tf.evaluation.placing import Placer
from sbir_tf.evaluation.ranked_hits import RankedHits
from sbir_tf.evaluation.tied_groups import TiedGroups


def average_precision(
    relevant: Sequence[bool],
    distances: Sequence[float],
    k: int | None = None,
    convention: str = "exact",
    ties: str = "expected",
) -> float:
    """Average precision of one ranking, over its whole length or its first k places.

    Args:
        relevant: `(G,)`, whether each item is relevant; at least one is.
        distances: `(G,)`, any numbers; smaller is nearer.
        k: Where the ranking is cut, or None.
        convention: A name of `CONVENTIONS`.
        ties: One of `TIES`.

    Returns:
        A number from 0 to 1.

    Raises:
        UserError: As for `evaluate`.
    """
    rules = checked_names(convention, ties)
    hits = _one_query(relevant, distances, ties)
    return float(hits.average_precision(None if k is None else checked_k(k), rules)[0])


def precision_at(
    relevant: Sequence[bool],
    distances: Sequence[float],
    k: int,
    convention: str = "exact",
    ties: str = "expected",
) -> float:
    """Precision of the first k places of one ranking; arguments as for `average_precision`."""
    rules = checked_names(convention, ties)
    return float(_one_query(relevant, distances, ties).precision(checked_k(k), rules)[0])


def hit_at(
    relevant: Sequence[bool], distances: Sequence[float], k: int, ties: str = "expected"
) -> float:
    """Whether (under ties: how probably) the first k places of one ranking hold a relevant item."""
    return float(_one_query(relevant, distances, ties).hit(checked_k(k))[0])


def recall_at(
    relevant: Sequence[bool], distances: Sequence[float], k: int, ties: str = "expected"
) -> float:
    """Share of the relevant items that stand in the first k places of one ranking."""
    return float(_one_query(relevant, distances, ties).recall(checked_k(k))[0])


def ndcg_at(
    relevant: Sequence[bool], distances: Sequence[float], k: int, ties: str = "expected"
) -> float:
    """Normalised discounted cumulative gain of the first k places, of relevance 0 and 1."""
    return float(_one_query(relevant, distances, ties).ndcg(checked_k(k))[0])


def reciprocal_rank(
    relevant: Sequence[bool], distances: Sequence[float], ties: str = "expected"
) -> float:
    """1 / rank of the first relevant item of one ranking."""
    return float(_one_query(relevant, distances, ties).reciprocal_rank()[0])


def _one_query(relevant: Sequence[bool], distances: Sequence[float], ties: str) -> RankedHits:
    checked_names("exact", ties)
    relevant, distances = np.asarray(relevant, bool), np.asarray(distances, np.float64)
    if relevant.ndim != 1 or relevant.shape != distances.shape:
        raise UserError(
            "`relevant` and `distances` must be lists of the same length. "
            f"Received: shapes {relevant.shape} and {distances.shape}"
        )
    if np.isnan(distances).any():
        raise UserError(f"`distances` is NaN at {first_few(np.flatnonzero(np.isnan(distances)))}")
    if not relevant.any():
        raise UserError("`relevant` has no relevant item: the average precision is not defined")
    places = np.unique(distances, return_inverse=True)[1]
    one = Placer(len(places), kept=0).place(places.astype(np.float64), np.flatnonzero(relevant))
    return TiedGroups.of([one]).ordered(ties)
