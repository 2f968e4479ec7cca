"""Exact search: the truth that approximate searches are put in order by.

faiss compares. What its defaults would bring, and what is done about it:

- From 20 queries on it multiplies matrices, and the digits of vectors far from zero cancel: it is
  given the vectors about a point among them, and the best are put in order by true differences.
- One query uses one core. Rows are split among threads instead, each of which keeps to itself:
  faiss's own wait for each other where cores are busy, and then take longer than one does.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np

_PRODUCT_FROM = 20  # queries, where faiss multiplies matrices
_SPARE = 16  # candidates beside k, for digits that cancelled
_BLOCK = 2**22  # floats that are shifted or gathered at a time: 16 MB
_LEAST_SHARE = 2**21  # floats that are worth a thread: 8 MB, a quarter of a millisecond

Found = tuple[np.ndarray, np.ndarray]  # rows (B, k) int64 and distances (B, k) float32


def nearest_rows(metric: str, queries: np.ndarray, vectors: np.ndarray, k: int) -> Found:
    """Each query's k nearest rows of an array, exactly, by any metric.

    Args:
        metric: "l2", "cosine" or "hamming".
        queries: (B, D) float32, or (B, bits / 8) uint8 for Hamming; checked.
        vectors: (n, D) or (n, bits / 8), likewise; may be mapped.
        k: from 1 to n.

    Returns:
        Rows (B, k) int64 and distances (B, k) float32, ascending; of equal distances the lower
        row first.
    """
    vectors = np.asarray(vectors)  # a mapped array's own type slows every slice
    if metric == "cosine":
        return nearest_units(unit(queries), unit(vectors), k)
    if metric == "hamming":
        return _sharded(lambda *block: _by_bits(queries, vectors[slice(*block)], k), vectors, k)
    return nearest_points(queries, vectors, k)


def nearest_points(queries: np.ndarray, vectors: np.ndarray, k: int) -> Found:
    """`nearest_rows` by squared Euclidean distance."""
    import faiss

    if len(queries) < _PRODUCT_FROM:
        return _sharded(lambda *block: _knn(queries, vectors[slice(*block)], k), vectors, k)
    centre = vectors[:: max(1, len(vectors) // 1024)].mean(axis=0, dtype=np.float64)
    centre, wanted = centre.astype(np.float32), min(len(vectors), k + _SPARE)
    shifted = queries - centre

    def block(start: int, stop: int) -> Found:
        near = [
            _knn(shifted, vectors[at : min(at + step, stop)] - centre, wanted, first=at - start)
            for at in range(start, stop, step)
        ]
        return _best(near, wanted)

    step = max(wanted, _BLOCK // vectors.shape[1])
    rows, _ = _sharded(block, vectors, wanted)
    faiss.omp_set_num_threads(1)
    return among(queries, vectors, rows, k)


def nearest_units(queries: np.ndarray, units: np.ndarray, k: int) -> Found:
    """`nearest_rows` by cosine, of vectors of length 1 or 0 (see `unit`)."""
    import faiss

    product = faiss.METRIC_INNER_PRODUCT

    def block(start: int, stop: int) -> Found:
        return _knn(queries, units[start:stop], k, metric=product)

    return _sharded(block, units, k)


def among(queries: np.ndarray, vectors: np.ndarray, rows: np.ndarray, k: int) -> Found:
    """Each query's k nearest of its own list of rows, by true squared differences.

    Args:
        queries: (B, D) float32.
        vectors: (n, D) float32.
        rows: (B, m) int64, m >= k; a row below 0 ends its list. (m,) is one list for all.
        k: how many.

    Returns:
        Rows and distances, ascending. Where a list is shorter than k, rows of -1.
    """
    import faiss

    return _among(faiss.knn_L2sqr_by_idx, queries, vectors, rows, k)


def units_among(queries: np.ndarray, units: np.ndarray, rows: np.ndarray, k: int) -> Found:
    """`among` by cosine, of vectors of length 1 or 0."""
    import faiss

    rows, similarities = _among(faiss.knn_inner_products_by_idx, queries, units, rows, k)
    return rows, _cosine_distances(similarities)


def nearest_among(
    metric: str, queries: np.ndarray, vectors: np.ndarray, rows: np.ndarray, k: int
) -> Found:
    """Each query's k nearest of some rows, the same for all queries; see `nearest_rows`.

    Args:
        metric: "l2", "cosine" or "hamming".
        queries: as of `nearest_rows`.
        vectors: likewise.
        rows: (m,) int64, m >= k.
        k: how many.
    """
    vectors = np.asarray(vectors)
    if metric == "l2" and len(queries) < _PRODUCT_FROM:
        near = _shares(lambda start, stop: _part(queries, vectors, rows[start:stop], k), rows, k)
        return _best(near, k)
    step, near = max(k, _BLOCK // vectors.shape[1]), []
    for start in range(0, len(rows), step):
        some = rows[start : start + step]
        places, distances = nearest_rows(metric, queries, vectors[some], min(k, len(some)))
        near.append((some[places], distances))
    return _best(near, k)


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors of length 1; a zero vector stays zero, so that its cosines are 0."""
    vectors = vectors.astype(np.float32, copy=False)
    lengths = np.sqrt(np.einsum("nd,nd->n", vectors, vectors, dtype=np.float64))
    return (vectors / np.where(lengths > 0, lengths, 1)[:, None]).astype(np.float32)


def nearest(positions: np.ndarray, distances: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k best of each row, ascending; of equal distances the lower position first."""
    order = np.lexsort((positions, distances), axis=1)[:, :k]
    return np.take_along_axis(positions, order, 1), np.take_along_axis(distances, order, 1)


@cache
def threads() -> int:
    """Cores that a search may use: those of this process, and no more than OMP_NUM_THREADS."""
    cores, asked = len(os.sched_getaffinity(0)), os.environ.get("OMP_NUM_THREADS", "")
    return min(cores, int(asked)) if asked.isdigit() and int(asked) else cores


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads(), thread_name_prefix="exact search")


def _sharded(block: Callable[[int, int], Found], vectors: np.ndarray, k: int) -> Found:
    """The nearest of all rows, from those of each block of them."""

    def placed(start: int, stop: int) -> Found:
        rows, distances = block(start, stop)
        return rows + start, distances

    return _best(_shares(placed, vectors, k), k)


def _shares(block: Callable[[int, int], Found], rows: np.ndarray, k: int) -> list[Found]:
    count, values = len(rows), rows.size if rows.ndim > 1 else 128 * len(rows)
    shares = max(1, min(threads(), values // _LEAST_SHARE, count // k))
    if shares == 1:
        return [block(0, count)]
    edges = [count * share // shares for share in range(shares + 1)]
    return list(_pool().map(block, edges[:-1], edges[1:]))


def _best(found: list[Found], k: int) -> Found:
    rows, distances = (np.concatenate(parts, axis=1) for parts in zip(*found, strict=True))
    return nearest(rows, distances, k)


def _knn(
    queries: np.ndarray, vectors: np.ndarray, k: int, first: int = 0, metric: int | None = None
) -> Found:
    import faiss

    faiss.omp_set_num_threads(1)
    k = min(k, len(vectors))
    if metric is None:
        distances, rows = faiss.knn(queries, vectors, k)
        return rows + first, distances
    similarities, rows = faiss.knn(queries, vectors, k, metric=metric)
    return rows, _cosine_distances(similarities)


def _by_bits(queries: np.ndarray, codes: np.ndarray, k: int) -> Found:
    import faiss

    faiss.omp_set_num_threads(1)
    distances, rows = faiss.knn_hamming(queries, codes, min(k, len(codes)))
    return rows.astype(np.int64), distances.astype(np.float32)


def _part(queries: np.ndarray, vectors: np.ndarray, rows: np.ndarray, k: int) -> Found:
    return among(queries, vectors, rows, min(k, len(rows)))


def _among(
    compare: Callable, queries: np.ndarray, vectors: np.ndarray, rows: np.ndarray, k: int
) -> Found:
    import faiss

    faiss.omp_set_num_threads(1)
    at = faiss.swig_ptr
    queries, rows = np.ascontiguousarray(queries), np.ascontiguousarray(rows, np.int64)
    best, values = np.empty((len(queries), k), np.int64), np.empty((len(queries), k), np.float32)
    # How far apart the lists are: -1, which is to mean their length, is taken as it is (1.15).
    apart = rows.shape[1] if rows.ndim == 2 else 0
    compare(
        *(at(queries), at(vectors), at(rows), vectors.shape[1], len(queries), len(vectors)),
        *(rows.shape[-1], k, at(values), at(best), apart),
    )
    return best, values


def _cosine_distances(similarities: np.ndarray) -> np.ndarray:
    return np.maximum(1 - similarities, 0)
