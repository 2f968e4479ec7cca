"""A folder of pictures to an index of their embeddings."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from serving.ahead import read_ahead
from serving.encoders.contract import Encoder
from serving.errors import ServingError
from serving.folders import list_pictures
from serving.index import Index, Model, check_target, skipped_file
from serving.index.validate import id_problem
from serving.pictures import read_bytes, read_picture

Progress = Callable[[Iterable[Any], str, int], Iterable[Any]]


def silent(iterable: Iterable[Any], description: str, total: int) -> Iterable[Any]:
    """No progress bar."""
    del description, total
    return iterable


@dataclass(frozen=True)
class IndexReport:
    """What `index_folder` did.

    Args:
        index: the index's folder.
        indexed: pictures in it.
        skipped: `{"path", "reason"}` of each picture left out, as in its `skipped.json`.
        skipped_file: that file, inside the index.
    """

    index: Path
    indexed: int
    skipped: tuple[dict[str, str], ...]
    skipped_file: Path


@dataclass(frozen=True)
class _Read:
    """A picture that was read, or the reason why it was not."""

    id: str
    pixels: np.ndarray | None = None
    metadata: dict[str, Any] | None = None
    reason: str = ""


def index_folder(
    encoder: Encoder,
    folder: Path | str,
    to: Path | str,
    batch_size: int = 32,
    progress: Progress = silent,
) -> IndexReport:
    """Encodes every picture below a folder and writes their index.

    Pictures stream through: at any time a few batches are in memory, shrunk. What cannot be
    read is skipped and reported. Ids are paths relative to the folder, with `/`.

    Args:
        encoder: of the pictures.
        folder: the pictures, at any depth.
        to: the index to write or replace.
        batch_size: pictures to a call of the encoder.
        progress: wraps the pictures as they are read.

    Returns:
        The report.

    Raises:
        ServingError: no pictures, none readable, or `to` is something else; nothing is written.
        OSError: no space left, or the like; an index that was there stays.
    """
    if batch_size < 1:
        raise ServingError(f"batch_size must be at least 1. Received: batch_size={batch_size}")
    folder, to = Path(folder), Path(to)
    paths = list_pictures(folder)
    check_target(to)
    skipped: list[dict[str, str]] = []
    ids, metadata, batches = [], [], []
    read = read_ahead(lambda path: _read(path, folder), paths, ahead=2 * batch_size)
    for batch in _batches(progress(read, "encoding pictures", len(paths)), batch_size, skipped):
        batches.append(encoder.encode([item.pixels for item in batch], "photo"))
        ids += [item.id for item in batch]
        metadata += [item.metadata for item in batch]
    if not ids:
        first = f"the first: {skipped[0]['reason']}"
        raise ServingError(f"{folder}: none of its {len(paths)} pictures can be read ({first})")
    index = Index.build(
        ids,
        np.concatenate(batches),
        Model(encoder.name, encoder.digest),
        metadata=metadata,
        pictures=folder,
        model_folder=encoder.path,
        skipped=skipped,
    )
    index.save(to)
    return IndexReport(to, len(ids), tuple(skipped), skipped_file(to))


def _read(path: Path, folder: Path) -> _Read:
    name = path.relative_to(folder).as_posix()
    if problem := id_problem(name):
        printable = name.encode(errors="backslashreplace").decode()
        return _Read(printable, reason=f"{printable!r}: {problem}")
    try:
        data = read_bytes(path)
        pixels = read_picture(data, name=str(path))
    except (ServingError, OSError) as error:
        return _Read(name, reason=str(error))
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
