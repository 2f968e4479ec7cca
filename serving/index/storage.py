"""An index's life on disk: a generation per save, one atomic switch, one writer at a time.

    INDEX/manifest.json              names the generation; replaced in one step
    INDEX/generation-000001/...      the files; never changed once the manifest names them
    INDEX/.writing/                  a generation in the making; a crash may leave it
    INDEX/.lock                      held by the writer; the kernel frees it when that dies

A crash at any point leaves the manifest, and so the index, either old or new; the next write
sweeps up what the crash left. A reader that maps an old generation keeps it after it is gone.
"""

import errno
import fcntl
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from serving.errors import ServingError
from serving.files import sync_folder, write_atomically
from serving.index.manifest import MANIFEST, FileRecord, Manifest, record_file

_WRITING = ".writing"
_LOCK = ".lock"
_GENERATION = re.compile(r"generation-(\d{6,})")
_LEFTOVER = re.compile(r"\.writing|\.lock|\.manifest\.json\.\d+\.tmp|generation-\d{6,}")


def check_target(folder: Path) -> None:
    """Refuses a folder that an index must not be written to.

    Args:
        folder: an index to replace, or a folder that is new or empty.

    Raises:
        ServingError: a file, or a folder with something else inside.
    """
    if not folder.exists():
        return
    if not folder.is_dir():
        raise ServingError(f"{folder}: a file is in the way. Name a new folder for the index")
    names = _names(folder)
    is_index = MANIFEST in names and any(map(_GENERATION.fullmatch, names))
    if not is_index and not all(map(_LEFTOVER.fullmatch, names)):
        inside = f"it holds {min(names)!r} and is not an index"
        raise ServingError(f"{folder}: {inside}. Name a new or empty folder for the index")


def write_generation(
    folder: Path,
    fill: Callable[[Path], None],
    describe: Callable[[str, dict[str, FileRecord]], Manifest],
) -> None:
    """Writes a generation beside the current one and switches to it.

    Args:
        folder: the index; made where it is missing.
        fill: writes the generation's files into the folder it is given.
        describe: turns the generation's name and its files' records into the manifest.

    Raises:
        ServingError: the folder is something else, or another process is writing.
        OSError: no space left, or the like; the index that was there stays.
    """
    check_target(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with _lock(folder):
        try:
            _switch(folder, fill, describe)
        except BaseException:
            _forget_if_new(folder)
            raise


def _switch(
    folder: Path,
    fill: Callable[[Path], None],
    describe: Callable[[str, dict[str, FileRecord]], Manifest],
) -> None:
    writing = folder / _WRITING
    try:
        _sweep(folder)
        writing.mkdir()
        fill(writing)
        records = _sync_and_record(writing)
        name = _next_generation(folder)
        os.rename(writing, folder / name)  # noqa: PTH104 (the tests kill the process here)
        sync_folder(folder)
        write_atomically(folder / MANIFEST, describe(name, records).dump())
    finally:
        _sweep(folder)


def _forget_if_new(folder: Path) -> None:
    """A first write that failed leaves no folder: nothing but the lock is in it."""
    if _names(folder) == {_LOCK}:
        shutil.rmtree(folder, ignore_errors=True)


def _sync_and_record(writing: Path) -> dict[str, FileRecord]:
    records = {}
    for path in sorted(writing.rglob("*")):
        if path.is_dir():
            sync_folder(path)
            continue
        with path.open("rb") as file:
            os.fsync(file.fileno())
        records[path.relative_to(writing).as_posix()] = record_file(path)
    sync_folder(writing)
    return records


def _next_generation(folder: Path) -> str:
    numbers = [int(found[1]) for found in map(_GENERATION.fullmatch, _names(folder)) if found]
    return f"generation-{max(numbers, default=0) + 1:06d}"


def _sweep(folder: Path) -> None:
    """Removes what no manifest names; with an unreadable manifest, no generation is touched."""
    shutil.rmtree(folder / _WRITING, ignore_errors=True)
    for half in folder.glob(f".{MANIFEST}.*.tmp"):
        half.unlink()
    try:
        current = json.loads((folder / MANIFEST).read_bytes())["generation"]
    except FileNotFoundError:
        current = None
    except (ValueError, KeyError, TypeError):
        return
    for name in _names(folder):
        if _GENERATION.fullmatch(name) and name != current:
            shutil.rmtree(folder / name, ignore_errors=True)


def _names(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    with (folder / _LOCK).open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise
            file.seek(0)
            holder = f"process {file.read().strip() or '?'} is writing this index"
            raise ServingError(f"{folder}: {holder}. Wait until it has ended") from error
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
