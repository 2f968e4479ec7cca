"""Checks before ScaNN sees anything: a NaN or a wrong shape makes it answer nonsense or crash."""

import difflib
import json
from collections.abc import Mapping, Sequence
from typing import Any
from unicodedata import category

import numpy as np

from serving.errors import ServingError
from serving.index.contract import LARGEST_METADATA, LONGEST_ID, METRICS

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
    if vectors.dtype != np.float32 or not vectors.flags.c_contiguous:
        with np.errstate(over="ignore", invalid="ignore"):
            vectors = np.ascontiguousarray(vectors, np.float32)
    if np.vdot(vectors, vectors) <= LARGEST_NORM**2:  # all rows together, so each; not with a NaN
        return vectors
    norms = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))
    bad = np.flatnonzero(~(norms <= LARGEST_NORM))
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


def check_rows(rows: np.ndarray, metric: str, dimension: int, name: str) -> np.ndarray:
    """Returns vectors or codes of an index's metric and dimension, contiguous.

    Args:
        rows: (n, D) floats, or (n, bits / 8) uint8 for Hamming.
        metric: of the index.
        dimension: of the index.
        name: what the message calls them.

    Returns:
        (n, D) float32, or (n, bits / 8) uint8.

    Raises:
        ServingError: says what is wrong with them.
    """
    if metric != "hamming":
        rows = check_vectors(rows, name)
        wanted, width = f"the index's dimension {dimension}", dimension
    else:
        rows = _check_codes(rows, name)
        width = dimension // 8
        wanted = f"the index's {dimension} bits, {width} bytes a code"
    if rows.shape[1] != width:
        raise ServingError(f"{name} must have {wanted}. Received: shape={rows.shape}")
    return rows


def _check_codes(codes: np.ndarray, name: str) -> np.ndarray:
    codes = np.asarray(codes)
    if codes.ndim != 2 or codes.dtype != np.uint8:
        got = f"dtype={codes.dtype}, shape={codes.shape}"
        raise ServingError(f"{name} must be packed codes, uint8 (n, bits / 8). Received: {got}")
    return np.ascontiguousarray(codes)


def check_kind(metric: str, dimension: int) -> None:
    """Refuses a metric that is none, or a dimension that no vector of it has."""
    if metric not in METRICS:
        near = difflib.get_close_matches(str(metric), METRICS, 1, 0.5)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        known = ", ".join(METRICS)
        raise ServingError(f"metric must be one of {known}. Received: {metric!r}.{hint}")
    whole = isinstance(dimension, int | np.integer) and not isinstance(dimension, bool)
    step = 8 if metric == "hamming" else 1
    if not whole or dimension < 1 or dimension % step:
        wanted = "a multiple of 8 bits" if step == 8 else "a whole number from 1"
        raise ServingError(f"dimension must be {wanted}. Received: dimension={dimension!r}")


def check_k(k: int, count: int | None = None) -> int:
    """Returns k, a whole number from 1, and to `count` where that is given."""
    whole = isinstance(k, int | np.integer) and not isinstance(k, bool)
    if not whole or k < 1 or (count is not None and k > count):
        holds = f"from 1 to {count} (the index holds {count} pictures)"
        wanted = "a whole number from 1" if count is None else holds
        raise ServingError(f"k must be {wanted}. Received: k={k}")
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
    if not name.isprintable() and any(category(letter) == "Cc" for letter in name):
        return "an id must not hold a line break or another control character"
    return None


def as_names(ids: Sequence[str]) -> list[str]:
    """Returns ids as a list of plain strings; what is none stays, and is found nowhere.

    Raises:
        ServingError: one string, whose letters would be taken for ids.
    """
    if isinstance(ids, str):
        raise ServingError(f"ids must be a list. Received: ids={ids[:80]!r}")
    # NumPy's strings and enumerations are written in other ways than what they are equal to.
    return [str.__str__(name) if isinstance(name, str) else name for name in ids]


def check_ids(ids: Sequence[str], count: int) -> list[str]:
    """Returns the ids as a list: one per vector, each valid, none twice."""
    ids = as_names(ids)
    if len(ids) != count:
        raise ServingError(f"there must be one id per vector ({count}). Received: {len(ids)} ids")
    seen: set[str] = set()
    for name in ids:
        problem = id_problem(name) or ("an id must not occur twice" if name in seen else None)
        if problem:
            raise ServingError(f"{problem}. Received: {str(name)[:80]!r}")
        seen.add(name)
    return ids


def check_metadata(metadata: Sequence[Mapping[str, Any]] | None, count: int) -> list[str]:
    """Returns JSON text, one object a vector.

    Args:
        metadata: one object a vector, or `None` for empty ones.
        count: of the vectors.

    Returns:
        The texts.

    Raises:
        ServingError: another number of them, no plain values, or above 16 kB.
    """
    if metadata is None:
        return ["{}"] * count
    metadata = list(metadata)
    if len(metadata) != count:
        wanted = f"there must be one metadata object per vector ({count})"
        raise ServingError(f"{wanted}. Received: {len(metadata)} objects")
    return [_dump(values) for values in metadata]


def dump_facts(facts: Mapping[str, Any]) -> str:
    """Returns facts about an index as JSON text, or says that they are not plain values."""
    try:
        return json.dumps(facts, allow_nan=False)
    except (TypeError, ValueError) as error:
        got = f"{ascii(facts)[:80]} ({error})"
        raise ServingError(f"facts must be plain JSON values. Received: {got}") from error


def joined(facts: Mapping[str, Any], others: Mapping[str, Any]) -> dict[str, Any]:
    """Facts, and others that join or replace them; `None` takes one out."""
    return {name: value for name, value in {**facts, **others}.items() if value is not None}


def _dump(values: Mapping[str, Any]) -> str:
    if not isinstance(values, Mapping) or not all(isinstance(name, str) for name in values):
        raise ServingError(f"metadata must be objects with names. Received: {str(values)[:80]!r}")
    try:
        text = json.dumps(dict(values), ensure_ascii=False, allow_nan=False)
        size = len(text.encode())
    except (TypeError, ValueError) as error:  # a surrogate is a ValueError, too
        got = f"{ascii(values)[:80]} ({error})"
        raise ServingError(f"metadata must be plain JSON values. Received: {got}") from error
    if size > LARGEST_METADATA:
        raise ServingError(f"metadata has {LARGEST_METADATA} bytes at most. Received: {size} bytes")
    return text
