"""Filters over metadata: checked, then as SQL over JSON.

    {"brand": "x"}                    equal; a number equals one of another type, true is no number
    {"class": ["cat", "dog"]}         one of these
    {"price": {">=": 3, "<": 9}}      between; numbers among numbers, text among text
    {"brand": "x", "price": 3}        both

Values are parameters of the query. The name of a field cannot be one where an index is to be used,
so it is quoted, and a name that SQLite's paths have no way to quote is refused.
"""

import json
import math
import sqlite3
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from serving.errors import ServingError
from serving.index.fields import require_fields

__all__ = ["SIGNS", "check_where", "matching", "matching_among", "require_fields"]

SIGNS = (">=", ">", "<=", "<")
_TYPES = {
    "text": "= 'text'",
    "number": "IN ('integer', 'real')",
    "truth": "IN ('true', 'false')",
    "nothing": "= 'null'",
}
_LARGEST = 2**63


def check_where(where: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a filter of plain values, or says what is wrong with it.

    Args:
        where: field -> a value, a list of values, or `{sign: bound}`.

    Returns:
        The same; lists are lists.

    Raises:
        ServingError: no object, a name that cannot be quoted, an unknown sign, a value that
            metadata cannot hold.
    """
    if not isinstance(where, Mapping):
        raise ServingError(f"a filter is an object, {{field: value}}. Received: {where!r:.80}")
    return {_checked_name(name): _checked(name, value) for name, value in where.items()}


def matching(table: sqlite3.Connection, where: Mapping[str, Any]) -> np.ndarray:
    """The rows that a filter selects.

    Args:
        table: has a table `items (row, id, metadata)`.
        where: checked.

    Returns:
        (m,) int64, in any order.
    """
    condition, values = _condition(where)
    # One long text: half a million rows of one integer each would take four times as long.
    query = f"SELECT group_concat(row) FROM items WHERE {condition}"
    return _numbers(table.execute(query, values).fetchone()[0])


def matching_among(
    table: sqlite3.Connection, where: Mapping[str, Any], rows: np.ndarray
) -> np.ndarray:
    """Those of some rows that a filter selects; see `matching`."""
    condition, values = _condition(where)
    query = "SELECT group_concat(row) FROM json_each(?) CROSS JOIN items ON row = value"
    among = json.dumps(np.asarray(rows).tolist())
    return _numbers(table.execute(f"{query} WHERE {condition}", (among, *values)).fetchone()[0])


def expression(name: str, of: str = "json_extract") -> str:
    """A field's value in SQL, letter for letter as an index over it was made; its type."""
    path = f'$."{name}"'.replace("'", "''")
    return f"{of}(metadata, '{path}')"


def _numbers(listed: str | None) -> np.ndarray:
    return np.fromstring(listed or "", np.int64, sep=",")


def _condition(where: Mapping[str, Any]) -> tuple[str, list[Any]]:
    parts, values = [], []
    for name, wanted in where.items():
        if isinstance(wanted, Mapping):
            found = [_bounded(name, *bound) for bound in wanted.items()]
        else:
            found = [_one_of(name, wanted if isinstance(wanted, list) else [wanted])]
        for part, value in found:
            parts.append(part)
            values += value
    return " AND ".join(parts) or "1", values


def _bounded(name: str, sign: str, bound: Any) -> tuple[str, list[Any]]:
    kind = f"{expression(name, 'json_type')} {_TYPES[_kind(bound)]}"
    return f"({expression(name)} {sign} ? AND {kind})", [_bindable(bound)]


def _one_of(name: str, wanted: list[Any]) -> tuple[str, list[Any]]:
    parts, values = [], []
    for kind, some in groupby(sorted(wanted, key=_kind), _kind):
        of_type = f"{expression(name, 'json_type')} {_TYPES[kind]}"
        if kind == "nothing":
            parts.append(of_type)
            continue
        parts.append(f"({expression(name)} IN (SELECT value FROM json_each(?)) AND {of_type})")
        values.append(json.dumps([_bindable(value) for value in some]))
    return f"({' OR '.join(parts) or '0'})", values


def _bindable(value: Any) -> Any:
    return float(value) if isinstance(value, int) and abs(value) >= _LARGEST else value


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "truth"
    if isinstance(value, str):
        return "text"
    return "nothing" if value is None else "number"


def _checked_name(name: Any) -> str:
    if not isinstance(name, str) or not name or not name.isprintable() or set(name) & set('"\\'):
        wanted = "a field's name must be printable text without quotation marks and backslashes"
        raise ServingError(f"{wanted}. Received: {name!r:.80}")
    return name


def _checked(name: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return _checked_bounds(name, value)
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, str | bytes):
        return [_plain(name, one) for one in value]
    return _plain(name, value)


def _checked_bounds(name: str, bounds: Mapping[str, Any]) -> dict[str, Any]:
    if not bounds or not set(bounds) <= set(SIGNS):
        wanted = f"bounds of {name!r} are {{sign: value}}, with the signs {' '.join(SIGNS)}"
        raise ServingError(f"{wanted}. Received: {dict(bounds)!r:.80}")
    for sign, bound in bounds.items():
        if _kind(_plain(name, bound)) not in ("text", "number"):
            raise ServingError(f"{name} {sign} needs a number or text. Received: {bound!r}")
    return {sign: _plain(name, bound) for sign, bound in bounds.items()}


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if not (value is None or isinstance(value, str) or _is_number(value)):
        wanted = f"{name} must be compared with text, a finite number, true, false or null"
        # So long an integer may have no decimal text.
        got = f"{value.bit_length()} bits" if isinstance(value, int) else f"{value!r:.80}"
        raise ServingError(f"{wanted}. Received: {got}")
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise ServingError(f"{name} must be valid UTF-8. Received: {value!r:.80}") from error
    return value


def _is_number(value: Any) -> bool:
    try:
        return isinstance(value, int | float) and math.isfinite(value)
    except OverflowError:  # an integer beyond every float
        return False
