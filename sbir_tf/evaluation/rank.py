"""Ranks a gallery for each query: distances a block of queries at a time, in bounded memory."""

import math
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from sbir_tf.errors import UserError
from sbir_tf.evaluation.checks import (
    check_dimensions,
    check_length,
    checked_blocks,
    checked_embeddings,
)
from sbir_tf.evaluation.distances import Distances
from sbir_tf.evaluation.labels import common_codes
from sbir_tf.evaluation.messages import first_few
from sbir_tf.evaluation.placing import Placed, Placer
from sbir_tf.evaluation.rankings import Rankings
from sbir_tf.evaluation.tied_groups import TiedGroups

KEPT_PLACES = 200
MEMORY = 512 << 20  # bytes
Progress = Callable[[Iterable, str, int], Iterable]


def unchanged(iterable: Iterable, description: str, total: int) -> Iterable:
    return iterable


def rank(
    queries: np.ndarray,
    query_labels: Sequence,
    gallery: np.ndarray,
    gallery_labels: Sequence,
    *,
    distance: str = "euclidean",
    memory: int = MEMORY,
    kept: int = KEPT_PLACES,
    class_names: Sequence[str] = (),
    query_ids: Sequence[str] = (),
    gallery_ids: Sequence[str] = (),
    progress: Progress = unchanged,
) -> Rankings:
    """Ranks the gallery for each query.

    Args:
        queries: `(Q, D)`, any real type. Of "hamming" bits, 0 and 1.
        query_labels: `(Q,)`, whole numbers or text; instances, to be searched by instance.
        gallery: `(N, D)`.
        gallery_labels: `(N,)`.
        distance: "euclidean" (squared), "cosine" (1 - cosine; an embedding of zeros is at 1 from
            everything) or "hamming".
        memory: For distances at a time, bytes; at least one query is ranked at a time.
        kept: How many places of each ranking are kept.
        class_names: Of labels that are whole numbers; those of texts are the texts.
        query_ids: `(Q,)` texts to be kept with the rankings, or none.
        gallery_ids: `(N,)` texts, or none.
        progress: Called with (blocks, description, their number), to show a progress bar.

    Returns:
        The rankings. What ties, and what is rounded apart, is as `evaluate` says.

    Raises:
        UserError: As `evaluate`, and an unknown distance.
    """
    blocks = embedding_blocks(
        queries, query_labels, gallery, gallery_labels, distance, memory, progress
    )
    ids = {"query_ids": query_ids, "gallery_ids": gallery_ids}
    return rank_blocks(blocks, query_labels, gallery_labels, kept, class_names, **ids)


def rank_distances(
    blocks: Iterable[np.ndarray],
    query_labels: Sequence,
    gallery_labels: Sequence,
    kept: int = KEPT_PLACES,
    **names,
) -> Rankings:
    """Rankings by any distance; blocks as for `evaluate_distances`, the rest as for `rank`."""
    blocks = checked_blocks(blocks, len(query_labels), len(gallery_labels))
    return rank_blocks(blocks, query_labels, gallery_labels, kept, **names)


def rank_scores(
    blocks: Iterable[np.ndarray],
    query_labels: Sequence,
    gallery_labels: Sequence,
    kept: int = KEPT_PLACES,
    **names,
) -> Rankings:
    """Rankings by any score: blocks `(some queries, N)` of finite numbers, greater is nearer.

    The rest is as for `rank`; `top_distances` are the scores, negated.
    """
    blocks = checked_blocks(blocks, len(query_labels), len(gallery_labels), least=-np.inf)
    blocks = (-block for block in blocks)
    return rank_blocks(blocks, query_labels, gallery_labels, kept, **names)


def embedding_blocks(
    queries: np.ndarray,
    query_labels: Sequence,
    gallery: np.ndarray,
    gallery_labels: Sequence,
    distance: str,
    memory: int,
    progress: Progress,
) -> Iterator[np.ndarray]:
    """Distances of embeddings that are checked; arguments as for `rank`."""
    queries = checked_embeddings("query_embeddings", queries)
    gallery = checked_embeddings("gallery_embeddings", gallery)
    check_dimensions(queries, gallery)
    check_length("query", queries, query_labels)
    check_length("gallery", gallery, gallery_labels)
    return shown(Distances([queries], [gallery], distance), memory, progress)


def shown(distances: Distances, memory: int, progress: Progress) -> Iterator[np.ndarray]:
    """Blocks that fit in memory, as a progress bar passes them on."""
    rows = distances.rows_in(memory)
    return progress(distances.blocks(rows), "Ranking", math.ceil(distances.rows / rows))


@dataclass(frozen=True, eq=False)
class Sides:
    """Labels of queries and gallery, compared once and counted as small numbers from then on.

    Attributes:
        names: `(K,)`, the sorted labels of both.
        queries, gallery: `(Q,)` and `(N,)`, places in `names`.
    """

    names: np.ndarray
    queries: np.ndarray
    gallery: np.ndarray

    @classmethod
    def of(cls, query_labels: Sequence, gallery_labels: Sequence) -> "Sides":
        """Refuses labels of which none is of both."""
        sides = cls(*common_codes(query_labels, gallery_labels))
        if not np.isin(sides.queries, sides.gallery).any():
            found = [first_few(sides.names[np.unique(of)]) for of in (sides.queries, sides.gallery)]
            raise UserError(
                "no query has a relevant item: no query label occurs in the gallery. Received: "
                f"{found[0]} against {found[1]}"
            )
        return sides

    def rows_of_classes(self) -> list[np.ndarray]:
        """The gallery's rows of each class, so that no query has to look for its own."""
        order = np.argsort(self.gallery, kind="stable")
        return np.split(order, np.searchsorted(self.gallery[order], np.arange(1, len(self.names))))


def placed_blocks(
    blocks: Iterable[np.ndarray], sides: Sides, kept: int, in_order: bool = True
) -> Iterator[list[Placed]]:
    """Each block's queries, ranked; arguments as for `Placer`."""
    of_class, seen, own = sides.rows_of_classes(), 0, threading.local()

    def place(distances: np.ndarray, query: int) -> Placed:
        if not hasattr(own, "placer"):
            own.placer = Placer(len(sides.gallery), kept, in_order)
        return own.placer.place(distances, of_class[sides.queries[query]])

    with ThreadPoolExecutor(_processors()) as pool:  # NumPy leaves the interpreter to others
        for block in blocks:
            yield list(pool.map(place, block, range(seen, seen + len(block))))
            seen += len(block)


def rank_blocks(
    blocks: Iterable[np.ndarray],
    query_labels: Sequence,
    gallery_labels: Sequence,
    kept: int = KEPT_PLACES,
    class_names: Sequence[str] = (),
    query_ids: Sequence[str] = (),
    gallery_ids: Sequence[str] = (),
) -> Rankings:
    """Rankings by blocks of distances that are checked; arguments as for `rank`."""
    sides = Sides.of(query_labels, gallery_labels)
    found = [one for block in placed_blocks(blocks, sides, kept) for one in block]
    return Rankings(
        sides.queries.astype(np.int32),
        sides.gallery.astype(np.int32),
        np.stack([one.top for one in found]),
        np.stack([one.top_distances for one in found]),
        **vars(TiedGroups.of(found)),
        class_names=named(sides.names, class_names),
        query_ids=tuple(query_ids),
        gallery_ids=tuple(gallery_ids),
    )


def named(names: np.ndarray, class_names: Sequence[str]) -> tuple[str, ...]:
    """The name of each label: the label itself, or of a number the class name in its place."""
    if names.dtype.kind == "U" or not len(class_names):
        return tuple(map(str, names.tolist()))
    if names[0] < 0 or names[-1] >= len(class_names):
        raise UserError(
            f"`class_names` has {len(class_names)} names: labels are 0 to {len(class_names) - 1}. "
            f"Received: {names[0]} to {names[-1]}"
        )
    return tuple(class_names[label] for label in names.tolist())


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
