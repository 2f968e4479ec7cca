"""SQLite's errors as the operating system's, or as ours."""

import errno
import json
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
# What passes, and says nothing of the files: no room, too many files open, not allowed.
_PASSING = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM),
    *(errno.EACCES, errno.EPERM, errno.EROFS),
}


@contextmanager
def told(folder: Path, name: str) -> Iterator[None]:
    """Says of an error which database of which index it concerns.

    Raises:
        OSError: the disk is full, or the like.
        ServingError: the database is damaged, closed, or locked by another process for too long.
    """
    try:
        yield
    except sqlite3.Error as error:
        if "closed database" in str(error):  # by another thread
            raise closed(folder) from error
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_CANTOPEN:
            raise _unopened(folder / name) from error
        if number := _OF_THE_SYSTEM.get(code):
            raise OSError(number, os.strerror(number), str(folder / name)) from error
        if code == sqlite3.SQLITE_BUSY:
            held = "another process has held it for a minute; end that one"
            raise ServingError(f"{folder}: {name} is locked: {held}") from error
        raise damaged(folder, name, str(error)) from error
    except (UnicodeDecodeError, json.JSONDecodeError, OverflowError) as error:
        raise damaged(folder, name, str(error)) from error


def passes(error: OSError, folder: Path) -> bool:
    """Whether an error is the machine's trouble, not the damage of a file in a folder."""
    elsewhere = not str(error.filename or "").startswith(str(folder))
    return error.errno in _PASSING or (error.errno == errno.ENOENT and elsewhere)


def closed(folder: Path) -> ServingError:
    """The error of using an index that has been closed."""
    return ServingError(f"{folder}: this index has been closed. Open it again")


def damaged(folder: Path, name: str, problem: str) -> ServingError:
    """The error of a damaged database."""
    return ServingError(f"{folder}: {name} is damaged ({problem}). {CURE}")


def _unopened(path: Path) -> OSError:
    """Why a database cannot be opened: SQLite does not say, the system does."""
    try:
        path.open("rb").close()
    except OSError as error:
        return error
    return OSError(errno.EACCES, "it or its log cannot be opened", str(path))
