"""Squared Euclidean distances in NumPy: the truth that ScaNN's answers are put in order by."""

import numpy as np

_BLOCK = 2**22  # floats in flight: 16 MB


def distances_at(queries: np.ndarray, vectors: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Squared distances from each query to its own list of vectors.

    Args:
        queries: (Q, D) float32.
        vectors: (n, D) float32, possibly memory-mapped.
        positions: (Q, k) rows of `vectors`.

    Returns:
        (Q, k) float32, as sums of squared differences (no cancellation).
    """
    result = np.empty(positions.shape, np.float32)
    step = max(1, _BLOCK // max(1, positions.shape[1] * queries.shape[1]))
    for start in range(0, len(queries), step):
        block = slice(start, start + step)
        difference = vectors[positions[block]] - queries[block, None]
        result[block] = np.einsum("qkd,qkd->qk", difference, difference)
    return result


def exact_positions(query: np.ndarray, vectors: np.ndarray, k: int) -> np.ndarray:
    """The k nearest rows of one query, ascending; of equal distances the lower row first."""
    distances = np.empty(len(vectors), np.float32)
    step = max(1, _BLOCK // vectors.shape[1])
    for start in range(0, len(vectors), step):
        difference = vectors[start : start + step] - query
        distances[start : start + step] = np.einsum("nd,nd->n", difference, difference)
    return np.argsort(distances, kind="stable")[:k]


def nearest(positions: np.ndarray, distances: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k best of each row, ascending; of equal distances the lower position first."""
    order = np.lexsort((positions, distances), axis=1)[:, :k]
    return np.take_along_axis(positions, order, 1), np.take_along_axis(distances, order, 1)
