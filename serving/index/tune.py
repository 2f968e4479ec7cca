"""Settings of an index's searcher by measurement: the fastest that reach a recall."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from serving.errors import ServingError
from serving.index.classes import class_of
from serving.index.exact import nearest_rows, unit
from serving.index.open import is_far, shown
from serving.index.searchers.trials import Asked, Trial, recall_of, try_settings
from serving.index.stored import StoredIndex
from serving.index.stored.generation import Generation, open_current
from serving.index.validate import check_k, check_rows

_MOST = 1000  # queries
_OWN = 500  # of the index's own vectors, where no queries are given
_FEWEST = 8
_FAR = 100  # neighbours of the second recall that is reported
_PLAIN = str | int | float  # a list or an object names no class

Progress = Callable[[Iterable[Any], str, int], Iterable[Any]]


@dataclass(frozen=True)
class Tuned:
    """What `tune_index` found.

    Args:
        trials: the fastest of each structure that reaches the recall; the first was chosen.
        recall: the chosen one's, on queries that it was not chosen by.
        recall_far: likewise, of the nearest 100.
        classes: share of its hits that are of a class of the true ones; `None` without classes.
        queries: how many there were in all.
        why: what is written into the index.
    """

    trials: list[Trial]
    recall: float
    recall_far: float
    classes: float | None
    queries: int
    why: str


def tune_index(
    folder: Path | str,
    recall: float = 0.95,
    k: int = 10,
    queries: np.ndarray | None = None,
    progress: Progress = lambda iterable, description, total: iterable,
) -> Tuned:
    """Finds the fastest settings that reach a recall and gives the index a searcher of them.

    Half of the queries choose; what is reported is measured on the other half.

    Args:
        folder: of an index; nobody else may be writing it.
        recall: share of the k nearest that are to be found, on average.
        k: neighbours.
        queries: (Q, D) floats like those that will be asked; at most 1000 are used, evenly
            spaced. Without them the index's own vectors ask for each other, which says little of
            sketches: those lie elsewhere.
        progress: wraps long work.

    Returns:
        What was found.

    Raises:
        ServingError: no local index, Hamming, too few vectors or queries, a recall that is none.
    """
    if not 0 < recall <= 1:
        raise ServingError(f"recall must be above 0 and at most 1. Received: recall={recall}")
    if is_far(folder):
        raise ServingError(f"{shown(folder)}: an engine tunes itself. Name an index in a folder")
    k, folder = check_k(k), Path(folder)
    index = StoredIndex(folder, writable=True)
    try:
        if index.metric == "hamming":
            raise ServingError(f"{folder}: bits are always compared exactly: nothing to tune")
        index.save()
        generation = open_current(folder, whole=True)
        if len(generation) <= k:
            few = f"{len(generation)} items are too few to tune for the {k} nearest"
            raise ServingError(f"{folder}: {few}")
        asked, given = _asked(generation, queries), queries is not None
        tuned = _tune(generation, asked, given, recall, k, progress)
        del generation  # or it would stay on the disk
        index.save(tuned.trials[0].settings.to_json() | {"why": tuned.why})
        return tuned
    finally:
        index.close()


def _asked(generation: Generation, queries: np.ndarray | None) -> np.ndarray:
    manifest = generation.manifest
    if queries is None:
        rows = _evenly(len(generation), _OWN)
        # Between a vector and another: near the gallery, but nothing that it holds.
        other = np.roll(rows, 1)
        own = np.asarray(generation.vectors[rows])
        return own + np.float32(0.2) * (generation.vectors[other] - own)
    queries = check_rows(queries, manifest.metric, manifest.dimension, "queries")
    if len(queries) < _FEWEST:
        raise ServingError(f"tuning needs {_FEWEST} queries at least. Received: {len(queries)}")
    return queries[_evenly(len(queries), _MOST)]


def _evenly(count: int, most: int) -> np.ndarray:
    taken = min(count, most)
    return np.arange(taken) * count // taken


def _tune(
    generation: Generation,
    queries: np.ndarray,
    given: bool,
    recall: float,
    k: int,
    progress: Progress,
) -> Tuned:
    metric, vectors = generation.manifest.metric, np.asarray(generation.vectors)
    if metric == "cosine":
        vectors, queries = unit(vectors), unit(queries)
    far = min(_FAR, len(vectors))
    rows, distances = nearest_rows(metric, queries, vectors, max(k, far))
    asked = Asked(queries, distances[:, k - 1], k)
    choosing, others = asked.part(slice(0, None, 2)), asked.part(slice(1, None, 2))
    searched = try_settings(metric, vectors, choosing, recall, progress)
    trials = [trial for trial, _ in searched]
    searcher = searched[0][1]
    reached = recall_of(searcher, others)
    far_asked = Asked(queries, distances[:, far - 1], far).part(slice(1, None, 2))
    found, _ = searcher.search(others.queries, k)
    return Tuned(
        trials,
        reached,
        recall_of(searcher, far_asked),
        _classes(generation, found, rows[1::2, :k]),
        len(queries),
        _why(trials, reached, recall, k, len(queries), given),
    )


def _why(
    trials: Sequence[Trial], reached: float, recall: float, k: int, queries: int, given: bool
) -> str:
    best = trials[0]
    whose = "queries that were given" if given else "queries between the index's own vectors"
    why = f"tuned for a recall@{k} of {recall:g} on {queries} {whose}: {reached:.3f} on the half "
    why += f"that did not choose, {1e3 * best.single:.3f} ms a query"
    for other in trials[1:3]:
        name = f"{other.settings.kind}{' with SOAR' if other.settings.soar else ''}"
        why += f"; {name} {1e3 * other.single:.3f} ms"
    return why


def _classes(generation: Generation, found: np.ndarray, true: np.ndarray) -> float | None:
    """How much of the found hits' classes the true hits have, each as often."""
    classes = _classes_of(generation, np.union1d(found, true))
    if len(set(classes.values())) < 2:
        return None
    shared = 0
    for hits, wanted in zip(found.tolist(), true.tolist(), strict=True):
        left = [classes[row] for row in wanted]
        for row in hits:
            if classes[row] in left:
                left.remove(classes[row])
                shared += 1
    return shared / found.size


def _classes_of(generation: Generation, rows: np.ndarray) -> dict[int, Any]:
    metadata = generation.items.metadata_of(rows.tolist())
    names = generation.names.at(rows)
    return {
        row: named if isinstance(named := metadata[row].get("class"), _PLAIN) else class_of(name)
        for row, name in zip(rows.tolist(), names, strict=True)
    }
