"""What a search answers."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Hit:
    """One picture of an answer.

    Args:
        rank: 1 is the nearest.
        id: the picture's id in the index.
        path: where the picture is, if the index knows its folder.
        distance: squared Euclidean distance of the embeddings; of codes, how many bits differ.
        class_name: the id's parent folder, if it has one.
    """

    rank: int
    id: str
    path: Path | None
    distance: float
    class_name: str | None

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self) | {"path": None if self.path is None else str(self.path)}


@dataclass(frozen=True)
class Answer:
    """One drawing and what was found for it.

    Args:
        query: the drawing's file.
        class_name: its class: its folder's name where the index holds such a class.
        hits: the nearest first.
    """

    query: Path
    class_name: str | None
    hits: tuple[Hit, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        hits = [hit.to_json() for hit in self.hits]
        return {"query": str(self.query), "class_name": self.class_name, "hits": hits}
