"""Everything of an index read and compared: every checksum, every row, every id."""

from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from serving.errors import ServingError
from serving.index.stored.building import folded_rows
from serving.index.stored.generation import Generation, open_current
from serving.index.stored.items import FILE
from serving.index.stored.journal import Journal
from serving.index.stored.layout import CURE, size_of
from serving.index.validate import check_rows

Progress = Callable[[Iterable[Any], str, int], Iterable[Any]]
_BATCH = 4096


@dataclass(frozen=True)
class Checked:
    """What was read.

    Args:
        items: that a search may find.
        generation: its number.
        bytes: of all files.
    """

    items: int
    generation: int
    bytes: int


def check_stored(folder: Path | str, progress: Progress | None = None) -> Checked:
    """Reads a whole index, as it is now; others may go on using it.

    Args:
        folder: the index.
        progress: wraps the batches of items as they are read.

    Returns:
        What was read.

    Raises:
        ServingError: names the first file that is missing or damaged, and what is wrong with it.
    """
    folder = Path(folder)
    while True:
        generation = open_current(folder, whole=True)
        with closing(Journal(folder, writable=False)) as journal, journal.snapshot():
            if journal.trimmed > generation.manifest.folded:
                continue  # switched in between
            journal.check()
            _check_table(folder, generation)
            items, rows = folded_rows(generation, journal, journal.last, _BATCH)
            number = generation.manifest.number
            batches = -(-items // _BATCH)
            for _, vectors, _ in progress(rows, "checking", batches) if progress else rows:
                _check_vectors(folder, generation, vectors)
        return Checked(items, number, size_of(folder))


def _check_table(folder: Path, generation: Generation) -> None:
    """That the table's ids are the mapped ones, row by row."""
    query = "SELECT row, id FROM items ORDER BY row"
    found = generation.items.connection.execute(query)
    start = 0
    while some := found.fetchmany(_BATCH):
        rows = np.arange(start, start + len(some))
        if start + len(some) > len(generation) or some != list(
            zip(rows.tolist(), generation.names.at(rows), strict=True)
        ):
            raise ServingError(f"{folder}: {FILE} and the ids differ. {CURE}")
        start += len(some)
    if start != len(generation):
        raise ServingError(f"{folder}: {FILE} lacks {len(generation) - start} rows. {CURE}")


def _check_vectors(folder: Path, generation: Generation, vectors: np.ndarray) -> None:
    manifest = generation.manifest
    try:
        check_rows(vectors, manifest.metric, manifest.dimension, "its vectors")
    except ServingError as error:
        raise ServingError(f"{folder}: {error}. {CURE}") from error
