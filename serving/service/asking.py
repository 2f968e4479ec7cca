"""What one asks a service, and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Line:
    """One stroke.

    Args:
        points: (x, y) on the paper, x to the right, y down.
        width: in the paper's units.
    """

    points: tuple[tuple[float, float], ...]
    width: float


@dataclass(frozen=True)
class Strokes:
    """A drawing as it was drawn: black lines on white paper.

    Args:
        width, height: of the paper, in any unit.
        lines: the strokes.
    """

    width: float
    height: float
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Query:
    """A search: by a drawing, by a picture, or by both.

    Args:
        drawing: a picture file's bytes, or strokes.
        photo: a picture file's bytes.
        like: the id of an indexed picture, in the place of `photo`.
        weight: of the drawing where there are both: the search is for
            `weight * drawing + (1 - weight) * photo`, of embeddings.
        k: how many pictures to find.
        where: what their metadata must hold, as of `Index.search`.
        fields: of their metadata, in the answer; `None` for all.
    """

    drawing: bytes | Strokes | None = None
    photo: bytes | None = None
    like: str | None = None
    weight: float = 0.5
    k: int = 10
    where: Mapping[str, Any] | None = None
    fields: tuple[str, ...] | None = None


@dataclass(frozen=True)
class FoundHit:
    """One picture of an answer.

    Args:
        rank: 1 is the nearest.
        id: of the picture.
        distance: of the embeddings, by the index's metric.
        score: 1 for equal embeddings, towards 0 the farther: see `finding.scores_of`.
        class_name: what the picture shows, where that is known.
        metadata: those fields that were asked for.
    """

    rank: int
    id: str
    distance: float
    score: float
    class_name: str | None
    metadata: dict[str, Any]


@dataclass(frozen=True)
class Found:
    """An answer.

    Args:
        hits: the nearest first.
        generation: of the index.
        seconds: that "read", "encode" and "search" took, waiting included.
    """

    hits: tuple[FoundHit, ...]
    generation: int
    seconds: Mapping[str, float]


@dataclass(frozen=True)
class Picture:
    """A picture's file.

    Args:
        data: its bytes.
        media_type: such as "image/png".
        etag: changes with the bytes.
    """

    data: bytes
    media_type: str
    etag: str


@dataclass(frozen=True)
class Reason:
    """Why a service is not ready.

    Args:
        code: in snake_case.
        message: one sentence that names no folder and no machine.
    """

    code: str
    message: str
