"""Comparing with every vector: what small sets, binary codes and cosines of few vectors get."""

import numpy as np

from serving.index.exact import nearest_rows, nearest_units


class ExactSearcher:
    """Compares with every vector.

    Args:
        metric: "l2", "cosine" or "hamming".
        vectors: (n, D) float32, of length 1 for cosine; (n, bits / 8) uint8 for Hamming.
    """

    def __init__(self, metric: str, vectors: np.ndarray):
        self._metric = metric
        self._vectors = np.asarray(vectors)

    def search(self, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Finds each query's k nearest rows; see `Searcher`."""
        if self._metric == "cosine":
            return nearest_units(queries, self._vectors, k)
        return nearest_rows(self._metric, queries, self._vectors, k)
