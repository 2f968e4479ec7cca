"""An embedding to the pictures near it."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from serving.errors import ServingError
from serving.index import Index
from serving.index.classes import class_of
from serving.index.fields import UnknownField
from serving.service.asking import FoundHit
from serving.service.errors import IndexUnavailable, Invalid


def find(
    index: Index,
    embedding: np.ndarray,
    k: int,
    where: Mapping[str, Any] | None,
    fields: Sequence[str] | None,
    without: str | None = None,
) -> tuple[FoundHit, ...]:
    """The pictures nearest to an embedding.

    Args:
        index: where to look.
        embedding: (D,) float32.
        k: how many.
        where: what their metadata must hold.
        fields: of their metadata, to be told; `None` for all.
        without: the id of a picture that is left out.

    Returns:
        Hits, the nearest first.

    Raises:
        Invalid: the filter names a field that no picture has.
        IndexUnavailable: the index cannot be read, or does not answer.
    """
    try:
        names, distances = index.search(embedding[None], k + (without is not None), where)
        kept = [
            (name, distance)
            for name, distance in zip(names[0], distances[0].tolist(), strict=True)
            if name != without
        ][:k]
        known = index.get([name for name, _ in kept])
    except UnknownField as error:
        raise Invalid(str(error), "filter") from error
    except (ServingError, OSError) as error:  # it may name a folder: that stays in the log
        raise IndexUnavailable("the index cannot be searched just now") from error
    scores = scores_of([distance for _, distance in kept], index.metric, index.dimension)
    return tuple(
        FoundHit(rank, name, distance, score, *_described(name, metadata, fields))
        for rank, ((name, distance), metadata, score) in enumerate(
            zip(kept, known, scores, strict=True), start=1
        )
    )


def scores_of(distances: Sequence[float], metric: str, dimension: int) -> list[float]:
    """Likenesses from 1 to 0, to be shown to people: ranks and distances are what is exact.

    Of squared Euclidean distances `1 / (1 + sqrt(d) / 10)`: class centres of a MEMS training
    with a radius of 10 are some 14 apart, which has a score of 0.4. Of cosines `1 - d / 2`, of
    codes the share of bits that agree.
    """
    values = np.maximum(np.asarray(distances, np.float64), 0)
    if metric == "cosine":
        return np.clip(1 - values / 2, 0, 1).tolist()
    if metric == "hamming":
        return np.clip(1 - values / dimension, 0, 1).tolist()
    return (1 / (1 + np.sqrt(values) / 10)).tolist()


def _described(
    name: str, metadata: Mapping[str, Any] | None, fields: Sequence[str] | None
) -> tuple[str | None, dict[str, Any]]:
    metadata = metadata or {}  # it was removed a moment ago
    shown = metadata.get("class", class_of(name))
    names = metadata if fields is None else [field for field in fields if field in metadata]
    return (None if shown is None else str(shown)), {field: metadata[field] for field in names}


class Clock:
    """Seconds of stages.

    Attributes:
        seconds: by the stage's name.
    """

    def __init__(self):
        self._last = time.perf_counter()
        self.seconds: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        """Ends a stage."""
        now = time.perf_counter()
        self.seconds[stage] = now - self._last
        self._last = now
