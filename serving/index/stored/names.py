"""Ids by row: one file of UTF-8 end to end and one of where each begins, both mapped.

SQLite holds the ids too and finds rows by them; of rows it would take 3 microseconds an id.
"""

import mmap
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

TEXT, STARTS = "ids.utf8", "ids.npy"


class Names:
    """The ids of a generation.

    Args:
        generation: its folder.
    """

    def __init__(self, generation: Path):
        starts = np.load(generation / STARTS, mmap_mode="r", allow_pickle=False)
        self._starts = np.asarray(starts)  # mapped still; a memmap takes twice as long to index
        with (generation / TEXT).open("rb") as file:
            empty = len(self._starts) < 2
            self._text = b"" if empty else mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def __len__(self) -> int:
        return len(self._starts) - 1

    def at(self, rows: Sequence[int] | np.ndarray) -> list[str]:
        """The ids of rows."""
        rows = np.asarray(rows, np.int64)
        starts, ends = self._starts[rows].tolist(), self._starts[rows + 1].tolist()
        text = self._text
        return [text[start:end].decode() for start, end in zip(starts, ends, strict=True)]

    def of(self, rows: np.ndarray) -> list[list[str]]:
        """The ids of rows (B, k), of all in one go: a batch pays for its lists alone."""
        ids, width = self.at(rows.ravel()), rows.shape[1]
        return [ids[row * width : (row + 1) * width] for row in range(len(rows))]


class NamesWriter:
    """Writes them, as they come.

    Args:
        generation: its folder, in the making.
    """

    def __init__(self, generation: Path):
        self._generation = generation
        self._text = (generation / TEXT).open("wb")
        self._lengths: list[np.ndarray] = []

    def write(self, ids: Iterable[str]) -> None:
        """Adds ids."""
        encoded = [name.encode() for name in ids]
        self._text.write(b"".join(encoded))
        self._lengths.append(np.array([len(name) for name in encoded], np.int64))

    def close(self) -> None:
        """Finishes the files."""
        self._text.close()
        lengths = np.concatenate([np.zeros(1, np.int64), *self._lengths])
        with (self._generation / STARTS).open("wb") as file:
            np.lib.format.write_array_header_1_0(
                file, np.lib.format.header_data_from_array_1_0(lengths)
            )
            file.write(memoryview(np.cumsum(lengths)).cast("B"))
