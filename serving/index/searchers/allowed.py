"""Which rows a search may find: a mask of them, or what a filter selects."""

import sqlite3
from collections import OrderedDict
from collections.abc import Mapping
from functools import cached_property
from threading import Lock
from typing import Any, Protocol

import numpy as np

from serving.index.filters import matching, matching_among

_SAMPLE = 500
_KEPT = 32  # filters whose rows are remembered


class Allowed(Protocol):
    """Rows that a search may find.

    Attributes:
        share: of all rows, more or less.
    """

    share: float

    def of(self, rows: np.ndarray) -> np.ndarray:
        """Which of some rows are allowed, bool of the same shape."""
        ...

    def rows(self) -> np.ndarray:
        """All of them, (m,) int64."""
        ...


class Mask:
    """Rows that are marked.

    Args:
        mask: (n,) bool.
    """

    def __init__(self, mask: np.ndarray):
        self._mask = mask

    @cached_property
    def share(self) -> float:
        """Of all rows."""
        return np.count_nonzero(self._mask) / max(1, len(self._mask))

    def of(self, rows: np.ndarray) -> np.ndarray:
        """Which of some rows are marked."""
        return self._mask[rows]

    def rows(self) -> np.ndarray:
        """All that are marked."""
        return np.flatnonzero(self._mask)


class Selections:
    """What filters select of a table that never changes.

    Where a filter lets many rows through, only the rows that a search met are looked up. All of
    them are selected where it lets few through, and remembered.

    Args:
        table: has a table `items (row, id, metadata)`, its rows numbered from 0.
        count: how many rows there are.
    """

    def __init__(self, table: sqlite3.Connection, count: int):
        self._table, self._count, self._lock = table, count, Lock()
        self._shares: OrderedDict[str, float] = OrderedDict()
        self._rows: OrderedDict[str, np.ndarray] = OrderedDict()

    def by(self, where: Mapping[str, Any], kept: np.ndarray | None) -> "Selected":
        """What a filter, checked, selects of the rows that are kept, (n,) bool or `None`."""
        return Selected(self, where, kept)

    def share(self, where: Mapping[str, Any]) -> float:
        """The share of the rows that a filter selects, by a sample."""
        return _remembered(self._lock, self._shares, where, self._sampled)

    def rows(self, where: Mapping[str, Any]) -> np.ndarray:
        """The rows that a filter selects, ascending."""
        return _remembered(self._lock, self._rows, where, self._selected)

    def among(self, where: Mapping[str, Any], rows: np.ndarray) -> np.ndarray:
        """Those of some rows that a filter selects."""
        return matching_among(self._table, where, rows)

    def _sampled(self, where: Mapping[str, Any]) -> float:
        rows = np.unique(np.linspace(0, self._count - 1, _SAMPLE).astype(np.int64))
        return len(self.among(where, rows)) / len(rows)

    def _selected(self, where: Mapping[str, Any]) -> np.ndarray:
        return np.sort(matching(self._table, where))


class Selected:
    """What a filter selects.

    Args:
        selections: of the table.
        where: the filter, checked.
        kept: (n,) bool, of which rows, or `None` for all.
    """

    def __init__(self, selections: Selections, where: Mapping[str, Any], kept: np.ndarray | None):
        self._selections, self._where, self._kept = selections, where, kept

    @property
    def share(self) -> float:
        """Of all rows, by a sample."""
        return self._selections.share(self._where)

    def of(self, rows: np.ndarray) -> np.ndarray:
        """Which of some rows are selected."""
        good = np.isin(rows, self._selections.among(self._where, np.unique(rows)))
        return good if self._kept is None else good & self._kept[rows]

    def rows(self) -> np.ndarray:
        """All that are selected."""
        rows = self._selections.rows(self._where)
        return rows if self._kept is None else rows[self._kept[rows]]


def _remembered(lock: Lock, known: OrderedDict, where: Mapping[str, Any], ask: Any) -> Any:
    key = repr(where)
    with lock:
        if key in known:
            known.move_to_end(key)
            return known[key]
    answer = ask(where)
    with lock:
        known[key] = answer
        while len(known) > _KEPT:
            known.popitem(last=False)
    return answer
