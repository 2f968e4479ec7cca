"""Test-time flip: each picture is compared as it is and mirrored."""

from collections.abc import Iterator, Sequence

import numpy as np

from sbir_tf.errors import UserError
from sbir_tf.evaluation.checks import check_dimensions, check_length, checked_embeddings
from sbir_tf.evaluation.distances import Distances
from sbir_tf.evaluation.metrics import score_blocks
from sbir_tf.evaluation.rank import (
    KEPT_PLACES,
    MEMORY,
    Progress,
    rank_blocks,
    shown,
    unchanged,
)
from sbir_tf.evaluation.rankings import Rankings
from sbir_tf.evaluation.results import Result


def evaluate_flipped(
    query_embeddings: Sequence[np.ndarray],
    query_labels: Sequence,
    gallery_embeddings: Sequence[np.ndarray],
    gallery_labels: Sequence,
    ks: Sequence[int] = (10, 100, 200),
    convention: str = "exact",
    ties: str = "expected",
    block_bytes: int = MEMORY,
    progress: Progress = unchanged,
) -> Result:
    """`evaluate` by the smallest of the distances between each pair's originals and mirror images.

        d(q, g) = min(|q - g|^2, |q' - g|^2, |q - g'|^2, |q' - g'|^2),    ' is mirrored

    Args:
        query_embeddings: Of the pictures, and of the same pictures mirrored: two of `(Q, D)`.
        query_labels: `(Q,)`.
        gallery_embeddings: Two of `(G, D)`.
        gallery_labels: `(G,)`.
        ks: As for `evaluate`, and so are the rest.
        convention: A name of `CONVENTIONS`.
        ties: One of `TIES`.
        block_bytes: Memory for distances at a time.
        progress: Called with (blocks, description, their number).

    Returns:
        A `Result`.

    Raises:
        UserError: As `evaluate`, and embeddings whose shapes differ.

    Reference:
        Lu et al., ACM Multimedia 2021, section 4.1.
    """
    labels = (query_labels, gallery_labels)
    views = (query_embeddings, gallery_embeddings)
    blocks = smallest_blocks(*views, *labels, "euclidean", block_bytes, progress)
    return score_blocks(blocks, *labels, ks, convention, ties)


def rank_flipped(
    queries: Sequence[np.ndarray],
    query_labels: Sequence,
    gallery: Sequence[np.ndarray],
    gallery_labels: Sequence,
    *,
    distance: str = "euclidean",
    memory: int = MEMORY,
    kept: int = KEPT_PLACES,
    progress: Progress = unchanged,
    **names,
) -> Rankings:
    """`rank` by the smallest of the four distances; embeddings as for `evaluate_flipped`."""
    labels = (query_labels, gallery_labels)
    blocks = smallest_blocks(queries, gallery, *labels, distance, memory, progress)
    return rank_blocks(blocks, *labels, kept, **names)


def smallest_blocks(
    queries: Sequence[np.ndarray],
    gallery: Sequence[np.ndarray],
    query_labels: Sequence,
    gallery_labels: Sequence,
    distance: str,
    memory: int,
    progress: Progress,
) -> Iterator[np.ndarray]:
    """The smallest distances over all versions, of embeddings that are checked."""
    queries = _checked("query", queries, query_labels)
    gallery = _checked("gallery", gallery, gallery_labels)
    check_dimensions(queries[0], gallery[0])
    return shown(Distances(queries, gallery, distance), memory, progress)


def _checked(name: str, embeddings: Sequence[np.ndarray], labels: Sequence) -> list[np.ndarray]:
    checked = [checked_embeddings(f"{name}_embeddings", version) for version in embeddings]
    shapes = [version.shape for version in checked]
    if len(shapes) != 2 or shapes[0] != shapes[1]:
        raise UserError(
            f"`{name}_embeddings` must be two of one shape: as they are, and mirrored. "
            f"Received: {', '.join(map(str, shapes))}"
        )
    check_length(name, checked[0], labels)
    return checked
