"""Indexes a folder: only what is new or changed is encoded, and what is in stays in."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from serving.ahead import read_ahead
from serving.encoders.contract import Encoder
from serving.encoding import (
    READERS,
    Progress,
    Read,
    encode_stream,
    metadata_of,
    none_readable,
    read_one,
    silent,
)
from serving.errors import ServingError
from serving.files import write_atomically
from serving.gallery.finite import finite
from serving.gallery.plan import Plan
from serving.gallery.target import Target
from serving.index.open import is_far

SKIPPED = "skipped.json"  # in the index's folder


@dataclass(frozen=True)
class IndexReport:
    """What `index_folder` did.

    Args:
        index: the index's folder or URL.
        indexed: pictures in it.
        encoded: of them, those encoded just now.
        removed: pictures that were in it and are no longer in the folder, or no longer readable.
        skipped: `{"path", "reason"}` of each picture left out, as in the file of them.
        skipped_file: that file, inside the index; `None` where the index is no folder.
    """

    index: Path | str
    indexed: int
    encoded: int
    removed: int
    skipped: tuple[dict[str, str], ...]
    skipped_file: Path | None


def index_folder(
    encoder: Encoder,
    folder: Path | str,
    to: Path | str,
    batch_size: int = 32,
    progress: Progress = silent,
) -> IndexReport:
    """Encodes every picture below a folder into an index; or what is not in it yet.

    Pictures stream through: at any time a few batches are in memory, shrunk. What is encoded is
    durable within seconds, so after a crash the same call continues. Called again later, it
    encodes what is new or has changed (by its time of change, then by its bytes) and removes
    what is gone; items that others added stay. What cannot be read, or has no finite embedding, is
    skipped and reported. Ids are paths relative to the folder, with `/`.

    Args:
        encoder: of the pictures.
        folder: the pictures, at any depth.
        to: the index, new or of this encoder: a folder, or `milvus://host:port/NAME`.
        batch_size: pictures to a call of the encoder.
        progress: wraps the pictures as they are read.

    Returns:
        The report.

    Raises:
        ServingError: no pictures, none readable, or `to` is something else; nothing is written.
        OSError: no space left, or the like; what was in the index stays.
    """
    check_batch_size(batch_size)
    folder = Path(folder)
    with Plan(folder) as plan, closing(Target(encoder, folder, to)) as target:
        plan.know(target.known(), target.is_of(folder))
        stream = _Stream(plan, batch_size, progress)
        encoded = 0
        for ids, rows, metadata in stream.encoded(encoder):
            target.put(ids, rows, metadata)
            encoded += len(ids)
        return finish(plan, target, to, encoded, stream.same, stream.skipped)


def finish(
    plan: Plan,
    target: Target,
    to: Path | str,
    encoded: int,
    same: int,
    skipped: list[dict[str, str]],
) -> IndexReport:
    """Removes what is gone and makes a generation.

    Args:
        plan: what was to do.
        target: where all that could be read is.
        to: its place.
        encoded: pictures that were.
        same: pictures that need not have been read.
        skipped: pictures that could not be read.

    Raises:
        ServingError: the index would be empty; it stays as it was.
    """
    if not encoded + same + plan.kept:
        raise ServingError(none_readable(plan.folder, skipped))
    target.flush()
    removed = target.remove([entry["path"] for entry in skipped])
    removed += sum(target.remove(some) for some in plan.gone())
    if plan.touched:  # or they would be read again every time
        target.retime(plan.times)
    target.finish()
    file = None
    if not is_far(to):
        data = json.dumps(skipped, indent=1).encode()
        file = write_atomically(Path(to) / SKIPPED, data)
    return IndexReport(to, len(target.index), encoded, removed, tuple(skipped), file)


def check_batch_size(batch_size: int) -> None:
    """Refuses a batch of nothing."""
    if batch_size < 1:
        raise ServingError(f"batch_size must be at least 1. Received: batch_size={batch_size}")


class _Stream:
    """The pictures of a plan, as they are read and encoded."""

    def __init__(self, plan: Plan, batch_size: int, progress: Progress):
        self._plan, self._batch_size, self._progress = plan, batch_size, progress
        self.same = 0
        self.skipped: list[dict[str, str]] = []

    def encoded(self, encoder: Encoder) -> Iterator[tuple]:
        stream = encode_stream(
            lambda pictures: encoder.encode(pictures, "photo"), self._new(), self._batch_size
        )
        for batch, rows in finite(stream, self.skipped):
            yield [read.id for read in batch], rows, [metadata_of(read) for read in batch]

    def _new(self) -> Iterator[Read]:
        for read in self._read():
            if read.reason:
                self.skipped.append({"path": read.id, "reason": read.reason})
            elif read.pixels is None:
                self.same += 1
                self._plan.note_same([(read.id, read.metadata["modified"])])
            else:
                yield read

    def _read(self) -> Iterator[Read]:
        plan = self._plan
        read = read_ahead(
            lambda task: read_one(task[0], plan.folder, task[1]),
            plan.reading(),
            2 * self._batch_size,
            READERS,
        )
        yield from self._progress(read, "encoding pictures", plan.to_read)
