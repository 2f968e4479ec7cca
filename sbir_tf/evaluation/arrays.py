"""Arrays as others write them, made into tables of numbers, labels and texts."""

import numpy as np

from sbir_tf.errors import UserError
from sbir_tf.evaluation.checks import rows_not_finite
from sbir_tf.evaluation.messages import first_few


def numbers_of(name: str, array: np.ndarray) -> np.ndarray:
    """A table of finite numbers.

    Raises:
        UserError: Naming the array and, of values that are not finite, the rows.
    """
    if array.ndim != 2 or array.dtype.kind not in "biuf":
        raise UserError(
            f"{name} must be a table of numbers, one row an item. "
            f"Received: shape {array.shape}, {array.dtype}"
        )
    if not array.size:
        raise UserError(f"{name} is empty: there is nothing to rank. Received: shape {array.shape}")
    if array.dtype.kind == "b":
        return array.astype(np.uint8)
    bad = rows_not_finite(array)
    if len(bad):
        raise UserError(
            f"{name} has NaN, infinite or huge values in {len(bad)} of {len(array)} rows: "
            f"{first_few(bad)}"
        )
    return array


def labels_of(name: str, array: np.ndarray) -> np.ndarray:
    """`(items,)`, int64 or text, of a list, a single column or row, or one-hot rows.

    Raises:
        UserError: Naming the array, and the rows of several labels or of none.
    """
    if array.dtype.kind == "S":
        array = np.char.decode(array, "utf-8")
    if array.ndim == 2 and 1 in array.shape:
        array = array.reshape(-1)
    if array.ndim == 2 and array.dtype.kind in "biuf":
        array = _classes_of_one_hot(name, array)
    if array.dtype.kind == "f" and np.isfinite(array).all() and (array == np.rint(array)).all():
        array = array.astype(np.int64)
    if array.ndim != 1 or array.dtype.kind not in "biuU":
        raise UserError(
            f"{name} must be a list of whole numbers or of text, or one-hot. "
            f"Received: shape {array.shape}, {array.dtype}"
        )
    if not len(array):
        raise UserError(f"{name} is empty: there is nothing to rank")
    return array if array.dtype.kind == "U" else array.astype(np.int64)


def _classes_of_one_hot(name: str, table: np.ndarray) -> np.ndarray:
    other = np.flatnonzero(((table != 0).sum(axis=1) != 1) | (table.sum(axis=1) != 1))
    if len(other):
        raise UserError(
            f"{name} is a table, but not one-hot: give each item one label. Received: shape "
            f"{table.shape}, several labels or none in {len(other)} rows: {first_few(other)}"
        )
    return table.argmax(axis=1)


def texts_of(name: str, array: np.ndarray) -> tuple[str, ...]:
    """Texts, or whole numbers as texts.

    Raises:
        UserError: Naming the array.
    """
    if array.dtype.kind == "S":
        array = np.char.decode(array, "utf-8")
    if array.ndim != 1 or array.dtype.kind not in "iuU":
        raise UserError(
            f"{name} must be a list of text. Received: shape {array.shape}, {array.dtype}"
        )
    return tuple(map(str, array.tolist()))
