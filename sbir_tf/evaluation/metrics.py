"""Retrieval metrics, exact and tie-aware, in NumPy and in bounded memory.

What each metric is stands at the head of `conventions.py`; what ties do to it, at the head of
`ranked_hits.py`.
"""

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from sbir_tf.errors import UserError
from sbir_tf.evaluation.distances import (
    check_length,
    checked_blocks,
    checked_embeddings,
    distance_blocks,
)
from sbir_tf.evaluation.results import Result
from sbir_tf.evaluation.scoring import score_rankings


def unchanged(iterable: Iterable, description: str, total: int) -> Iterable:
    return iterable


def evaluate(
    query_embeddings: np.ndarray,
    query_labels: Sequence,
    gallery_embeddings: np.ndarray,
    gallery_labels: Sequence,
    ks: Sequence[int] = (10, 100, 200),
    convention: str = "exact",
    ties: str = "expected",
    block_bytes: int = 256 << 20,
    progress: Callable[[Iterable, str, int], Iterable] = unchanged,
) -> Result:
    """Ranks the gallery for each query by Euclidean distance and scores the rankings.

    An item is relevant when its label equals the query's. Squared distances are computed in
    float64, a block of queries at a time. Gallery rows that are equal, value for value, share one
    computed distance and so tie exactly (a matrix product may round two equal columns differently,
    and would order them by their place in the file). Distances that are whole numbers below 2**53,
    as those of codes of 0 and 1 are, also tie exactly. Distances that are equal in theory, but
    rounded apart, do not.

    Args:
        query_embeddings: `(Q, D)`, any real type.
        query_labels: `(Q,)`, whole numbers or text.
        gallery_embeddings: `(G, D)`.
        gallery_labels: `(G,)`.
        ks: Where to cut the ranking for mAP@k, P@k and hit@k. Places behind the gallery's end
            hold nothing relevant, so that P@k cannot reach 1 when k > G.
        convention: A name of `CONVENTIONS`.
        ties: One of `TIES`: the expected value over all orders of tied items, the gallery's order,
            relevant items first, or relevant items last.
        block_bytes: Memory for distances at a time. At least one query is ranked at a time.
        progress: Called with (blocks, description, their number), to show a progress bar.

    Returns:
        A `Result`.

    Raises:
        UserError: Lengths that differ, NaN or infinite embeddings, no gallery, no query with a
            relevant item, a k below 1, an unknown name, or relevant items that tie with others
            under an interpolated convention and `ties="expected"`, which has no closed form.
    """
    queries = checked_embeddings("query_embeddings", query_embeddings)
    gallery = checked_embeddings("gallery_embeddings", gallery_embeddings)
    if queries.shape[1] != gallery.shape[1]:
        raise UserError(
            "query and gallery embeddings must have the same dimension. "
            f"Received: {queries.shape[1]} and {gallery.shape[1]}"
        )
    check_length("query", queries, query_labels)
    check_length("gallery", gallery, gallery_labels)
    rows = max(1, block_bytes // (16 * len(gallery)))
    blocks = distance_blocks(queries, gallery, rows)
    blocks = progress(blocks, "Ranking", math.ceil(len(queries) / rows))
    return score_rankings(blocks, query_labels, gallery_labels, ks, convention, ties)


def evaluate_distances(
    blocks: Iterable[np.ndarray],
    query_labels: Sequence,
    gallery_labels: Sequence,
    ks: Sequence[int] = (10, 100, 200),
    convention: str = "exact",
    ties: str = "expected",
) -> Result:
    """Scores rankings by any distance: `evaluate` without its own distances.

    Args:
        blocks: Distances, `(some queries, G)` at a time, in the order of the queries; none below
            0, smaller is nearer.
        query_labels: `(Q,)`, whole numbers or text.
        gallery_labels: `(G,)`.
        ks: As for `evaluate`.
        convention: As for `evaluate`.
        ties: As for `evaluate`.

    Returns:
        A `Result`.

    Raises:
        UserError: As `evaluate`, and distances that are negative, infinite or NaN, or whose shape
            does not fit the labels.
    """
    blocks = checked_blocks(blocks, len(query_labels), len(gallery_labels))
    return score_rankings(blocks, query_labels, gallery_labels, ks, convention, ties)
