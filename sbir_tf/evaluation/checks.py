"""Embeddings, distances and their labels, looked at before anything is computed of them."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from sbir_tf.errors import UserError
from sbir_tf.evaluation.messages import first_few

_LARGEST_SQUARE = 1e300  # so that no distance overflows
_LARGEST_WHOLE = np.iinfo(np.int32).max
_LOOKED_AT = 1 << 21  # numbers at a time


def checked_embeddings(name: str, embeddings: np.ndarray) -> np.ndarray:
    """A table of numbers, none of them NaN, infinite or huge."""
    embeddings = np.asarray(embeddings)
    if embeddings.ndim != 2 or embeddings.dtype.kind not in "biuf":
        raise UserError(
            f"`{name}` must be a table of numbers (items, dimension). "
            f"Received: shape {embeddings.shape}, {embeddings.dtype}"
        )
    if not embeddings.size:
        raise UserError(f"`{name}` is empty. Received: shape {embeddings.shape}")
    if embeddings.dtype.kind == "b":
        return embeddings.astype(np.uint8)
    bad = rows_not_finite(embeddings)
    if len(bad):
        raise UserError(
            f"`{name}` has NaN, infinite or huge values in {len(bad)} of {len(embeddings)} rows: "
            f"{first_few(bad)}"
        )
    return embeddings


def rows_not_finite(embeddings: np.ndarray) -> np.ndarray:
    """The rows with a value that is NaN, infinite, or whose distances would overflow."""
    step = max(1, _LOOKED_AT // embeddings.shape[1])
    bad = []
    for start in range(0, len(embeddings), step):
        tile = embeddings[start : start + step].astype(np.float64)
        with np.errstate(over="ignore", invalid="ignore"):
            fine = np.einsum("nd,nd->n", tile, tile) < _LARGEST_SQUARE
        bad.append(np.flatnonzero(~fine) + start)
    return np.concatenate(bad)


def check_length(name: str, embeddings: np.ndarray, labels: Sequence) -> None:
    if len(labels) != len(embeddings):
        raise UserError(
            f"`{name}_embeddings` and `{name}_labels` must have the same length. "
            f"Received: {len(embeddings)} and {len(labels)}"
        )


def check_dimensions(queries: np.ndarray, gallery: np.ndarray) -> None:
    if queries.shape[1] != gallery.shape[1]:
        raise UserError(
            "query and gallery embeddings must have the same dimension. "
            f"Received: {queries.shape[1]} and {gallery.shape[1]}"
        )


def check_bits(side: str, bits: np.ndarray) -> None:
    other = np.flatnonzero(((bits != 0) & (bits != 1)).any(axis=1))
    if len(other):
        raise UserError(
            f"Hamming distances are of bits, 0 or 1: `{side}_embeddings` hold other values in "
            f"{len(other)} of {len(bits)} rows: {first_few(other)}"
        )


def checked_blocks(
    blocks: Iterable[np.ndarray], rows: int, columns: int, least: float = 0
) -> Iterator[np.ndarray]:
    """Blocks of finite distances, whose shapes fit; whole numbers stay whole."""
    seen = 0
    wrong = "negative, infinite or NaN" if least == 0 else "infinite or NaN"
    for block in blocks:
        block = np.asarray(block)
        whole = block.dtype.kind in "biu" and abs(block).max(initial=0) <= _LARGEST_WHOLE
        block = np.ascontiguousarray(block, np.int32 if whole else np.float64)
        seen += len(block)
        if block.shape[1:] != (columns,) or seen > rows:
            raise UserError(
                f"the blocks of distances must have {rows} rows in all and {columns} columns. "
                f"Received: a block of shape {block.shape}, {seen} rows so far"
            )
        fine = (block >= least) & (abs(block) < np.inf)
        bad = np.flatnonzero(~fine.all(axis=1)) + seen - len(block)
        if len(bad):
            raise UserError(f"distances are {wrong} for queries {first_few(bad)}")
        yield block
    if seen < rows:
        raise UserError(f"the blocks of distances have {seen} rows in all. Expected: {rows}")
