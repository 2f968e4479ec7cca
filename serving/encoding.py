"""Pictures to rows of numbers, as a stream.

Pictures are read and shrunk in threads, some batches ahead, and two batches are encoded at a
time: while one is being handed to the network or taken from it, the other keeps it busy.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from pictures import PictureError, read_bytes, read_picture
from serving.ahead import read_ahead
from serving.index.classes import class_of
from serving.index.validate import id_problem

Progress = Callable[[Iterable[Any], str, int], Iterable[Any]]
Encode = Callable[[list[np.ndarray]], np.ndarray]

READERS = max(2, os.cpu_count() or 1)
_ENCODERS = 2


def silent(iterable: Iterable[Any], description: str, total: int) -> Iterable[Any]:
    """No progress bar."""
    del description, total
    return iterable


@dataclass(frozen=True)
class Encoded:
    """What `encode_pictures` made.

    Args:
        ids: of the pictures that could be read, in their order.
        rows: one a picture, whatever the encoder gave; `None` without pictures.
        metadata: bytes and sha256 of each picture's file.
        skipped: `{"path", "reason"}` of each picture left out.
    """

    ids: list[str]
    rows: np.ndarray | None
    metadata: list[dict[str, Any]]
    skipped: list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class Read:
    """A picture that was read, or the reason why it was not.

    Args:
        id: its path relative to the gallery; printable where it cannot be read.
        pixels: (H, W, 3) uint8; `None` where there is a reason, or nothing new.
        metadata: bytes and sha256 of its file, and when that was last changed, in ns.
        reason: why it could not be read, or "".
    """

    id: str
    pixels: np.ndarray | None = None
    metadata: dict[str, Any] | None = None
    reason: str = ""


def encode_pictures(
    encode: Encode,
    paths: Sequence[Path],
    folder: Path,
    batch_size: int = 32,
    progress: Progress = silent,
) -> Encoded:
    """Encodes pictures; their rows are kept in memory, their pixels are not.

    Args:
        encode: makes one row a picture, of a batch of uint8 arrays (H, W, 3).
        paths: the pictures.
        folder: what their ids are relative to.
        batch_size: pictures to a call of `encode`.
        progress: wraps the pictures as they are read.

    Returns:
        The rows, and what was skipped.
    """
    skipped: list[dict[str, str]] = []
    ids, metadata, rows = [], [], []
    read = read_ahead(lambda path: read_one(path, folder), paths, 2 * batch_size, READERS)
    readable = _readable(progress(read, "encoding pictures", len(paths)), skipped)
    for batch, encoded in encode_stream(encode, readable, batch_size):
        rows.append(encoded)
        ids += [item.id for item in batch]
        metadata += [item.metadata for item in batch]
    return Encoded(ids, np.concatenate(rows) if rows else None, metadata, skipped)


def encode_stream(
    encode: Encode, pictures: Iterable[Read], batch_size: int
) -> Iterator[tuple[list[Read], np.ndarray]]:
    """Encodes pictures as they come, in order.

    Args:
        encode: makes one row a picture; called from two threads.
        pictures: with pixels.
        batch_size: pictures to a call of `encode`.

    Yields:
        Pictures without their pixels, and their rows.
    """

    def encoded(batch: list[Read]) -> tuple[list[Read], np.ndarray]:
        rows = encode([item.pixels for item in batch])
        return [Read(item.id, metadata=item.metadata) for item in batch], rows

    yield from read_ahead(encoded, _batches(pictures, batch_size), _ENCODERS - 1, _ENCODERS)


def none_readable(folder: Path, skipped: Sequence[dict[str, str]]) -> str:
    """The error of a folder without one readable picture."""
    first = f"the first: {skipped[0]['reason']}"
    return f"{folder}: none of its {len(skipped)} pictures can be read ({first})"


def read_one(path: Path, folder: Path, known: str | None = None) -> Read:
    """Reads a picture.

    Args:
        path: its file.
        folder: what its id is relative to.
        known: sha256 of the file whose row there is already: its pixels are not wanted.

    Returns:
        What was read, or why nothing was.
    """
    name = path.relative_to(folder).as_posix()
    if problem := id_problem(name):
        printable = name.encode(errors="backslashreplace").decode()
        return Read(printable, reason=f"{printable!r}: {problem}")
    try:
        modified = stamp_of(path)[1]  # before its bytes are read: what changes meanwhile shows
        data = read_bytes(path)
        digest = sha256(data).hexdigest()
        facts = {"bytes": len(data), "sha256": digest, "modified": modified}
        if digest == known:
            return Read(name, None, facts)
        return Read(name, read_picture(data, name=str(path)), facts)
    except (PictureError, OSError) as error:
        return Read(name, reason=str(error))
    except MemoryError:
        return Read(name, reason=f"{path}: needs more memory than there is")


def metadata_of(read: Read) -> dict[str, Any]:
    """What an index keeps of a picture."""
    return {**(read.metadata or {}), "class": class_of(read.id)}


def stamp_of(path: Path) -> tuple[int, int]:
    """A file's size in bytes and its time of change in ns; -1 if it is gone."""
    try:
        status = path.stat()
    except OSError:  # or a link to nowhere: reading it will say so
        return -1, -1
    return status.st_size, status.st_mtime_ns


def _readable(items: Iterable[Read], skipped: list[dict[str, str]]) -> Iterator[Read]:
    for item in items:
        if item.reason:
            skipped.append({"path": item.id, "reason": item.reason})
        else:
            yield item


def _batches(items: Iterable[Read], size: int) -> Iterator[list[Read]]:
    batch: list[Read] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
