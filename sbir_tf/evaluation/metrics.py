"""Retrieval metrics, exact and tie-aware, in NumPy and in bounded memory.

What each metric is stands at the head of `conventions.py`; what ties do to it, at the head of
`ranked_hits.py`.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from sbir_tf.evaluation.checks import checked_blocks
from sbir_tf.evaluation.conventions import checked_ks, checked_names
from sbir_tf.evaluation.rank import (
    MEMORY,
    Progress,
    Sides,
    embedding_blocks,
    named,
    placed_blocks,
    unchanged,
)
from sbir_tf.evaluation.results import Result
from sbir_tf.evaluation.scoring import result_of, scores_of
from sbir_tf.evaluation.tied_groups import TiedGroups


def evaluate(
    query_embeddings: np.ndarray,
    query_labels: Sequence,
    gallery_embeddings: np.ndarray,
    gallery_labels: Sequence,
    ks: Sequence[int] = (10, 100, 200),
    convention: str = "exact",
    ties: str = "expected",
    block_bytes: int = MEMORY,
    progress: Progress = unchanged,
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
        ks: Where to cut the ranking for the metrics at k. Places behind the gallery's end
            hold nothing relevant, so that P@k cannot reach 1 when k > G.
        convention: A name of `CONVENTIONS`.
        ties: One of `TIES`: the expected value over all orders of tied items, the gallery's order,
            relevant items first, relevant items last, or all of a group at its last place.
        block_bytes: Memory for distances at a time. At least one query is ranked at a time.
        progress: Called with (blocks, description, their number), to show a progress bar.

    Returns:
        A `Result`.

    Raises:
        UserError: Lengths that differ, NaN or infinite embeddings, no gallery, no query with a
            relevant item, a k below 1, an unknown name, or relevant items that tie with others
            under an interpolated convention and `ties="expected"`, which has no closed form.
    """
    of_both = (query_embeddings, query_labels, gallery_embeddings, gallery_labels)
    blocks = embedding_blocks(*of_both, "euclidean", block_bytes, progress)
    return score_blocks(blocks, query_labels, gallery_labels, ks, convention, ties)


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
    return score_blocks(blocks, query_labels, gallery_labels, ks, convention, ties)


def score_blocks(
    blocks: Iterable[np.ndarray],
    query_labels: Sequence,
    gallery_labels: Sequence,
    ks: Sequence[int],
    convention: str,
    ties: str,
) -> Result:
    """Scores each block's rankings and forgets them, so that no more than scores add up.

    Arguments are those of `evaluate_distances`; the blocks are checked.
    """
    ks, rules = checked_ks(ks), checked_names(convention, ties)
    sides = Sides.of(query_labels, gallery_labels)
    scores = [
        scores_of(TiedGroups.of(placed).ordered(ties), ks, rules)
        for placed in placed_blocks(blocks, sides, kept=0, in_order=ties == "stable")
    ]
    labels, names = (sides.queries, sides.gallery), named(sides.names, ())
    return result_of(
        np.concatenate(scores), *labels, names, ks, rules, convention=convention, ties=ties
    )
