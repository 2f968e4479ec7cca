"""Who changes an index, and who still reads a generation: the kernel's own locks.

They end with the process that holds them, however it ends, so that none is stale; but a child that
was forked from it holds them too, until it ends itself.
"""

import errno
import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from serving.errors import ServingError


def lock_writer(folder: Path, name: str) -> IO[str]:
    """Becomes the one writer of an index, until the file is closed.

    Args:
        folder: the index.
        name: of the lock's file; while it is held, the file says by whom.

    Returns:
        The open file.

    Raises:
        ServingError: names the process that writes already.
    """
    file = (folder / name).open("a+", encoding="utf-8", errors="replace")
    try:
        _take(file.fileno(), fcntl.LOCK_EX)
    except BlockingIOError as error:
        file.seek(0)
        holder = file.read(200).strip() or "another process"
        file.close()
        wait = "Wait until it has ended, or open the index for reading"
        raise ServingError(f"{folder}: {holder} is writing this index. {wait}") from error
    file.truncate(0)
    file.write(f"process {os.getpid()} on {socket.gethostname()}\n")
    file.flush()
    return file


def hold(generation: Path) -> int:
    """Keeps a generation from being removed until the descriptor is closed.

    Raises:
        FileNotFoundError: it has just been removed.
    """
    descriptor = os.open(generation, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        generation.stat()  # the lock may have been waited for while it was removed
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


@contextmanager
def take_if_unheld(generation: Path) -> Iterator[bool]:
    """Keeps readers from a generation, if none has it: yields whether that is so."""
    try:
        descriptor = os.open(generation, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        yield False
        return
    try:
        _take(descriptor, fcntl.LOCK_EX)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(descriptor)


def _take(descriptor: int, kind: int) -> None:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
            raise
        raise BlockingIOError(error.errno, "held by another") from error
