"""Which settings reach a recall soonest, by trying them on queries whose answers are known.

A structure (no tree, a tree, a tree with SOAR; how many leaves) has to be built; how many leaves a
query visits and how many candidates are compared exactly is decided at every search, so that one
build serves many trials. Recall grows with both: for each number of leaves the smallest depth that
suffices is searched for by halving.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from serving.index.searchers.contract import Searcher
from serving.index.searchers.exact import ExactSearcher
from serving.index.searchers.scann import ScannSearcher, build_scann
from serving.index.searchers.settings import Settings

_DEPTHS = (50, 75, 100, 150, 200, 300, 400, 600, 800, 1200, 1600, 2400, 3200, 4800, 6400, 12_800)
_SHARES = (0.0025, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64)  # of the leaves
_ALONE = 60  # queries that are timed one by one
_ROUNDS = 3
_WORSE = 1.3  # times the best: what is slower is not followed further

Progress = Callable[[Iterable[Any], str, int], Iterable[Any]]


@dataclass(frozen=True)
class Asked:
    """Queries and their true answers.

    Args:
        queries: (Q, D) float32; of length 1 for cosine.
        limits: (Q,) float32, the true distance of the k-th neighbour.
        k: neighbours.
    """

    queries: np.ndarray
    limits: np.ndarray
    k: int

    def part(self, rows: slice) -> "Asked":
        """Some of them."""
        return Asked(self.queries[rows], self.limits[rows], self.k)


@dataclass(frozen=True)
class Trial:
    """What settings achieved.

    Args:
        settings: what was tried.
        recall: share of the k true neighbours that were found, of equally distant ones any.
        single: processor seconds of a query alone, the median: other work on the machine counts
            little.
        batched: processor seconds a query in one batch.
        build: seconds that building the structure took.
    """

    settings: Settings
    recall: float
    single: float
    batched: float
    build: float


def try_settings(
    metric: str, vectors: np.ndarray, asked: Asked, recall: float, progress: Progress
) -> list[tuple[Trial, Searcher]]:
    """Tries every structure, then the best tree with fewer and with more leaves.

    Args:
        metric: "l2" or "cosine".
        vectors: (n, D) float32; of length 1 for cosine.
        asked: what to choose by.
        recall: to reach.
        progress: wraps the structures.

    Returns:
        The fastest trial of each structure that reaches the recall, and its searcher, the
        fastest first. Exact search is one of them.
    """
    exact = ExactSearcher(metric, vectors)
    trials = [(exact, _measured(exact, Settings("exact"), asked, 0))]
    first = structures(len(vectors))
    for structure in progress(first, "trying", len(first)):
        trials += fastest(metric, vectors, structure, asked, recall)
    best = min((trial for _, trial in trials), key=lambda trial: trial.single).settings
    more = [replace(best, leaves=leaves) for leaves in (best.leaves // 2, best.leaves * 2)]
    more = [one for one in more if best.kind == "tree" and one.problem(len(vectors)) is None]
    for structure in progress(more, "leaves", len(more)):
        trials += fastest(metric, vectors, structure, asked, recall)
    return _timed_in_turn(trials, asked)


def structures(count: int) -> list[Settings]:
    """Those that so many vectors can be given: codes alone, trees without and with SOAR."""
    leaves = round(2 * count**0.5)
    tree = Settings("tree", 100, leaves, max(1, leaves // 10))
    every = [Settings("hash", 100), tree, replace(tree, soar=True)]
    return [one for one in every if one.problem(count) is None]


def fastest(
    metric: str, vectors: np.ndarray, structure: Settings, asked: Asked, recall: float
) -> list[tuple[Searcher, Trial]]:
    """The fastest settings of one structure that reach a recall: a list of one, or none."""
    began = time.perf_counter()
    built = build_scann(metric, vectors, structure)
    seconds = time.perf_counter() - began
    best: tuple[Searcher, Trial] | None = None
    for leaves in _visits(structure.leaves):
        found = _shallowest(built, leaves, asked, recall)
        if found is None:
            continue
        trial = _measured(found, found.settings, asked, seconds)
        if best is None or trial.single < best[1].single:
            best = found, trial
        elif trial.single > _WORSE * best[1].single:
            break
    return [] if best is None else [best]


def recall_of(searcher: Searcher, asked: Asked) -> float:
    """Share of the true neighbours that a searcher finds."""
    _, distances = searcher.search(asked.queries, asked.k)
    return float((distances <= asked.limits[:, None] * (1 + 1e-5) + 1e-6).mean())


def _visits(leaves: int) -> list[int]:
    return sorted({max(1, round(share * leaves)) for share in _SHARES}) if leaves else [0]


def _shallowest(
    built: ScannSearcher, leaves: int, asked: Asked, recall: float
) -> ScannSearcher | None:
    depths = [depth for depth in _DEPTHS if 5 * asked.k <= depth]
    tried = [built.at(depth, leaves) for depth in depths]
    low, high = 0, len(tried)
    while low < high:
        middle = (low + high) // 2
        if recall_of(tried[middle], asked) >= recall:
            high = middle
        else:
            low = middle + 1
    return tried[low] if low < len(tried) else None


def _measured(searcher: Searcher, settings: Settings, asked: Asked, build: float) -> Trial:
    recall = recall_of(searcher, asked)
    return Trial(settings, recall, *_times(searcher, asked), build)


def _times(searcher: Searcher, asked: Asked) -> tuple[float, float]:
    alone = []
    for at in range(min(_ALONE, len(asked.queries))):
        began = time.process_time()
        searcher.search(asked.queries[at : at + 1], asked.k)
        alone.append(time.process_time() - began)
    began = time.process_time()
    searcher.search(asked.queries, asked.k)
    return float(np.median(alone)), (time.process_time() - began) / len(asked.queries)


def _timed_in_turn(
    trials: Sequence[tuple[Searcher, Trial]], asked: Asked
) -> list[tuple[Trial, Searcher]]:
    """Each trial's times once more, side by side: other work may have come in between."""
    rounds = [[_times(searcher, asked) for searcher, _ in trials] for _ in range(_ROUNDS)]
    medians = np.median(np.array(rounds), axis=0)
    timed = [
        (replace(trial, single=float(single), batched=float(batched)), searcher)
        for (searcher, trial), (single, batched) in zip(trials, medians, strict=True)
    ]
    return sorted(timed, key=lambda one: one[0].single)
