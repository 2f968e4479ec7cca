"""Ids and metadata in SQLite, one row a vector: what finds rows by id and filters by metadata."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from serving.index.fields import index_fields

FILE = "items.sqlite"
_SCHEMA = """
CREATE TABLE items (row INTEGER PRIMARY KEY, id TEXT NOT NULL, metadata TEXT NOT NULL);
"""
_BY_ID = "CREATE INDEX items_by_id ON items (id)"


class Items:
    """A table `items (row, id, metadata)`.

    Args:
        connection: to its database.
    """

    def __init__(self, connection: sqlite3.Connection):
        self.connection = connection

    @classmethod
    def open(cls, generation: Path) -> "Items":
        """Those of a generation, which nobody changes any more."""
        address = f"{(generation / FILE).absolute().as_uri()}?immutable=1"
        connection = sqlite3.connect(address, uri=True, check_same_thread=False)
        connection.execute(f"PRAGMA mmap_size={2**32}")
        return cls(connection)

    @classmethod
    def in_memory(cls) -> "Items":
        """An empty table, of what was added since."""
        return cls(_new(sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)))

    def insert(self, first: int, ids: Iterable[str], metadata: Iterable[str]) -> None:
        """Adds rows, numbered from `first`; metadata as JSON text."""
        rows = ((first + at, *row) for at, row in enumerate(zip(ids, metadata, strict=True)))
        self.connection.executemany("INSERT INTO items VALUES (?, ?, ?)", rows)

    def rows_of(self, ids: Sequence[str]) -> dict[str, int]:
        """The rows of those ids that are there; the last, where an id has several."""
        query = (
            "SELECT items.id, row FROM json_each(?) CROSS JOIN items ON items.id = value "
            "ORDER BY row"
        )
        return dict(self.connection.execute(query, (json.dumps(list(ids)),)).fetchall())

    def metadata_of(self, rows: Sequence[int]) -> dict[int, dict[str, Any]]:
        """The metadata of rows."""
        found = self.connection.execute(
            "SELECT row, metadata FROM json_each(?) CROSS JOIN items ON row = value",
            (json.dumps([int(row) for row in rows]),),
        )
        return {row: json.loads(text) for row, text in found.fetchall()}

    def texts(self, start: int, stop: int) -> list[str]:
        """The metadata of a range of rows, as JSON text."""
        query = "SELECT metadata FROM items WHERE row >= ? AND row < ? ORDER BY row"
        return [text for (text,) in self.connection.execute(query, (start, stop))]


class ItemsWriter:
    """Writes a generation's table.

    Args:
        generation: its folder, in the making.
    """

    def __init__(self, generation: Path):
        # Nobody reads it before it is whole: no need of a journal, and it is flushed at the end.
        self._connection = sqlite3.connect(generation / FILE, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=OFF")
        self._connection.execute("PRAGMA synchronous=OFF")
        self._items = Items(self._connection)
        self._connection.executescript(_SCHEMA)
        self._next = 0

    def write(self, ids: Sequence[str], metadata: Sequence[str]) -> None:
        """Adds rows; metadata as JSON text."""
        self._connection.execute("BEGIN")
        self._items.insert(self._next, ids, metadata)
        self._connection.execute("COMMIT")
        self._next += len(ids)

    def close(self) -> None:
        """Finishes the file; an id that is there twice is an error."""
        self._connection.execute(_BY_ID.replace("CREATE", "CREATE UNIQUE"))
        index_fields(self._connection)
        self._connection.close()

    def abandon(self) -> None:
        """Lets go of the file."""
        self._connection.close()


def _new(connection: sqlite3.Connection) -> sqlite3.Connection:
    connection.executescript(_SCHEMA + _BY_ID)
    return connection
