"""Distances from queries to the gallery, a block of queries at a time, and the checks of both."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from sbir_tf.errors import UserError
from sbir_tf.evaluation.messages import first_few

_TILE_BYTES = 16 << 20  # of gallery, converted to float64 at a time
_LARGEST_SQUARE = 1e300  # so that no distance overflows


def distance_blocks(queries: np.ndarray, gallery: np.ndarray, rows: int) -> Iterator[np.ndarray]:
    """Squared Euclidean distances, `rows` queries at a time: |q|^2 + |g|^2 - 2 q.g."""
    distinct, inverse = np.unique(first_equal_rows(gallery), return_inverse=True)
    some_are_equal = len(distinct) < len(gallery)
    squares = _squares(gallery)[distinct]
    for first in range(0, len(queries), rows):
        block = queries[first : first + rows].astype(np.float64)
        distances = np.empty((len(block), len(distinct)))
        for part in _tiles(len(distinct), gallery.shape[1]):
            tile = gallery[distinct[part]] if some_are_equal else gallery[part]
            np.matmul(-2 * block, tile.T.astype(np.float64), out=distances[:, part])
        distances += squares
        distances += _squares(block)[:, None]
        np.maximum(distances, 0, out=distances)
        yield distances[:, inverse] if some_are_equal else distances


def first_equal_rows(embeddings: np.ndarray) -> np.ndarray:
    """For each row, the number of the first row that equals it."""
    seen: dict[bytes, int] = {}
    first = np.empty(len(embeddings), np.int64)
    for row, values in enumerate(embeddings):
        octets = (values + 0).tobytes()  # -0.0 + 0 is 0.0: they are equal, their bytes are not
        first[row] = seen.setdefault(hashlib.blake2b(octets, digest_size=16).digest(), row)
    return first


def _tiles(rows: int, columns: int) -> Iterator[slice]:
    """Slices of so many rows that they take `_TILE_BYTES` as float64."""
    step = max(1, _TILE_BYTES // (8 * max(1, columns)))
    return (slice(start, start + step) for start in range(0, rows, step))


def _squares(embeddings: np.ndarray) -> np.ndarray:
    squares = np.empty(len(embeddings))
    for part in _tiles(*embeddings.shape):
        tile = embeddings[part].astype(np.float64)
        np.einsum("nd,nd->n", tile, tile, out=squares[part])
    return squares


def checked_embeddings(name: str, embeddings: np.ndarray) -> np.ndarray:
    embeddings = np.asarray(embeddings)
    if embeddings.ndim != 2 or embeddings.dtype.kind not in "iuf":
        raise UserError(
            f"`{name}` must be a table of numbers (items, dimension). "
            f"Received: shape {embeddings.shape}, {embeddings.dtype}"
        )
    if not embeddings.size:
        raise UserError(f"`{name}` is empty. Received: shape {embeddings.shape}")
    with np.errstate(over="ignore", invalid="ignore"):
        bad = np.flatnonzero(~(_squares(embeddings) < _LARGEST_SQUARE))
    if len(bad):
        raise UserError(
            f"`{name}` has NaN, infinite or huge values in {len(bad)} of {len(embeddings)} rows: "
            f"{first_few(bad)}"
        )
    return embeddings


def check_length(name: str, embeddings: np.ndarray, labels: Sequence) -> None:
    if len(labels) != len(embeddings):
        raise UserError(
            f"`{name}_embeddings` and `{name}_labels` must have the same length. "
            f"Received: {len(embeddings)} and {len(labels)}"
        )


def checked_blocks(blocks: Iterable[np.ndarray], rows: int, columns: int) -> Iterator[np.ndarray]:
    seen = 0
    for block in blocks:
        block = np.ascontiguousarray(block, np.float64)
        seen += len(block)
        if block.shape[1:] != (columns,) or seen > rows:
            raise UserError(
                f"the blocks of distances must have {rows} rows in all and {columns} columns. "
                f"Received: a block of shape {block.shape}, {seen} rows so far"
            )
        fine = (block >= 0) & (block < np.inf)
        bad = np.flatnonzero(~fine.all(axis=1)) + seen - len(block)
        if len(bad):
            raise UserError(f"distances are negative, infinite or NaN for queries {first_few(bad)}")
        yield block
    if seen < rows:
        raise UserError(f"the blocks of distances have {seen} rows in all. Expected: {rows}")
