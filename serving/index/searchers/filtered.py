"""A search among some of the rows: never fewer than k where k are there.

Few rows are compared one by one. Of many, more than k are fetched from among all rows until k of
those that are allowed have been met; a query that meets too few, since none of what is near it is
allowed, is compared with the allowed rows one by one after all.
"""

import math

import numpy as np

from serving.index.exact import nearest_among
from serving.index.searchers.allowed import Allowed
from serving.index.searchers.contract import Searcher

FEW = 20_000  # rows, compared in the time of fetching one in a hundred from a million
_FURTHEST = 2_000  # neighbours that are fetched, at most
_GENEROUS, _SPARE = 1.5, 16
_MORE = 4


def search_allowed(
    searcher: Searcher,
    vectors: np.ndarray,
    metric: str,
    queries: np.ndarray,
    k: int,
    allowed: Allowed,
) -> tuple[np.ndarray, np.ndarray]:
    """Each query's nearest among the rows that are allowed.

    Args:
        searcher: of all rows.
        vectors: (n, D) float32, or (n, bits / 8) uint8 for Hamming.
        metric: "l2", "cosine" or "hamming".
        queries: of the same kind; checked, B >= 1.
        k: how many, at least 1.
        allowed: which rows.

    Returns:
        Rows (B, k) int64 and distances, float32, ascending; as many as are allowed where those
        are fewer than k.
    """
    found = np.full((len(queries), k), -1, np.int64), np.empty((len(queries), k), np.float32)
    missing = _fetch(searcher, len(vectors), queries, k, allowed, found)
    if len(missing):
        rows = allowed.rows()
        if len(rows) < k:  # so none of the queries found k
            return _compare(vectors, metric, queries, len(rows), rows)
        near = _compare(vectors, metric, queries[missing], k, rows)
        found[0][missing], found[1][missing] = near
    return found


def _compare(
    vectors: np.ndarray, metric: str, queries: np.ndarray, k: int, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    if not len(rows):
        return np.empty((len(queries), 0), np.int64), np.empty((len(queries), 0), np.float32)
    return nearest_among(metric, queries, vectors, rows, k)


def _fetch(
    searcher: Searcher,
    count: int,
    queries: np.ndarray,
    k: int,
    allowed: Allowed,
    found: tuple[np.ndarray, np.ndarray],
) -> np.ndarray:
    """Fetches until each query has k that are allowed, or it is too far; which have not."""
    missing = np.arange(len(queries))
    if count <= FEW or allowed.share * count <= FEW:
        return missing
    wanted = math.ceil(_GENEROUS * k / allowed.share) + _SPARE
    while wanted <= _FURTHEST and len(missing):
        rows, distances = searcher.search(queries[missing], min(wanted, count))
        good = allowed.of(rows)
        enough = np.count_nonzero(good, axis=1) >= k
        places = np.argsort(~good[enough], axis=1, kind="stable")[:, :k]
        found[0][missing[enough]] = np.take_along_axis(rows[enough], places, 1)
        found[1][missing[enough]] = np.take_along_axis(distances[enough], places, 1)
        missing, wanted = missing[~enough], wanted * _MORE
    return missing
