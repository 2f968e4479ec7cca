"""The journal's files: the database and how it is opened, and what callers were told of last."""

import os
import sqlite3
import struct
import zlib
from contextlib import closing
from pathlib import Path

from serving.errors import ServingError
from serving.files import write_synced
from serving.index.stored.layout import ACKNOWLEDGED, CURE, JOURNAL
from serving.index.stored.sqlite_errors import told

TRIMMED, FACTS, SWITCHED = "trimmed", "facts", "switched"  # rows of `state`
_SCHEMA = """
CREATE TABLE changes (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL, vector BLOB, metadata TEXT, crc INTEGER NOT NULL
);
CREATE INDEX changes_by_id ON changes (id, seq);
CREATE TABLE state (name TEXT PRIMARY KEY, value TEXT NOT NULL, crc INTEGER NOT NULL);
"""
_PATIENCE = 60  # seconds that another process's turn with the database may take
_TRIES = 3


def make_journal(folder: Path) -> None:
    """Makes an empty one in a new folder."""
    with told(folder, JOURNAL), closing(_open(f"{_address(folder)}?mode=rwc")) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.executescript(_SCHEMA)
        write_state(database, TRIMMED, "0")
        write_state(database, FACTS, "{}")
        write_state(database, SWITCHED, "0")
    write_synced(folder / ACKNOWLEDGED, sealed(0))


def connect(folder: Path, writable: bool) -> sqlite3.Connection:
    """Opens the database of an index.

    Raises:
        ServingError: it is missing.
        sqlite3.Error: it cannot be opened.
    """
    if not (folder / JOURNAL).is_file():
        raise ServingError(f"{folder}: {JOURNAL} is missing. {CURE}")
    mode = "mode=rw" if writable else "mode=ro"
    if not writable and not os.access(folder, os.W_OK) and not _has_log(folder):
        mode = "immutable=1"  # SQLite has no place for its notes, and nobody writes
    database = _open(f"{_address(folder)}?{mode}")
    database.execute("PRAGMA synchronous=FULL")
    return database


def read_acknowledged(folder: Path) -> int:
    """The number of the last change that a caller was told of."""
    for _ in range(_TRIES):  # it may be read while it is being written
        try:
            data = (folder / ACKNOWLEDGED).read_bytes()
        except FileNotFoundError as error:
            raise ServingError(f"{folder}: {ACKNOWLEDGED} is missing. {CURE}") from error
        (seq,) = struct.unpack("<q", data[:8].ljust(8, b"\0"))
        if data == sealed(seq):
            return seq
    raise ServingError(f"{folder}: {ACKNOWLEDGED} is damaged. {CURE}")


def sealed(seq: int) -> bytes:
    """The bytes that say so."""
    data = struct.pack("<q", seq)
    return data + struct.pack("<I", zlib.crc32(data))


def write_state(database: sqlite3.Connection, name: str, value: str) -> None:
    """Keeps a value with its checksum."""
    row = (name, value, checksum(name, value))
    database.execute("INSERT OR REPLACE INTO state VALUES (?, ?, ?)", row)


def checksum(*values: int | str | bytes | None) -> int:
    """CRC-32 of a row."""
    # ASCII: what `repr` takes for printable differs between Pythons.
    parts = (value if isinstance(value, bytes) else ascii(value).encode() for value in values)
    return zlib.crc32(b"\0".join(parts))


def _address(folder: Path) -> str:
    return (folder / JOURNAL).absolute().as_uri()


def _has_log(folder: Path) -> bool:
    log = folder / f"{JOURNAL}-wal"
    return log.is_file() and log.stat().st_size > 0


def _open(address: str) -> sqlite3.Connection:
    return sqlite3.connect(
        address, timeout=_PATIENCE, isolation_level=None, check_same_thread=False, uri=True
    )
