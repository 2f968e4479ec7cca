"""What of a folder is in an index already, what is not yet, and what is gone.

Both sides are tables of a temporary SQLite database, so that a gallery of any size is compared in
flat memory; a crash leaves nothing of it.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from serving.encoding import stamp_of
from serving.folders import walk_pictures

# Names need not be text in a folder, so they are bytes here.
_SCHEMA = """
CREATE TABLE pictures (name BLOB PRIMARY KEY, bytes INTEGER, modified INTEGER);
CREATE TABLE known (
    name BLOB PRIMARY KEY, bytes INTEGER, modified INTEGER, sha256 TEXT, here INTEGER
);
CREATE TABLE touched (name BLOB PRIMARY KEY, modified INTEGER);
"""
_FACTS = {"bytes": int, "modified": int, "sha256": str}  # that a gallery notes of each picture
_TO_READ = """
FROM pictures LEFT JOIN known USING (name)
WHERE known.name IS NULL OR NOT known.here
OR known.bytes IS NOT pictures.bytes OR known.modified IS NOT pictures.modified
"""
_GONE = "FROM known WHERE name NOT IN (SELECT name FROM pictures)"
_SOME = 1024


class Plan:
    """A folder beside what an index knows of it.

    Args:
        folder: the pictures, at any depth.

    Raises:
        ServingError: no such folder, or no picture in it.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        # An unnamed database is SQLite's temporary file: in memory until it grows.
        self._tables = sqlite3.connect("", isolation_level=None)
        self._tables.executescript(_SCHEMA)
        try:
            self._insert("pictures", self._pictures())
        except BaseException:
            self._tables.close()
            raise

    def __enter__(self) -> "Plan":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._tables.close()

    def know(self, items: Iterable[tuple[str, dict[str, Any]]], same_folder: bool) -> None:
        """Takes in what an index holds.

        Args:
            items: ids and metadata; those that no gallery made are passed over.
            same_folder: whether they are of this very folder. Of another one, whatever has the
                same name is read, and encoded unless its bytes are the same.
        """
        self._insert(
            "known",
            (
                (name.encode(), *(values[fact] for fact in _FACTS), same_folder)
                for name, values in items
                if all(isinstance(values.get(fact), kind) for fact, kind in _FACTS.items())
            ),
        )

    def note_same(self, pictures: Iterable[tuple[str, int]]) -> None:
        """Notes pictures that were read and are the same: some have another time of change now."""
        query = "INSERT OR REPLACE INTO touched SELECT name, ? FROM known WHERE name = ? "
        for name, modified in pictures:
            values = (modified, name.encode(), modified)
            self._tables.execute(f"{query} AND modified IS NOT ?", values)

    @property
    def touched(self) -> int:
        """Pictures of which nothing but the time of change is another."""
        return self._count("FROM touched")

    def times(self, ids: Sequence[str]) -> dict[str, int]:
        """The times of change of those of some pictures that are touched."""
        places = ", ".join("?" * len(ids))
        query = f"SELECT name, modified FROM touched WHERE name IN ({places})"
        rows = self._tables.execute(query, [name.encode() for name in ids])
        return {name.decode(): modified for name, modified in rows}

    @property
    def kept(self) -> int:
        """Pictures that are in the index as they are in the folder."""
        return self._count("FROM pictures") - self.to_read

    @property
    def to_read(self) -> int:
        """Pictures that are new, or may have changed."""
        return self._count(_TO_READ)

    def reading(self) -> Iterator[tuple[Path, str | None]]:
        """The pictures to read: the path, and the sha256 of the one that is in the index."""
        rows = self._tables.execute(f"SELECT name, sha256 {_TO_READ} ORDER BY pictures.rowid")
        for name, known in rows:
            yield self.folder / os.fsdecode(name), known

    def gone(self) -> Iterator[list[str]]:
        """Ids of what is in the index and no longer in the folder; in parts."""
        rows = self._tables.execute(f"SELECT name {_GONE}")
        while some := rows.fetchmany(_SOME):
            yield [name.decode() for (name,) in some]

    def _pictures(self) -> Iterator[tuple[bytes, int, int]]:
        for path in walk_pictures(self.folder):
            yield os.fsencode(path.relative_to(self.folder).as_posix()), *stamp_of(path)

    def _insert(self, table: str, rows: Iterable[tuple]) -> None:
        rows = iter(rows)
        first = next(rows, None)
        if first is None:
            return
        places = ", ".join("?" * len(first))
        self._tables.execute("BEGIN")
        self._tables.execute(f"INSERT INTO {table} VALUES ({places})", first)
        self._tables.executemany(f"INSERT INTO {table} VALUES ({places})", rows)
        self._tables.execute("COMMIT")

    def _count(self, of: str) -> int:
        return self._tables.execute(f"SELECT count(*) {of}").fetchone()[0]
