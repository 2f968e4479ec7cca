"""Files and folders that are written aside and renamed, so that none is ever half-written."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Begins what is being written, or removed; a killed process may leave such behind.
ASIDE = ".aside."


@contextmanager
def written_aside(path: Path, replace: bool = False) -> Iterator[Path]:
    """A name to write a file or a folder under; at the end it takes the name `path`.

    It is on the disk, not only in memory, before it has its name. A file takes the place of one
    that is there; a folder does if it is to `replace` it. What fails leaves `path` as it was.
    The folder it is in is made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Keras, Pillow and NumPy read the format from the end of a name.
    aside = path.with_name(f"{ASIDE}{os.getpid()}.{path.name}")
    try:
        yield aside
        sync(aside)
        if replace and path.is_dir():
            exchange(aside, path)
        else:
            aside.rename(path)
        sync_folder(path.parent)
    except BaseException:
        remove(aside)
        raise


def exchange(aside: Path, folder: Path) -> None:
    """Let a folder that is whole take the place of another one, which is then removed."""
    old = folder.with_name(f"{ASIDE}{os.getpid()}.old.{folder.name}")
    folder.rename(old)
    try:
        aside.rename(folder)
    except BaseException:
        old.rename(folder)
        raise
    remove(old)


def sync(path: Path) -> None:
    """Bring a file, or a folder with all that it holds, to the disk."""
    if path.is_dir():
        for inside in path.iterdir():
            sync(inside)
        sync_folder(path)
        return
    with path.open("rb") as opened:
        os.fsync(opened.fileno())


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
    """Remove what killed processes left aside in a folder; what others are writing stays."""
    for left in folder.glob(f"{ASIDE}*"):
        if not is_alive(left.name.removeprefix(ASIDE).partition(".")[0]):
            remove(left)


def is_alive(process: str) -> bool:
    """Whether another process of this number runs; not of ours, which writes nothing now."""
    if not process.isdecimal() or int(process) == os.getpid():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
