"""Cosines: every vector at length 1, beside the vectors as they came."""

from pathlib import Path

import numpy as np

from serving.index.exact import unit
from serving.index.searchers.contract import Searcher

_FILE = "units.npy"
_ROWS = 65_536
_ROUNDING = 1e-6


class CosineSearcher:
    """Gives queries the length 1.

    Args:
        searcher: of vectors of length 1.
    """

    def __init__(self, searcher: Searcher):
        self._searcher = searcher

    def search(self, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Finds each query's k nearest rows; see `Searcher`."""
        return self._searcher.search(unit(queries), k)


def write_units(vectors: np.ndarray, folder: Path) -> np.ndarray:
    """Writes vectors at length 1; nothing where they have it already.

    Returns:
        (n, D) float32, mapped; a zero vector stays zero.
    """
    if _are_units(vectors):
        return vectors
    with (folder / _FILE).open("wb") as file:
        header = np.lib.format.header_data_from_array_1_0(vectors)
        np.lib.format.write_array_header_1_0(file, header)
        for start in range(0, len(vectors), _ROWS):
            file.write(memoryview(unit(vectors[start : start + _ROWS])).cast("B"))
    return units_of(vectors, folder)


def units_of(vectors: np.ndarray, folder: Path) -> np.ndarray:
    """What `write_units` wrote, or the vectors."""
    written = folder / _FILE
    if not written.exists():
        return vectors
    return np.load(written, mmap_mode="r", allow_pickle=False)


def _are_units(vectors: np.ndarray) -> bool:
    for start in range(0, len(vectors), _ROWS):
        some = vectors[start : start + _ROWS]
        if (abs(np.einsum("nd,nd->n", some, some, dtype=np.float64) - 1) > _ROUNDING).any():
            return False
    return True
