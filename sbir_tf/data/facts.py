"""The table of facts: one row a picture, the shape in which a data set's contents are passed on."""

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from sbir_tf.data.layouts import layout

DOMAINS = {name: bit for bit, name in enumerate(layout.DOMAINS)}

FACTS = pa.schema(
    [
        pa.field("key", pa.string(), nullable=False),  # Item.path
        pa.field("class", pa.string(), nullable=False),
        pa.field("label", pa.int32(), nullable=False),  # among all sorted classes of the data set
        pa.field("domain", pa.int8(), nullable=False),  # as `DOMAINS`
        pa.field("instance", pa.string(), nullable=False),  # "" without
        pa.field("parts", pa.list_(pa.string()), nullable=False),  # of a split; [] without
        pa.field("width", pa.int32(), nullable=False),
        pa.field("height", pa.int32(), nullable=False),
        pa.field("bytes", pa.int64(), nullable=False),  # of the encoding
        pa.field("digest", pa.string(), nullable=False),
        pa.field("ink", pa.float32(), nullable=False),
        pa.field("colourfulness", pa.float32(), nullable=False),
        pa.field("problem", pa.string(), nullable=False),  # why it cannot be read; else ""
    ]
)
# What a picture that cannot be read says of itself.
UNREAD = {
    "width": 0,
    "height": 0,
    "bytes": 0,
    "digest": "",
    "ink": float("nan"),
    "colourfulness": float("nan"),
}
_USUAL = {**UNREAD, "instance": "", "parts": [], "problem": ""}


def facts_table(rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """A table of facts from its rows.

    Args:
        rows: One mapping a picture, column name -> value. "key", "class", "label" and "domain"
            are needed; what else is missing is as for a picture that was not read.

    Returns:
        Table of the schema `FACTS`.

    Raises:
        ValueError: If a row has a column that the schema does not, or lacks one it needs.
    """
    columns = {name: [] for name in FACTS.names}
    for row in rows:
        strange = sorted(set(row) - set(columns))
        missing = sorted(set(columns) - set(row) - set(_USUAL))
        if strange or missing:
            raise ValueError(
                f"A row of facts has the columns {', '.join(columns)}. "
                f"Received: unknown {strange}, missing {missing}"
            )
        for name, values in columns.items():
            values.append(row[name] if name in row else _USUAL[name])
    return pa.table(columns, schema=FACTS)
