"""What a method is fitted to: all pictures of the trained parts, one domain at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from training.config import Data
from training.sources import trained_on


@dataclass(frozen=True)
class Joined:
    """Items of one domain, of several parts of a split, as if they were of one.

    Attributes:
        parts: Each with `labels`, `domain`, a length and `batches(size)`.
    """

    parts: Sequence

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    @property
    def labels(self) -> np.ndarray:
        """(N,) int32."""
        return np.concatenate([items.labels for items in self.parts])

    @property
    def domain(self) -> int:
        """0 of sketches, 1 of photos."""
        return self.parts[0].domain

    def batches(self, size: int) -> Iterator[np.ndarray]:
        """The pictures (B, S, S, 3), at most `size` at a time, in order."""
        for items in self.parts:
            yield from items.batches(size)


def learning_material(data: Data, progress=None) -> tuple[Joined, Joined]:
    """The sketches and the photos that a training of the same data sees, as they are."""
    items = trained_on(data, progress)
    return tuple(Joined([each for each in items if each.domain == bit]) for bit in (0, 1))
