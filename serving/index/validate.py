"""Checks before ScaNN sees anything: a NaN or a wrong shape makes it answer nonsense or crash."""

from collections.abc import Sequence

import numpy as np

from serving.errors import ServingError

LONGEST_ID = 4096  # bytes: Linux's longest path
# Squared distances of larger vectors overflow float32.
LARGEST_NORM = 1e18


def check_vectors(vectors: np.ndarray, name: str = "vectors") -> np.ndarray:
    """Returns the vectors as contiguous float32, or says what is wrong with them.

    Args:
        vectors: (n, D) floating point.
        name: what the message calls them.

    Returns:
        (n, D) float32, C-contiguous.

    Raises:
        ServingError: not two-dimensional, not floats, not finite, or too large to square.
    """
    vectors = np.asarray(vectors)
    if vectors.ndim != 2 or vectors.shape[1] == 0:
        raise ServingError(f"{name} must have the shape (n, D). Received: shape={vectors.shape}")
    if vectors.dtype.kind != "f":
        raise ServingError(f"{name} must be floating point. Received: dtype={vectors.dtype}")
    with np.errstate(over="ignore", invalid="ignore"):
        vectors = np.ascontiguousarray(vectors, np.float32)
        norms = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))
    bad = np.flatnonzero(~(norms <= LARGEST_NORM))  # a NaN compares false
    if bad.size:
        values = f"row {bad[0]} has the norm {norms[bad[0]]}, {bad.size} of {len(vectors)} rows"
        raise ServingError(f"{name} must be finite and below {LARGEST_NORM:g}. Received: {values}")
    return vectors


def check_queries(queries: np.ndarray, dimension: int) -> np.ndarray:
    """Returns (Q, D) float32 queries of the index's dimension."""
    queries = check_vectors(queries, "queries")
    if queries.shape[1] != dimension:
        wanted = f"queries must have the index's dimension {dimension}"
        raise ServingError(f"{wanted}. Received: shape={queries.shape}")
    return queries


def check_k(k: int, count: int) -> int:
    """Returns k, a whole number from 1 to the number of pictures."""
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or not 1 <= k <= count:
        holds = f"the index holds {count} pictures"
        raise ServingError(f"k must be from 1 to {count} ({holds}). Received: k={k}")
    return int(k)


def id_problem(name: object) -> str | None:
    """What is wrong with an id, or `None`: ids are short printable UTF-8 strings."""
    if not isinstance(name, str) or not name:
        return "an id must be a string that is not empty"
    try:
        length = len(name.encode())
    except UnicodeEncodeError:
        return "an id must be valid UTF-8"
    if length > LONGEST_ID:
        return f"an id has {LONGEST_ID} bytes at most"
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in name):
        return "an id must not hold a line break or another control character"
    return None


def check_ids(ids: Sequence[str], count: int) -> list[str]:
    """Returns the ids as a list: one per vector, each valid, none twice."""
    ids = list(ids)
    if len(ids) != count:
        raise ServingError(f"there must be one id per vector ({count}). Received: {len(ids)} ids")
    seen: set[str] = set()
    for name in ids:
        problem = id_problem(name) or ("an id must not occur twice" if name in seen else None)
        if problem:
            raise ServingError(f"{problem}. Received: {str(name)[:80]!r}")
        seen.add(name)
    return ids
