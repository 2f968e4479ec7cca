"""Files of a build, on this machine or in a bucket: whole, or not there.

Everything goes through Beam's file systems, so that the workers of a cluster write where the
driver reads. On this machine, files are flushed to the disk before they get their names.
"""

import fcntl
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems

from sbir_tf.data.records.files import open_regular
from sbir_tf.data.records.told import told
from sbir_tf.errors import UserError

_PLAIN = CompressionTypes.UNCOMPRESSED
_ASIDE = re.compile(r"\.[^/]+\.[0-9a-f]{32}\.tmp")


def is_local(path: str) -> bool:
    """Whether a path is of this machine."""
    return "://" not in path


def join(folder: str, name: str) -> str:
    """A file in a folder."""
    return FileSystems.join(folder, *name.split("/"))


@contextmanager
def whole(folder: str, name: str) -> Iterator[BinaryIO]:
    """A file to write, that gets its name when all is written.

    Args:
        folder: Where to write.
        name: Below the folder.

    Yields:
        The file, open for writing.

    Raises:
        UserError: If it cannot be written: no space, no permission.
    """
    place, _, last = name.rpartition("/")
    aside = join(folder, f"{place}/.{last}.{uuid.uuid4().hex}.tmp".lstrip("/"))
    try:
        with FileSystems.create(aside, compression_type=_PLAIN) as file:
            yield file
            if is_local(folder):
                file.flush()
                os.fsync(file.fileno())
        FileSystems.rename([aside], [join(folder, name)])
        if is_local(folder):
            _flush_folder(Path(folder) / place)
    except OSError as error:
        raise UserError(
            f"{join(folder, name)} cannot be written ({error.strerror or error}): mend that and "
            "run the same command again; what is finished stays"
        ) from error
    finally:
        with suppress(Exception):  # renamed already, or never made
            _remove(aside)


@contextmanager
def locked(folder: str) -> Iterator[None]:
    """Keeps a second build of the same folder away, on this machine.

    Raises:
        UserError: If there is one, or the folder is a file, cannot be made or is of a file
            system that Beam does not have here.
    """
    if not is_local(folder):
        _check_system(folder)
        yield
        return
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise UserError(f"{folder} cannot be a folder ({error.strerror}): name another") from error
    try:
        _lock(descriptor, folder)
        yield
    finally:
        os.close(descriptor)


def read(folder: str, name: str, offset: int = 0, length: int = -1) -> bytes:
    """Bytes of a file; all of them unless told otherwise."""
    with opened(folder, name) as file:
        file.seek(offset)
        return file.read(length)


def opened(folder: str, name: str) -> BinaryIO:
    """A file to read."""
    if is_local(folder):
        return open_regular(join(folder, name))
    return FileSystems.open(join(folder, name), compression_type=_PLAIN)


def exists(folder: str, name: str) -> bool:
    """Whether a file is there."""
    return FileSystems.exists(join(folder, name))


def names(folder: str) -> list[str]:
    """Names in a folder, sorted, without what an interrupted write left aside."""
    return [name for name in _all_names(folder) if not _ASIDE.fullmatch(name)]


def remove(folder: str, name: str) -> None:
    """Remove a file, or a folder and all below it, where there is one."""
    path = join(folder, name)
    if exists(folder, name):
        _remove(path)
    elif not is_local(folder):  # a bucket has no folders, only what looks to be in one
        below = [file.path for file in FileSystems.match([f"{path}/**"])[0].metadata_list]
        if below:
            FileSystems.delete(below)


def remove_leftovers(folder: str) -> None:
    """Remove what an interrupted write left aside."""
    for name in _all_names(folder):
        if _ASIDE.fullmatch(name):
            _remove(join(folder, name))


def _check_system(folder: str) -> None:
    """Refuse a place of no file system that Beam has here, or that lacks options."""
    try:
        FileSystems.get_filesystem(folder)
    except Exception as error:  # each file system has its own
        raise UserError(f"{folder} cannot be written: {told(error)}") from error


def _lock(descriptor: int, folder: str) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise UserError(f"{folder} is being built by another process: wait for it") from error


def _all_names(folder: str) -> list[str]:
    if is_local(folder):
        place = Path(folder)
        return sorted(entry.name for entry in place.iterdir()) if place.is_dir() else []
    try:
        found = FileSystems.match([join(folder, "*")])[0].metadata_list
    except Exception as error:
        raise UserError(f"{folder} cannot be listed: {told(error)}") from error
    below = len(folder.rstrip("/")) + 1
    return sorted({file.path[below:].partition("/")[0] for file in found})


def _remove(path: str) -> None:
    if not is_local(path):
        FileSystems.delete([path])
    elif Path(path).is_dir():
        shutil.rmtree(path)
    else:
        Path(path).unlink()


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
