"""What was added and removed since the generation, in SQLite: durable when a change returns.

A change is a row: an id with a vector was added, one without was removed. Their numbers have no
gap, each row has a checksum, and the number of the last one that a caller was told of is kept
beside, so that a damaged database or write-ahead log never loses one unnoticed.
"""

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serving.errors import ServingError
from serving.index.stored.journal_files import (
    FACTS,
    SWITCHED,
    TRIMMED,
    checksum,
    connect,
    read_acknowledged,
    sealed,
    write_state,
)
from serving.index.stored.layout import ACKNOWLEDGED, JOURNAL
from serving.index.stored.sqlite_errors import damaged, told
from serving.index.validate import dump_facts

_LATEST = """
FROM changes AS a WHERE seq > ? AND seq <= ?
AND seq = (SELECT max(seq) FROM changes AS b WHERE b.id = a.id AND b.seq <= ?) ORDER BY seq
"""
_BATCH = 1024
_WORTH_IT, _QUICK = 256, 512  # pages of 4 kB


@dataclass(frozen=True)
class Change:
    """One change.

    Args:
        seq: its number.
        id: of the item.
        vector: its bytes, or `None` where it was removed.
        metadata: JSON text, or `None` where it was removed.
    """

    seq: int
    id: str
    vector: bytes | None
    metadata: str | None


class Journal:
    """The changes of an index.

    Args:
        folder: the index.
        writable: to add changes.
    """

    def __init__(self, folder: Path, writable: bool):
        self._folder = folder
        self._acknowledged = None
        with self._named():
            self._connection = connect(folder, writable)
        try:
            self._check()
            if writable:
                flags = os.O_RDWR | os.O_CREAT
                self._acknowledged = os.open(folder / ACKNOWLEDGED, flags, 0o644)
        except BaseException:
            self._connection.close()
            raise

    @property
    def last(self) -> int:
        """The number of the last change."""
        return self._one("SELECT max(seq) FROM changes") or self.trimmed

    @property
    def trimmed(self) -> int:
        """The number of the last change that is in a generation and no longer here."""
        return int(self._read_state(TRIMMED))

    @property
    def facts(self) -> dict[str, Any]:
        """What `note` was given."""
        return json.loads(self._read_state(FACTS))

    def version(self) -> int:
        """A number that another process's writing changes."""
        try:  # every search asks: not by way of `_all`
            return self._connection.execute("PRAGMA data_version").fetchone()[0]
        except sqlite3.Error:
            return self._one("PRAGMA data_version")  # says whose error it is

    def append(self, rows: Sequence[tuple[str, bytes | None, str | None]]) -> list[Change]:
        """Adds changes: id, vector, metadata; all are on the disk when it returns, or none.

        Raises:
            OSError: the disk is full, or the like.
        """
        changes = [Change(number, *row) for number, row in enumerate(rows, self.last + 1)]
        with self._writing():
            self._connection.executemany(
                "INSERT INTO changes VALUES (?, ?, ?, ?, ?)",
                ((*row, checksum(*row)) for row in map(_row, changes)),
            )
        with suppress(OSError):  # then it says less than it might
            os.pwrite(self._acknowledged, sealed(changes[-1].seq), 0)
        return changes

    def note(self, facts: dict[str, Any]) -> None:
        """Keeps facts.

        Raises:
            ServingError: they are not plain values.
        """
        text = dump_facts(facts)
        with self._writing():
            write_state(self._connection, FACTS, text)

    def announce(self, generation: int) -> None:
        """Tells readers of a switch: they look for another generation when this changes.

        Raises:
            OSError: the disk is full, or the like.
        """
        told = self._all("SELECT value FROM state WHERE name = ?", (SWITCHED,))
        if told != [(str(generation),)]:
            with self._writing():
                write_state(self._connection, SWITCHED, str(generation))

    def changes(self, after: int) -> Iterator[Change]:
        """The changes after one, checked, in order.

        Raises:
            ServingError: one is damaged or lost.
        """
        query = "SELECT seq, id, vector, metadata, crc FROM changes WHERE seq > ? ORDER BY seq"
        while rows := self._all(f"{query} LIMIT {_BATCH}", (after,)):
            for row in rows:
                after += 1
                if row[0] != after:
                    raise self._damaged(f"change {after} is lost")
                yield self._change(row)

    def present(self, ids: Sequence[str], after: int) -> dict[str, bool]:
        """Of those ids that changed after a change: whether each is there now."""
        query = (
            "SELECT changes.id, vector IS NOT NULL FROM json_each(?) "
            "CROSS JOIN changes ON changes.id = value WHERE seq > ? ORDER BY seq"
        )
        rows = self._all(query, (json.dumps(list(ids)), after))
        return {name: bool(there) for name, there in rows}

    def latest(self, after: int, upto: int) -> Iterator[Change]:
        """Of every id that was changed in between, the last change, in order."""
        query = f"SELECT seq, id, vector, metadata, crc {_LATEST} LIMIT {_BATCH}"
        while rows := self._all(query, (after, upto, upto)):
            yield from map(self._change, rows)
            after = rows[-1][0]

    def changed(self, after: int, upto: int) -> Iterator[list[tuple[str, bool]]]:
        """Every id that was changed in between, and whether it is there at the end; in parts."""
        query = f"SELECT seq, id, vector IS NOT NULL {_LATEST} LIMIT {_BATCH}"
        while rows := self._all(query, (after, upto, upto)):
            yield [(name, bool(there)) for _, name, there in rows]
            after = rows[-1][0]

    def trim(self, upto: int, batch: int = 256) -> bool:
        """Forgets some of the changes that a generation contains; whether there is more to do."""
        trimmed, last = self.trimmed, self.last
        if trimmed >= upto:
            return self._shrink()
        stop = last if upto == last else min(upto, trimmed + batch)
        where = "" if stop == last else f" WHERE seq <= {stop}"  # without, no page is read
        with self._writing():
            self._connection.execute(f"DELETE FROM changes{where}")
            write_state(self._connection, TRIMMED, str(stop))
        return True

    def _shrink(self) -> bool:
        """Gives the disk what is free inside, where that is much and the rest quickly copied."""
        free, pages = self._one("PRAGMA freelist_count"), self._one("PRAGMA page_count")
        if free > _WORTH_IT and pages - free < _QUICK:
            with self._named():
                self._connection.execute("VACUUM")
        return False

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """What is read inside is of one moment."""
        with self._named():
            self._connection.execute("BEGIN")
        try:
            yield
        finally:
            with self._named():
                self._connection.execute("COMMIT")

    def check_structure(self) -> None:
        """That the database is whole, and finds by id what it holds.

        Raises:
            ServingError: says what is damaged.
        """
        with self._named():
            problem = self._one("PRAGMA integrity_check(1)")
        if problem != "ok":
            raise self._damaged(" ".join(problem.split()))

    def check(self) -> None:
        """Reads everything.

        Raises:
            ServingError: says what is damaged.
        """
        self.check_structure()
        for _ in self.changes(self.trimmed):
            pass

    def close(self) -> None:
        """Lets go of the files; the write-ahead log goes into the database."""
        self._connection.close()
        if self._acknowledged is not None:
            os.close(self._acknowledged)
            self._acknowledged = None

    def _check(self) -> None:
        """That what callers were told of is there. The file first: a writer may be at work."""
        acknowledged = read_acknowledged(self._folder)
        json.loads(self._read_state(FACTS))
        missing = acknowledged - self.last
        if missing > 0:
            raise self._damaged(f"{missing} of its last changes are lost")

    def _change(self, row: tuple) -> Change:
        if row[-1] != checksum(*row[:-1]):
            raise self._damaged(f"change {row[0]} is altered")
        return Change(*row[:-1])

    def _read_state(self, name: str) -> str:
        rows = self._all("SELECT value, crc FROM state WHERE name = ?", (name,))
        if not rows or rows[0][1] != checksum(name, rows[0][0]):
            raise self._damaged(f"its {name} are altered")
        return rows[0][0]

    def _one(self, query: str) -> Any:
        return self._all(query)[0][0]

    def _all(self, query: str, values: tuple = ()) -> list[tuple]:
        with self._named():
            return self._connection.execute(query, values).fetchall()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._named():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _named(self) -> AbstractContextManager[None]:
        return told(self._folder, JOURNAL)

    def _damaged(self, problem: str) -> ServingError:
        return damaged(self._folder, JOURNAL, problem)


def _row(change: Change) -> tuple[int, str, bytes | None, str | None]:
    return change.seq, change.id, change.vector, change.metadata
