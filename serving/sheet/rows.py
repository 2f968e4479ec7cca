"""What a contact sheet shows, whatever it is written as."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pictures import PictureError, read_picture
from serving.errors import ServingError
from serving.hits import Hit


@dataclass(frozen=True)
class Cell:
    """One picture of a sheet.

    Args:
        thumbnail: uint8 (H, W, 3), or `None` where the file is gone.
        title: the class, or the file's name.
        detail: the squared distance; what the query is.
        hit: of the query's class.
    """

    thumbnail: np.ndarray | None
    title: str
    detail: str = ""
    hit: bool = False


@dataclass(frozen=True)
class Row:
    """One query and its answer.

    Args:
        query: the drawing.
        answers: the pictures found, the nearest first.
        judged: whether the query's class is known, so that hits can be told from misses.
    """

    query: Cell
    answers: tuple[Cell, ...]
    judged: bool

    @property
    def hits(self) -> int:
        """How many answers are of the query's class."""
        return sum(cell.hit for cell in self.answers)


def make_rows(
    queries: Sequence[Path | str],
    answers: Sequence[Sequence[Hit]],
    classes: Sequence[str | None] | None = None,
    side: int = 128,
) -> list[Row]:
    """Collects a sheet's pictures and captions.

    Args:
        queries: the drawings' files.
        answers: for each query its hits.
        classes: for each query its class, where known; hits of that class are framed.
        side: longest side of a thumbnail.

    Returns:
        One row a query.

    Raises:
        ServingError: the numbers differ.
        PictureError: a query cannot be read.
    """
    classes = [None] * len(queries) if classes is None else classes
    if not len(queries) == len(answers) == len(classes):
        got = f"{len(queries)} queries, {len(answers)} answers, {len(classes)} classes"
        raise ServingError(f"a sheet needs an answer and a class per query. Received: {got}")
    return [
        _row(Path(query), hits, wanted, side)
        for query, hits, wanted in zip(queries, answers, classes, strict=True)
    ]


def _row(query: Path, hits: Sequence[Hit], wanted: str | None, side: int) -> Row:
    title = printable(query.name if wanted is None else _spaced(wanted))
    cells = tuple(_answer(hit, wanted, side) for hit in hits)
    return Row(Cell(read_picture(query, side), title, "query"), cells, wanted is not None)


def _answer(hit: Hit, wanted: str | None, side: int) -> Cell:
    title = _spaced(hit.class_name) if hit.class_name else Path(hit.id).name
    is_hit = wanted is not None and hit.class_name == wanted
    return Cell(_thumbnail(hit.path, side), title, f"{hit.distance:.3g}", is_hit)


def _thumbnail(path: Path | None, side: int) -> np.ndarray | None:
    """A gallery may have moved since it was indexed; the sheet is still worth having."""
    try:
        return None if path is None else read_picture(path, side)
    except (PictureError, OSError):
        return None


def _spaced(class_name: str) -> str:
    """Words that can be wrapped: data sets write `hot_air_balloon`."""
    return class_name.replace("_", " ")


def printable(name: str) -> str:
    """A file's name that any writer can encode."""
    return name.encode(errors="backslashreplace").decode()
