"""Files between Beam's workers and the one that writes the index.

A worker leaves a part for each group of pictures, whole under its name or not there; the writer
takes it into the index and removes it. So the parts of a job that was killed are taken in by the
next one, and no picture is encoded twice. They may be on any file system that Beam reaches, and
several galleries may share a folder: every file's name says of which gallery and job it is.
"""

import json
import os
import uuid
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from apache_beam.io.filesystem import BeamIOError, CompressionTypes
from apache_beam.io.filesystems import FileSystems

from serving.codes.arrays import DAMAGE, dump_arrays, read_arrays
from serving.errors import ServingError
from serving.index.open import is_far, shown

_HALF = ".half"


@dataclass(frozen=True)
class Part:
    """What became of a group of pictures.

    Args:
        number: of the group.
        job: that it was made for.
        pictures: how many they were.
        ids: of those that were encoded.
        rows: one each, (n, D) float32.
        metadata: one each.
        skipped: `{"path", "reason"}` of those that could not be read.
        same: id and time of change of those that are in the index already.
    """

    number: int
    job: str
    pictures: int
    ids: list[str]
    rows: np.ndarray
    metadata: list[dict[str, Any]]
    skipped: list[dict[str, str]]
    same: list[tuple[str, int]] = field(default_factory=list)


class Parts:
    """A gallery's parts in a folder.

    Args:
        folder: a path, or a bucket's address such as `gs://bucket/parts`.
        digest: of the encoder; another's parts are refused.
        gallery: what `gallery_name` says.
    """

    def __init__(self, folder: str, digest: str, gallery: str):
        self.folder, self.digest, self.gallery = folder, digest, gallery

    def write_plan(self, job: str, groups: Iterable[Any]) -> list[tuple[int, int, int]]:
        """Writes what a job is to do.

        Returns:
            For each group its number, and offset and length of its line.
        """
        with suppress(BeamIOError, OSError):  # it is there
            FileSystems.mkdirs(self.folder)
        places, offset = [], 0
        with _written(self._plan(job)) as file:
            for number, group in enumerate(groups):
                line = json.dumps(group).encode() + b"\n"
                file.write(line)
                places.append((number, offset, len(line)))
                offset += len(line)
        return places

    def read_group(self, job: str, offset: int, length: int) -> Any:
        """A group of a job's plan."""
        with _opened(self._plan(job)) as file:
            file.seek(offset)
            return json.loads(file.read(length))

    def write(self, part: Part) -> None:
        """Writes a part: whole, or not at all."""
        facts = {
            "digest": self.digest,
            "number": part.number,
            "job": part.job,
            "pictures": part.pictures,
            "ids": part.ids,
            "metadata": part.metadata,
            "skipped": part.skipped,
            "same": part.same,
        }
        path = self._path(f"part-{self.gallery}-{part.job}-{part.number:06d}.npz")
        half = f"{path}.{uuid.uuid4().hex}{_HALF}"
        with _written(half) as file:
            file.write(dump_arrays(facts, rows=part.rows))
        FileSystems.rename([half], [path])

    def names(self, job: str = "*") -> list[str]:
        """The parts that are whole, of a job or of all."""
        return self._found(f"part-{self.gallery}-{job}-*.npz")

    def read(self, name: str) -> Part:
        """Reads a part.

        Raises:
            ServingError: it is damaged, or of another encoder; says what to do.
        """
        try:
            with _opened(name) as file:
                arrays, facts = read_arrays(file.read())
            digest = facts.pop("digest")
            part = Part(rows=arrays["rows"], **facts)
        except DAMAGE as error:
            cure = "Remove it and run the same command again"
            raise ServingError(f"{name}: damaged ({error!r}). {cure}") from error
        if digest != self.digest:
            cure = "Remove the folder, or name another with --parts"
            raise ServingError(f"{name}: of another model (digest {digest[:12]}). {cure}")
        return part

    def remove(self, name: str) -> None:
        """Removes a part that is in the index."""
        FileSystems.delete([name])

    def discard(self) -> None:
        """Removes what is ours, and the folder if nothing else is in it."""
        for name in (f"plan-{self.gallery}-*", f"part-{self.gallery}-*{_HALF}"):
            FileSystems.delete(self._found(name))
        with suppress(OSError):
            Path(self.folder).rmdir()

    def _found(self, pattern: str) -> list[str]:
        try:
            (found,) = FileSystems.match([self._path(pattern)])
        except BeamIOError:  # there is no such folder yet
            return []
        return sorted(entry.path for entry in found.metadata_list)

    def _plan(self, job: str) -> str:
        return self._path(f"plan-{self.gallery}-{job}.jsonl")

    def _path(self, name: str) -> str:
        return FileSystems.join(self.folder, name)


def gallery_name(folder: Path, to: Path | str) -> str:
    """What tells a folder of pictures and its index from others that share the parts' folder."""
    place = shown(to) if is_far(to) else str(Path(to).resolve())
    both = json.dumps([os.fsdecode(folder.resolve()), place])
    return sha256(both.encode()).hexdigest()[:12]


def absolute(folder: str) -> str:
    """A folder that means the same from anywhere."""
    return folder if "://" in folder else str(Path(folder).absolute())


def _written(path: str):
    return FileSystems.create(path, compression_type=CompressionTypes.UNCOMPRESSED)


def _opened(path: str):
    return FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED)
