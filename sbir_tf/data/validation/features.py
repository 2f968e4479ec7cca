"""The facts as the features whose statistics TensorFlow Data Validation takes."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sbir_tf.data.facts import DOMAINS
from sbir_tf.data.validation.bands import colour_bands, ink_bands, shape_bands, size_bands

# What a feature describes: one for each domain, null for the pictures of the other.
OF_A_DOMAIN = ("class", "size", "shape", "ink", "colour")
PLAIN = ("class", "label", "domain", "bytes", "width", "height", "ink", "colourfulness")


def features_of(table: pa.Table) -> pa.RecordBatch:
    """The features of a table of facts, as TFDV wants them: every column a list, null if missing.

    What a picture that cannot be read has not, is missing here.

    Args:
        table: Of the schema `sbir_tf.data.facts.FACTS`, or with some of its columns.

    Returns:
        One column for each feature that the table has the columns of.
    """
    columns = {name: _column(table, name) for name in PLAIN if name in table.column_names}
    for kind, values in _bands(table).items():
        for domain, bit in DOMAINS.items():
            other = numbers(table, "domain") != bit
            columns[f"{domain}_{kind}"] = _without(values, other)
    return pa.RecordBatch.from_arrays([_listed(v) for v in columns.values()], list(columns))


def numbers(table: pa.Table, name: str) -> np.ndarray:
    """A column as NumPy numbers."""
    return table.column(name).to_numpy()


def texts(table: pa.Table, name: str) -> np.ndarray:
    """A column as an array of Python strings."""
    return np.array(table.column(name).to_pylist(), dtype=object)


def _bands(table: pa.Table) -> dict[str, pa.Array]:
    found = {"class": _plain(table, "class")} if "class" in table.column_names else {}
    width, height = numbers(table, "width"), numbers(table, "height")
    return found | {
        "size": size_bands(width, height),
        "shape": shape_bands(width, height),
        "ink": ink_bands(numbers(table, "ink")),
        "colour": colour_bands(numbers(table, "colourfulness")),
    }


def _column(table: pa.Table, name: str) -> pa.Array:
    values = _plain(table, name)
    if name in ("ink", "colourfulness"):
        return _without(values, np.isnan(numbers(table, name)))
    if name in ("width", "height"):
        return _without(values, (numbers(table, name) == 0) & unread(table))
    return values


def unread(table: pa.Table) -> np.ndarray:
    """Which pictures could not be read."""
    if "problem" not in table.column_names:
        return np.zeros(len(table), bool)
    return texts(table, "problem") != ""


def _plain(table: pa.Table, name: str) -> pa.Array:
    values = table.column(name)
    return pa.concat_arrays(values.chunks) if values.num_chunks else pa.array([], values.type)


def _without(values: pa.Array, missing: np.ndarray) -> pa.Array:
    valid = pa.array(~missing)
    return pc.if_else(valid, values, pa.scalar(None, values.type))


def _listed(values: pa.Array) -> pa.ListArray:
    """Each value as a list of one, null as null."""
    valid = np.asarray(values.is_valid(), bool)
    offsets = np.concatenate([[0], np.cumsum(valid)]).astype(np.int32)
    missing = np.append(~valid, False)
    return pa.ListArray.from_arrays(pa.array(offsets, mask=missing), values.drop_null())
