"""Checks of what codes are learnt from and applied to."""

from numbers import Integral
from typing import Any

import numpy as np

from sbir_tf.errors import UserError


def checked_bits(bits: Any) -> int:
    """A number of bits that fills whole bytes."""
    if isinstance(bits, bool) or not isinstance(bits, Integral) or bits < 8 or bits % 8:
        raise UserError(
            f"`bits` must be a multiple of 8, 8 or more: codes are packed. Received: bits={bits!r}"
        )
    return int(bits)


def checked_rows(name: str, rows: np.ndarray, at_least: int = 0) -> np.ndarray:
    """Finite float32 rows (N, D)."""
    rows = np.asarray(rows)
    if rows.ndim != 2 or rows.dtype.kind != "f" or len(rows) < at_least or not rows.shape[1]:
        raise UserError(
            f"`{name}` must be a table of floats, {at_least} rows or more. "
            f"Received: shape {rows.shape}, {rows.dtype}"
        )
    with np.errstate(over="ignore"):
        rows = np.ascontiguousarray(rows, np.float32)
    bad = np.flatnonzero(~np.isfinite(rows).all(axis=1))
    if len(bad):
        raise UserError(
            f"`{name}` has NaN or infinite values in {len(bad)} of {len(rows)} rows, "
            f"the first of them row {bad[0]}"
        )
    return rows
