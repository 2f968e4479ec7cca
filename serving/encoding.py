"""Pictures to rows of numbers, as a stream."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from pictures import PictureError, read_bytes, read_picture
from serving.ahead import read_ahead
from serving.index.validate import id_problem

Progress = Callable[[Iterable[Any], str, int], Iterable[Any]]


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


@dataclass(frozen=True)
class _Read:
    """A picture that was read, or the reason why it was not."""

    id: str
    pixels: np.ndarray | None = None
    metadata: dict[str, Any] | None = None
    reason: str = ""


def encode_pictures(
    encode: Callable[[list[np.ndarray]], np.ndarray],
    paths: Sequence[Path],
    folder: Path,
    batch_size: int = 32,
    progress: Progress = silent,
) -> Encoded:
    """Encodes pictures as a stream: at any time a few batches are in memory, shrunk.

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
    read = read_ahead(lambda path: _read(path, folder), paths, ahead=2 * batch_size)
    for batch in _batches(progress(read, "encoding pictures", len(paths)), batch_size, skipped):
        rows.append(encode([item.pixels for item in batch]))
        ids += [item.id for item in batch]
        metadata += [item.metadata for item in batch]
    return Encoded(ids, np.concatenate(rows) if rows else None, metadata, skipped)


def none_readable(folder: Path, found: Encoded) -> str:
    """The error of a folder without one readable picture."""
    first = f"the first: {found.skipped[0]['reason']}"
    return f"{folder}: none of its {len(found.skipped)} pictures can be read ({first})"


def _read(path: Path, folder: Path) -> _Read:
    name = path.relative_to(folder).as_posix()
    if problem := id_problem(name):
        printable = name.encode(errors="backslashreplace").decode()
        return _Read(printable, reason=f"{printable!r}: {problem}")
    try:
        data = read_bytes(path)
        pixels = read_picture(data, name=str(path))
    except (PictureError, OSError) as error:
        return _Read(name, reason=str(error))
    except MemoryError:
        return _Read(name, reason=f"{path}: needs more memory than there is")
    return _Read(name, pixels, {"bytes": len(data), "sha256": sha256(data).hexdigest()})


def _batches(
    items: Iterable[_Read], size: int, skipped: list[dict[str, str]]
) -> Iterator[list[_Read]]:
    batch: list[_Read] = []
    for item in items:
        if item.pixels is None:
            skipped.append({"path": item.id, "reason": item.reason})
            continue
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
