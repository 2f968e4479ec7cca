"""Test-time flip: each picture is compared as it is and mirrored."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from sbir_tf.errors import UserError
from sbir_tf.evaluation.distances import check_length, checked_embeddings, distance_blocks
from sbir_tf.evaluation.metrics import unchanged
from sbir_tf.evaluation.results import Result
from sbir_tf.evaluation.scoring import score_rankings


def evaluate_flipped(
    query_embeddings: Sequence[np.ndarray],
    query_labels: Sequence,
    gallery_embeddings: Sequence[np.ndarray],
    gallery_labels: Sequence,
    ks: Sequence[int] = (10, 100, 200),
    convention: str = "exact",
    ties: str = "expected",
    block_bytes: int = 256 << 20,
    progress: Callable[[Iterable, str, int], Iterable] = unchanged,
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
    queries = _checked("query", query_embeddings, query_labels)
    gallery = _checked("gallery", gallery_embeddings, gallery_labels)
    if queries[0].shape[1] != gallery[0].shape[1]:
        raise UserError(
            "query and gallery embeddings must have the same dimension. "
            f"Received: {queries[0].shape[1]} and {gallery[0].shape[1]}"
        )
    rows = max(1, block_bytes // (64 * len(gallery[0])))
    blocks = smallest_blocks(queries, gallery, rows)
    blocks = progress(blocks, "Ranking", math.ceil(len(queries[0]) / rows))
    return score_rankings(blocks, query_labels, gallery_labels, ks, convention, ties)


def smallest_blocks(
    queries: Sequence[np.ndarray], gallery: Sequence[np.ndarray], rows: int
) -> Iterator[np.ndarray]:
    """The smallest squared distances over all versions, `rows` queries at a time."""
    versions = [distance_blocks(query, item, rows) for query in queries for item in gallery]
    for blocks in zip(*versions, strict=True):
        smallest = blocks[0]
        for block in blocks[1:]:
            np.minimum(smallest, block, out=smallest)
        yield smallest


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
