"""The fields of metadata: which there are, and which of them a generation indexes."""

import difflib
import json
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from serving.errors import ServingError

_SAMPLE = 1000
_MANY = 10_000  # items, from which an index is worth making
_MOST = 16  # fields with an index
_LONG = 100  # characters, of values that nobody filters by
_NAME = 16  # characters on average, of what is different everywhere


def index_fields(table: sqlite3.Connection) -> None:
    """Makes indexes over the fields that a filter may name.

    They turn a second into a millisecond where one in ten thousand of a million is selected. Long
    values get none, nor do paths, checksums and what else is different everywhere.

    Args:
        table: has a whole table `items (row, id, metadata)`, and may be written.
    """
    count = table.execute("SELECT count(*) FROM items").fetchone()[0]
    if count < _MANY:
        return
    for at, name in enumerate(_worth(_sampled(table, count))):
        value = f"json_extract(metadata, '$.\"{name}\"')"  # as `filters.expression` has it
        # Numbered: SQLite would take "Brand" and "brand" for one name.
        table.execute(f"CREATE INDEX items_by_field_{at} ON items ({value})")


def require_fields(tables: Sequence[sqlite3.Connection], where: Mapping[str, Any]) -> None:
    """Refuses a filter on a field that no item has; a filter that found something has none.

    Args:
        tables: each has a table `items (row, id, metadata)`.
        where: checked.

    Raises:
        UnknownField: names the nearest field that there is.
    """
    filled = [table for table in tables if table.execute("SELECT 1 FROM items LIMIT 1").fetchone()]
    query = "SELECT 1 FROM items WHERE json_type(metadata, ?) IS NOT NULL LIMIT 1"
    for name in where:
        path = f'$."{name}"'
        if filled and not any(table.execute(query, (path,)).fetchone() for table in filled):
            raise UnknownField(name, _names(filled))


class UnknownField(ServingError):
    """A filter on a field that no item has.

    Args:
        name: the field.
        names: those that there are.
    """

    def __init__(self, name: str, names: Sequence[str]):
        near = difflib.get_close_matches(name, names, 1)
        hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(names) or 'none'}"
        super().__init__(f"no item's metadata has the field {name!r:.80}. {hint:.300}")


def _names(tables: Sequence[sqlite3.Connection]) -> list[str]:
    some = f"(SELECT metadata FROM items LIMIT {10 * _SAMPLE}) AS some"
    query = f"SELECT DISTINCT key FROM {some}, json_each(some.metadata)"
    return sorted({name for table in tables for (name,) in table.execute(query)})


def _sampled(table: sqlite3.Connection, count: int) -> list[dict[str, Any]]:
    rows = json.dumps([count * at // _SAMPLE for at in range(_SAMPLE)])
    query = "SELECT metadata FROM json_each(?) CROSS JOIN items ON row = value"
    return [json.loads(text) for (text,) in table.execute(query, (rows,))]


def _worth(sample: list[dict[str, Any]]) -> list[str]:
    """Fields of plain and short values; the most frequent ones."""
    times: Counter[str] = Counter()
    for name in {name for metadata in sample for name in metadata}:
        values = [metadata[name] for metadata in sample if name in metadata]
        plain = all(isinstance(value, str | int | float) for value in values)
        lengths = [len(str(value)) for value in values]
        named = plain and len(set(values)) == len(values) and sum(lengths) > _NAME * len(values)
        if plain and not named and max(lengths) <= _LONG and name.replace("_", "").isalnum():
            times[name] = len(values)
    return [name for name, _ in times.most_common(_MOST)]
