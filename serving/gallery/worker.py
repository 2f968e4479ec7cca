"""What one of Beam's workers does: reads a group of pictures, encodes it, leaves a part."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apache_beam as beam
import numpy as np
from apache_beam.utils.shared import Shared

from serving.ahead import read_ahead
from serving.encoders.contract import Encoder
from serving.encoding import READERS, Read, encode_stream, metadata_of, read_one
from serving.errors import ServingError
from serving.gallery.finite import finite
from serving.gallery.parts import Part, Parts

# Jobs of this process that were interrupted: its own workers look here between two pictures.
STOPPED: set[str] = set()


class Stopped(Exception):
    """The job was told to stop."""


class EncodeGroup(beam.DoFn):
    """Encodes a group of pictures.

    Args:
        parts: where to leave the part.
        job: its name.
        folder: the pictures, as every worker calls it.
        model: the encoder's folder, likewise.
        batch_size: pictures to a call of the encoder.
    """

    def __init__(self, parts: Parts, job: str, folder: str, model: str, batch_size: int):
        self.parts, self.job, self.folder = parts, job, folder
        self.model, self.batch_size = model, batch_size
        self._encoder = Shared()  # one a process, however many threads it has

    def process(self, element: tuple[int, int, int]) -> Iterator[int]:
        """Encodes one group.

        Args:
            element: its number; offset and length of its line in the plan.

        Yields:
            Its number.
        """
        number, offset, length = element
        encoder = self._encoder.acquire(self._load, tag=self.model)
        group = self.parts.read_group(self.job, offset, length)
        self.parts.write(self._made(number, group, encoder))
        yield number

    def _load(self) -> Encoder:
        from serving.encoders import load_encoder

        encoder = load_encoder(self.model)
        if encoder.digest != self.parts.digest:
            cure = "All workers must have the same one"
            raise ServingError(f"{self.model}: another model than where this began. {cure}")
        return encoder

    def _made(self, number: int, group: list[list[Any]], encoder: Encoder) -> Part:
        skipped: list[dict[str, str]] = []
        same: list[tuple[str, int]] = []
        stream = encode_stream(
            lambda pictures: encoder.encode(pictures, "photo"),
            self._new(group, skipped, same),
            self.batch_size,
        )
        ids, metadata, rows = [], [], [np.empty((0, encoder.dimension), np.float32)]
        for batch, encoded in finite(stream, skipped):
            ids += [read.id for read in batch]
            metadata += [metadata_of(read) for read in batch]
            rows.append(encoded)
        every = np.concatenate(rows)
        return Part(number, self.job, len(group), ids, every, metadata, skipped, same)

    def _new(
        self,
        group: list[list[Any]],
        skipped: list[dict[str, str]],
        same: list[tuple[str, int]],
    ) -> Iterator[Read]:
        folder = Path(self.folder)
        read = read_ahead(
            lambda task: read_one(folder / task[0], folder, task[1]),
            group,
            2 * self.batch_size,
            READERS,
        )
        for picture in read:
            if self.job in STOPPED:
                raise Stopped
            if picture.reason:
                skipped.append({"path": picture.id, "reason": picture.reason})
            elif picture.pixels is None:
                same.append((picture.id, picture.metadata["modified"]))
            else:
                yield picture
