"""One process at a time in a run's folder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sbir_tf.errors import UserError


def lock(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UserError(
            f"Another process is training in {folder}: wait until it has ended, or name another "
            "folder with --to"
        ) from None


@contextmanager
def only_process_in(folder: Path) -> Iterator[None]:
    """Inside, no other process gets in here for the same folder; the kernel frees it at death.

    Raises:
        UserError: If another one is inside.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        lock(descriptor, folder)
        yield
    finally:
        os.close(descriptor)
