"""Items as the engine keeps them.

For the cosine Milvus has a metric of its own, but loses zero vectors by it. So unit vectors are
compared by inner product, and a vector that was of another length is kept beside as it came.
"""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Any

import numpy as np

from serving.index.exact import unit

RAW = "raw"  # a field of cosine collections alone


def to_rows(
    metric: str, ids: Sequence[str], vectors: np.ndarray, texts: Sequence[str], note: str = ""
) -> list[dict[str, Any]]:
    """Rows of a collection.

    Args:
        metric: "l2", "cosine" or "hamming".
        ids: one a vector.
        vectors: (n, D) float32 or (n, bits / 8) uint8, checked.
        texts: their metadata, as JSON.
        note: of the row that keeps the facts.
    """
    raw = None
    if metric == "cosine":
        given, vectors = vectors, unit(vectors)
        raw = [
            "" if (was == now).all() else b64encode(was.tobytes()).decode()
            for was, now in zip(given, vectors, strict=True)
        ]
    rows = [
        {"id": name, "vector": vector, "metadata": text, "note": note}
        for name, vector, text in zip(ids, _as_sent(metric, vectors), texts, strict=True)
    ]
    if raw is not None:
        rows = [{**row, RAW: data} for row, data in zip(rows, raw, strict=True)]
    return rows


def to_vectors(metric: str, rows: Sequence[dict[str, Any]]) -> np.ndarray:
    """The vectors of rows, as they came: (n, D) float32 or (n, bits / 8) uint8."""
    if metric == "hamming":
        return np.stack([np.frombuffer(_bytes(row["vector"]), np.uint8) for row in rows])
    vectors = np.array([row["vector"] for row in rows], np.float32)
    if metric == "cosine":
        for vector, row in zip(vectors, rows, strict=True):
            if row[RAW]:
                vector[:] = np.frombuffer(b64decode(row[RAW]), np.float32)
    return vectors


def as_queries(metric: str, queries: np.ndarray) -> list[Any]:
    """Queries as they are sent."""
    return _as_sent(metric, unit(queries) if metric == "cosine" else queries)


def to_distances(metric: str, answered: Sequence[float]) -> np.ndarray:
    """What the engine answered, as distances: float32, ascending."""
    distances = np.array(answered, np.float32)
    return np.maximum(1 - distances, 0) if metric == "cosine" else distances


def _as_sent(metric: str, vectors: np.ndarray) -> list[Any]:
    return [row.tobytes() if metric == "hamming" else row for row in vectors]


def _bytes(value: Any) -> bytes:
    return value[0] if isinstance(value, list) else value
