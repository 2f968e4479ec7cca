"""A generation in the making: files written, flushed and measured, under its name when whole."""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np

from serving.errors import ServingError
from serving.files import sync_folder
from serving.index import searchers
from serving.index.classes import largest_class
from serving.index.contract import Model
from serving.index.stored.generation import SEARCHER, VECTORS, Generation, row_of
from serving.index.stored.items import FILE, ItemsWriter
from serving.index.stored.journal import Journal
from serving.index.stored.layout import BUILDING, GENERATIONS, generation_folder
from serving.index.stored.manifest import Manifest, record_files
from serving.index.stored.names import NamesWriter
from serving.index.stored.sqlite_errors import told

_BATCH = 4096
_NOTHING = {"kind": "exact", "settings": {}, "why": "there is nothing to search yet"}
# ids, vectors and metadata as JSON text
Rows = tuple[list[str], np.ndarray, list[str]]


def build_generation(
    folder: Path,
    rows: Iterable[Rows],
    *,
    number: int,
    items: int,
    folded: int,
    model: Model,
    metric: str,
    dimension: int,
    wanted: Mapping[str, Any] | None,
) -> None:
    """Writes a generation beside the others; CURRENT stays.

    Args:
        folder: the index.
        rows: what it is to hold.
        number: a new one.
        items: how many rows there are.
        folded: the number of the last change that they contain.
        model, metric, dimension: of the index.
        wanted: settings of the searcher, or `None` to choose.

    Raises:
        OSError: no space left, or the like; nothing is left.
    """
    building = folder / GENERATIONS / BUILDING
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir()
    try:
        with told(building, FILE):
            _write_rows(building, rows, items, *row_of(metric, dimension))
        vectors = np.load(building / VECTORS, mmap_mode="r", allow_pickle=False)
        (building / SEARCHER).mkdir()
        chosen = _NOTHING
        if items:
            largest = largest_class(building / FILE)
            chosen = searchers.build(vectors, metric, wanted, building / SEARCHER, largest)
        created = datetime.now(UTC).isoformat(timespec="seconds")
        files = _flushed(building)
        manifest = Manifest(
            *(number, created, model, metric, dimension, items, folded),
            wanted=None if wanted is None else dict(wanted),
            searcher=chosen,
            files=files,
        )
        manifest.write(building)
        sync_folder(building)
        os.rename(building, generation_folder(folder, number))  # noqa: PTH104 (tests kill here)
        sync_folder(folder / GENERATIONS)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def kept_rows(generation: Generation, journal: Journal, upto: int) -> tuple[np.ndarray, int]:
    """Which rows of a generation the changes after it leave, (n,) bool, and how many they add."""
    kept, added = np.ones(len(generation), bool), 0
    for changed in journal.changed(generation.manifest.folded, upto):
        added += sum(there for _, there in changed)
        with generation.telling():
            kept[list(generation.items.rows_of([name for name, _ in changed]).values())] = False
    return kept, added


def folded_rows(
    generation: Generation, journal: Journal, upto: int, batch: int = _BATCH
) -> tuple[int, Iterator[Rows]]:
    """What a generation and the changes after it hold together: how many items, and them.

    Args:
        generation: verified wholly.
        journal: its changes.
        upto: the number of the last change to count.
        batch: items at a time, at most.
    """
    kept, added = kept_rows(generation, journal, upto)
    old, new = generation_rows(generation, kept, batch), _added(generation, journal, upto, batch)
    return int(kept.sum()) + added, chain(old, new)


def _added(generation: Generation, journal: Journal, upto: int, batch: int) -> Iterator[Rows]:
    changes = journal.latest(generation.manifest.folded, upto)
    added = (change for change in changes if change.vector is not None)
    while some := list(islice(added, batch)):
        data = b"".join(change.vector for change in some)
        vectors = np.frombuffer(data, generation.vectors.dtype).reshape(len(some), -1)
        yield [change.id for change in some], vectors, [change.metadata for change in some]


def generation_rows(generation: Generation, kept: np.ndarray, batch: int) -> Iterator[Rows]:
    """The rows of a generation that are kept, in batches of at most so many."""
    for start in range(0, len(generation), batch):
        stop = min(start + batch, len(generation))
        rows = start + np.flatnonzero(kept[start:stop])
        texts = generation.items.texts(start, stop)
        if len(rows):
            yield (
                generation.names.at(rows),
                generation.vectors[rows],
                [texts[row - start] for row in rows],
            )


def _write_rows(
    building: Path, rows: Iterable[Rows], items: int, width: int, dtype: np.dtype
) -> None:
    names, table, written = NamesWriter(building), ItemsWriter(building), 0
    try:
        with (building / VECTORS).open("wb") as file:
            header = {"shape": (items, width), "fortran_order": False}
            descr = np.lib.format.dtype_to_descr(dtype)
            np.lib.format.write_array_header_1_0(file, header | {"descr": descr})
            for ids, vectors, texts in rows:
                # `tofile` reports a full disk without the reason.
                file.write(memoryview(np.ascontiguousarray(vectors, dtype)).cast("B"))
                names.write(ids)
                table.write(ids, texts)
                written += len(ids)
        names.close()
        table.close()
    except BaseException:
        table.abandon()
        raise
    if written != items:
        raise ServingError(f"{building}: {written} rows came instead of {items}")


def _flushed(building: Path) -> dict:
    for path in building.rglob("*"):
        if path.is_dir():
            sync_folder(path)
            continue
        with path.open("rb") as file:
            os.fsync(file.fileno())
    return record_files(building)
