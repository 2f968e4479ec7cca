"""What every index offers, be it a folder on this machine or an engine on many."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import numpy as np

# Squared Euclidean; 1 - cosine (a zero vector is at distance 1 from everything); differing bits.
METRICS = ("l2", "cosine", "hamming")
LONGEST_ID = 1024  # bytes of UTF-8
LARGEST_METADATA = 16_384  # bytes of JSON

# ids, vectors (n, D) float32 or (n, bits / 8) uint8, metadata
Batch = tuple[list[str], np.ndarray, list[dict[str, Any]]]


@dataclass(frozen=True)
class Model:
    """The encoder that made the vectors: an index answers no other one's queries.

    Args:
        name: what people call it.
        digest: sha256 of its weights and graph.
        path: its folder when the index was made, or `None`.
    """

    name: str
    digest: str
    path: str | None = None

    def __str__(self) -> str:
        return f"{self.name} (digest {self.digest[:12]})"


@dataclass(frozen=True)
class Info:
    """What an index says of itself, in plain values.

    Args:
        place: the folder, or the URL.
        format: of the files; of an engine, its version.
        metric: one of `METRICS`.
        dimension: of a vector; bits of a code.
        items: that a search may find.
        added: since the generation, and not removed again.
        removed: of the generation's items.
        generation: its number; 0 before the first `save`.
        searcher: what answers, and by what settings.
        settings: of the searcher.
        why: these settings.
        model: the encoder.
        bytes: on the disk; `None` where an engine does not tell.
        created: time of the generation, UTC, ISO 8601.
        facts: what `note` was given.
    """

    place: str
    format: str
    metric: str
    dimension: int
    items: int
    added: int
    removed: int
    generation: int
    searcher: str
    settings: dict[str, Any]
    why: str
    model: Model
    bytes: int | None
    created: str
    facts: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


class Index(Protocol):
    """Nearest items by their vectors.

    Ids are strings of 1 to 1024 bytes of UTF-8 without control characters; metadata are JSON
    objects of at most 16 kB. Whoever changes an index opens it with `writable=True`. All
    methods may be called from several threads.

    Attributes:
        metric: "l2" (squared Euclidean), "cosine" (1 - cosine) or "hamming" (differing bits).
        dimension: of a vector; bits of a code.
        model: the encoder of the vectors.
    """

    metric: str
    dimension: int
    model: Model

    def __len__(self) -> int:
        """Items that a search may find."""
        ...

    def search(
        self, queries: np.ndarray, k: int, where: Mapping[str, Any] | None = None
    ) -> tuple[list[list[str]], list[np.ndarray]]:
        """Finds the k nearest items of each query.

        Args:
            queries: (B, D) floats, or (B, bits / 8) uint8 for Hamming.
            k: how many, at least 1.
            where: what their metadata must hold: `{"brand": "x", "price": {">=": 3, "<": 9},
                "class": ["cat", "dog"]}`.

        Returns:
            For each query its ids and their distances, float32, ascending: k of them, fewer
            only where fewer exist.

        Raises:
            ServingError: wrong dimension, values that are not finite, k below 1, a filter on
                a field that no item has.
        """
        ...

    def add(
        self,
        ids: Sequence[str],
        vectors: np.ndarray,
        metadata: Sequence[Mapping[str, Any]] | None = None,
        replace: bool = False,
    ) -> None:
        """Adds items: all or none; on the disk when it returns, found by the next search.

        Args:
            ids: one a vector.
            vectors: (n, D) floats, or (n, bits / 8) uint8 for Hamming.
            metadata: one object a vector.
            replace: replaces items of the same id instead of refusing them.

        Raises:
            ServingError: an id that is there already, twice or malformed; vectors that are
                of another dimension or not finite; too large metadata.
        """
        ...

    def remove(self, ids: Sequence[str]) -> int:
        """Removes items: on the disk when it returns, found by no search after.

        Args:
            ids: what to remove; those that are not there are passed over.

        Returns:
            How many were there.
        """
        ...

    def get(self, ids: Sequence[str]) -> list[dict[str, Any] | None]:
        """The metadata of items; `None` for an id that is not there."""
        ...

    def scan(self, batch: int = 4096) -> Iterator[Batch]:
        """Everything, in batches: ids, vectors and metadata, as they were when it began."""
        ...

    def save(self) -> None:
        """Makes one generation of everything, with a searcher built for it.

        It is written beside the one that answers and switched to in one step; searches and
        changes go on meanwhile. Without changes since the last generation it does nothing.
        """
        ...

    def note(self, facts: Mapping[str, Any]) -> None:
        """Keeps facts about the whole, durably: they join or replace those of the same names.

        `None` takes the fact of its name out.

        Args:
            facts: plain values, such as the folder that the pictures are in.
        """
        ...

    def facts(self) -> dict[str, Any]:
        """What `note` was given; quicker than `info`, which counts and measures."""
        ...

    def info(self) -> Info:
        """What the index is."""
        ...

    def close(self) -> None:
        """Lets go of the files, or of the connection; changes are not lost without `save`."""
        ...
