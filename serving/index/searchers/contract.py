"""What every searcher does."""

from typing import Protocol

import numpy as np


class Searcher(Protocol):
    """A way to search the vectors of a generation.

    It knows rows, not ids, and neither removals nor filters.
    """

    def search(self, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Finds each query's nearest rows.

        Args:
            queries: (B, D) float32, or (B, bits / 8) uint8 for Hamming; checked, B >= 1.
            k: from 1 to n.

        Returns:
            Rows (B, k) int64 and distances (B, k) float32, ascending: never padding, and the
            distances exact.
        """
        ...
