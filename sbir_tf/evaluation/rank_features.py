"""Rankings of a features file: by its distances or scores, or by a distance of its features."""

import math
from collections.abc import Iterator

import numpy as np

from sbir_tf.errors import UserError, nearest
from sbir_tf.evaluation.distances import DISTANCES
from sbir_tf.evaluation.features import Features
from sbir_tf.evaluation.rank import (
    MEMORY,
    Progress,
    rank,
    rank_distances,
    rank_scores,
    unchanged,
)
from sbir_tf.evaluation.rankings import Rankings
from sbir_tf.evaluation.spellings import DISTANCES as GIVEN_DISTANCES
from sbir_tf.evaluation.spellings import FEATURES

_AT_A_TIME = 1 << 22  # numbers


def rank_features(
    features: Features,
    distance: str | None = None,
    memory: int = MEMORY,
    progress: Progress = unchanged,
) -> tuple[Rankings, str]:
    """Ranks the gallery of a features file.

    Args:
        features: As `read_features` gives them.
        distance: "euclidean", "cosine" or "hamming"; None: Hamming where all features are bits
            (0 and 1, or -1 and 1), else Euclidean.
        memory: For distances at a time, bytes.
        progress: Called with (blocks, description, their number).

    Returns:
        The rankings, and by what they were ranked.

    Raises:
        UserError: If the distance is unknown, is not of the file, or no query label occurs in the
            gallery.
    """
    if distance is not None and distance not in DISTANCES:
        raise UserError(f"Unknown distance {distance!r}{nearest(distance, DISTANCES)}")
    labels = (features.query_labels, features.gallery_labels)
    names = {"class_names": features.class_names, "query_ids": features.query_ids}
    names["gallery_ids"] = features.gallery_ids
    if features.kind != FEATURES:
        return _rank_given(features, distance, labels, names, memory, progress)
    sides = [bits_of(side) for side in (features.queries, features.gallery)]
    are_bits = all(side is not None for side in sides)
    distance = distance or ("hamming" if are_bits else "euclidean")
    if distance != "hamming" or not are_bits:  # of other numbers `rank` refuses Hamming distances
        sides = [features.queries, features.gallery]
    ranked = rank(
        sides[0],
        labels[0],
        sides[1],
        labels[1],
        distance=distance,
        memory=memory,
        progress=progress,
        **names,
    )
    return ranked, distance


def _rank_given(features, distance, labels, names, memory: int, progress: Progress):
    """By the distances or scores that the file holds."""
    if distance is not None:
        raise UserError(
            f"The file holds {features.kind}, not features: leave the distance out. "
            f"Received: {distance!r}"
        )
    by = rank_distances if features.kind == GIVEN_DISTANCES else rank_scores
    rows = max(1, memory // (16 * features.matrix.shape[1]))
    blocks = progress(
        rows_of(features.matrix, rows), "Ranking", math.ceil(len(features.matrix) / rows)
    )
    return by(blocks, *labels, **names), features.kind


def rows_of(matrix: np.ndarray, rows: int) -> Iterator[np.ndarray]:
    return (matrix[start : start + rows] for start in range(0, len(matrix), rows))


def bits_of(features: np.ndarray) -> np.ndarray | None:
    """Features of 0 and 1, or of -1 and 1, as uint8 0 and 1; None of others."""
    low = features.min()
    if features.max() != 1 or low not in (0, -1):
        return None
    for part in rows_of(features, max(1, _AT_A_TIME // features.shape[1])):
        if ((part != low) & (part != 1)).any():
            return None
    return (features == 1).astype(np.uint8)
