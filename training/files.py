"""Files and folders that are written aside and renamed, so that none is ever half-written."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sbir_tf.errors import UserError

# Begins what is being written, or removed; a killed process may leave such behind.
ASIDE = ".aside."


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """A name to write a file or a folder under; at the end it takes the name `path`.

    It is on the disk, not only in memory, before it has its name. A file takes the place of one
    that is there; a folder does not. What fails leaves `path` as it was.
    """
    # Keras reads the format of weights from the end of a name.
    aside = path.with_name(f"{ASIDE}{os.getpid()}.{path.name}")
    try:
        yield aside
        sync(aside)
        aside.rename(path)
        sync_folder(path.parent)
    except BaseException:
        remove(aside)
        raise


def sync(path: Path) -> None:
    """Bring a file, or a folder of files, to the disk."""
    for file in path.iterdir() if path.is_dir() else (path,):
        with file.open("rb") as opened:
            os.fsync(opened.fileno())
    if path.is_dir():
        sync_folder(path)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def remove_whole(folder: Path) -> None:
    """Remove a folder that is never seen with some of its files gone."""
    aside = folder.with_name(f"{ASIDE}{os.getpid()}.old.{folder.name}")
    remove(aside)
    folder.rename(aside)
    remove(aside)


def sweep(folder: Path) -> None:
    """Remove what killed processes left aside in a folder."""
    for left in folder.glob(f"{ASIDE}*"):
        remove(left)


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
