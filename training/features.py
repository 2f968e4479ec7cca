"""Someone else's features, scored by every convention at once."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from sbir_tf.evaluation import Rankings, Result
from sbir_tf.evaluation.every_convention import (
    Line,
    Shared,
    every_convention,
    shared_metrics,
)
from sbir_tf.evaluation.features import Features, read_features
from sbir_tf.evaluation.rank_features import rank_features

KS = (10, 100, 200)


@dataclass(frozen=True, eq=False)
class Scored:
    """A features file's figures.

    Attributes:
        path: Of the file.
        features: What it holds.
        distance: What the gallery was ranked by.
        rankings: Of all queries.
        result: By the default convention, of `ks`.
        lines, shared: See `sbir_tf.evaluation.every_convention`.
        ks: Where rankings are cut.
    """

    path: Path
    features: Features
    distance: str
    rankings: Rankings
    result: Result
    lines: list[Line]
    shared: list[Shared]
    ks: tuple[int, ...]

    def remarks(self) -> Iterator[str]:
        """What a reader of the figures must know, a line each."""
        features, unknown = self.features, self.features.unknown_labels
        if self.result.excluded:
            few = ", ".join(unknown[:5]) + (", ..." if len(unknown) > 5 else "")
            yield (
                f"excluded: {self.result.excluded} of {self.result.queries} queries, which have no "
                f"relevant item; labels that the gallery lacks: {few}"
            )
        tied = self.rankings.sizes > 1
        if tied.any():
            share = self.rankings.hits[tied].sum() / self.rankings.hits.sum()
            yield f"ties: {share:.1%} of the relevant items are exactly as far as other items"
        bytes_ = features.gallery is not None and features.gallery.dtype == np.uint8
        if bytes_ and self.distance == "euclidean":
            yield "features are bytes: unpack packed bits first, np.unpackbits(codes, axis=1)"
        if features.unused:
            yield f"arrays left alone: {', '.join(features.unused)}"


def score_features(
    path: Path, ks: tuple[int, ...] = (), distance: str | None = None, progress=None
) -> Scored:
    """Score a features file under all conventions.

    Raises:
        UserError: As `read_features` and `rank_features`, and of a k below 1.
    """
    ks = tuple(sorted({*KS, *ks}))
    features = read_features(path)
    shown = {"progress": progress} if progress else {}
    rankings, distance = rank_features(features, distance, **shown)
    figures = (every_convention(rankings, ks), shared_metrics(rankings, ks))
    return Scored(path, features, distance, rankings, rankings.result(ks), *figures, ks)


def to_json(scored: Scored) -> dict:
    """All figures, and what they are of."""
    result = scored.result
    return {
        "file": str(scored.path),
        "arrays": scored.features.arrays,
        "distance": scored.distance,
        "queries": result.queries,
        "gallery": result.gallery,
        "excluded": result.excluded,
        "labels_unknown_to_the_gallery": list(scored.features.unknown_labels),
        "chance": asdict(result.chance),
        "conventions": [asdict(line) for line in scored.lines],
        "ranks": [asdict(shared) for shared in scored.shared],
        "remarks": list(scored.remarks()),
    }
