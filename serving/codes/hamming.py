"""Exact ranking by Hamming distance: faiss counts the bits.

docs/codes.md shows it beside the NumPy ways that it beat, and why it is held to one thread. Of
codes at the k-th distance it keeps those at the lowest positions; the tests hold it to that.
"""

import numpy as np

from serving.errors import ServingError
from serving.index.exact import nearest
from serving.index.validate import check_k


def nearest_codes(
    queries: np.ndarray, gallery: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """Finds each query's k nearest codes.

    Args:
        queries: (Q, bytes) uint8.
        gallery: (n, bytes) uint8.
        k: from 1 to n.

    Returns:
        Positions (Q, k) int64 and distances (Q, k) int32, in bits, ascending; of equal distances
        the lower position first.

    Raises:
        ServingError: codes of different lengths or other types, k out of range.
    """
    import faiss

    queries, gallery = _checked("queries", queries), _checked("gallery", gallery)
    if queries.shape[1] != gallery.shape[1]:
        lengths = f"{8 * queries.shape[1]} and {8 * gallery.shape[1]} bits"
        raise ServingError(f"queries and gallery must be codes of one length. Received: {lengths}")
    k = check_k(k, len(gallery))
    faiss.omp_set_num_threads(1)
    index = faiss.IndexBinaryFlat(8 * gallery.shape[1])
    index.add(gallery)
    distances, positions = index.search(queries, k)
    return nearest(positions, distances, k)


def _checked(name: str, codes: np.ndarray) -> np.ndarray:
    codes = np.asarray(codes)
    if codes.ndim != 2 or codes.dtype != np.uint8 or not codes.shape[1]:
        got = f"dtype={codes.dtype}, shape={codes.shape}"
        raise ServingError(f"{name} must be packed codes, uint8 (n, bytes). Received: {got}")
    return np.ascontiguousarray(codes)
