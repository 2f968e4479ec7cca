"""SQLite's errors as the operating system's, or as ours."""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from serving.errors import ServingError
from serving.index.stored.layout import CURE

_OF_THE_SYSTEM = {
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_IOERR: errno.EIO,
    sqlite3.SQLITE_READONLY: errno.EROFS,
    sqlite3.SQLITE_PERM: errno.EACCES,
    sqlite3.SQLITE_NOMEM: errno.ENOMEM,
}


@contextmanager
def told(folder: Path, name: str) -> Iterator[None]:
    """Says of an error which database of which index it concerns.

    Raises:
        OSError: the disk is full, or the like.
        ServingError: the database is damaged, or locked by another process for too long.
    """
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if number := _OF_THE_SYSTEM.get(code):
            raise OSError(number, os.strerror(number), str(folder / name)) from error
        if code == sqlite3.SQLITE_BUSY:
            held = "another process has held it for a minute; end that one"
            raise ServingError(f"{folder}: {name} is locked: {held}") from error
        raise damaged(folder, name, str(error)) from error
    except (UnicodeDecodeError, OverflowError) as error:
        raise damaged(folder, name, str(error)) from error


def damaged(folder: Path, name: str, problem: str) -> ServingError:
    """The error of a damaged database."""
    return ServingError(f"{folder}: {name} is damaged ({problem}). {CURE}")
