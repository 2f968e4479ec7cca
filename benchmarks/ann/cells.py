"""What is measured, cell by cell; each in a process of its own, its result a file of JSON.

python -m benchmarks.ann.cells FOLDER NAME ARGUMENT...
"""

import ctypes
import gc
import json
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.ann.libraries import LIBRARIES, Opened, Point, Search
from benchmarks.ann.vectors import make

LEVELS = (0.90, 0.95, 0.985, 0.99)
QUERIES = 500
K, FAR = 10, 100
ROUNDS = 5
ALONE = 60
KINDS_OF_QUERIES = ("shifted", "same")


def data(folder: Path, kind: str, count: int) -> dict[str, Any]:
    """Makes vectors, queries to tune by and others to measure by, and their true neighbours."""
    from serving.index.exact import nearest_rows

    place = place_of(folder, kind, count)
    place.mkdir(parents=True, exist_ok=True)
    gallery = make(kind, count, 2 * QUERIES)
    np.save(place / "vectors.npy", gallery.vectors)
    if gallery.labels is not None:
        np.save(place / "labels.npy", gallery.labels)
    told = {"largest_class": gallery.largest_class}
    for name, queries in gallery.queries.items():
        np.save(place / f"tune-{name}.npy", queries[QUERIES:])
        np.save(place / f"{name}.npy", queries[:QUERIES])
        rows, _ = nearest_rows("l2", queries[:QUERIES], gallery.vectors, FAR)
        np.save(place / f"truth-{name}.npy", rows)
        if gallery.labels is not None:
            right = gallery.labels[rows[:, :K]] == gallery.query_labels[name][:QUERIES, None]
            told[f"right_class_{name}"] = float(right.mean())
    return told


def built(folder: Path, kind: str, count: int, library: str) -> dict[str, Any]:
    """Builds an index and finds the points that reach each recall soonest."""
    place, one = place_of(folder, kind, count), LIBRARIES[library]
    into = place / library
    shutil.rmtree(into, ignore_errors=True)  # half of one, perhaps
    into.mkdir()
    vectors = np.load(place / "vectors.npy", mmap_mode="r")
    labels = np.load(place / "labels.npy") if (place / "labels.npy").exists() else None
    began = time.perf_counter()
    one.build(vectors, labels, into)
    told: dict[str, Any] = {"name": one.name, "build": time.perf_counter() - began}
    if library == "ours":
        told |= tuned(into / "index", np.load(place / "tune-shifted.npy"))
    opened = one.open(into, vectors)
    told["points"] = {
        of: chosen_points(opened, np.load(place / f"{of}.npy"), np.load(place / f"truth-{of}.npy"))
        for of in KINDS_OF_QUERIES
    }
    told["disk"] = sum(path.stat().st_size for path in into.rglob("*") if path.is_file())
    return told


def tuned(index: Path, queries: np.ndarray) -> dict[str, Any]:
    """`sbir index tune --recall 0.95`: what it tried, chose and said."""
    from serving.index.tune import tune_index

    began = time.perf_counter()
    found = tune_index(index, 0.95, K, queries)
    return {
        "tuning": time.perf_counter() - began,
        "why": found.why,
        "recall": found.recall,
        "recall_far": found.recall_far,
        "classes": found.classes,
        "trials": [asdict(trial) for trial in found.trials],
    }


def chosen_points(opened: Opened, queries: np.ndarray, truth: np.ndarray) -> list[dict[str, Any]]:
    """For each recall the point that reaches it in the least time."""
    tried = []
    for _, points in groupby(opened.points, lambda point: point.get("leaves", point.get("probes"))):
        tried += along(opened, list(points), queries, truth)
        thorough = [one[0] for one in tried if one[1] >= LEVELS[-1]]
        if thorough and tried[-1][0] > 4 * min(thorough):
            break  # what visits more is slower still
    chosen = []
    for level in LEVELS:
        enough = [one for one in tried if one[1] >= level]
        if enough:
            _, reached, point = min(enough, key=lambda one: one[0])
            far = recall_of(opened.at(point)(queries, FAR), truth, FAR)
            chosen.append({"level": level, "point": point, "recall": reached, "far": far})
    return chosen


def along(
    opened: Opened, points: list[Point], queries: np.ndarray, truth: np.ndarray
) -> list[tuple[float, float, Point]]:
    """Time, recall and point, from the most careless on, until thoroughness brings no more."""
    tried: list[tuple[float, float, Point]] = []
    for point in points:
        began = time.process_time()
        reached = recall_of(opened.at(point)(queries, K), truth, K)
        tried.append((time.process_time() - began, reached, point))
        if reached >= LEVELS[-1] or (len(tried) > 3 and reached < tried[-4][1] + 0.002):
            break
    return tried


def times(folder: Path, kind: str, count: int) -> dict[str, Any]:
    """Times of all indexes at matched recall, side by side, round by round; their memory."""
    from serving.index.searchers.scann import scann_module

    scann_module()  # TensorFlow's own memory is nobody's index
    place = place_of(folder, kind, count)
    vectors = np.load(place / "vectors.npy", mmap_mode="r")
    queries = {of: np.load(place / f"{of}.npy") for of in KINDS_OF_QUERIES}
    indexes: dict[str, Opened] = {}
    memory = {}
    reports = {}
    for library in LIBRARIES:
        report = folder / f"built-{kind}-{count}-{library}.json"
        if not report.exists():
            continue
        reports[library] = json.loads(report.read_text())
        before = resident()
        indexes[library] = LIBRARIES[library].open(place / library, vectors)
        indexes[library].at(indexes[library].points[0])(queries["same"][:1], K)
        memory[library] = resident() - before
    measured: dict[str, dict[str, list[list[float]]]] = {}
    for turn in range(ROUNDS):
        for library, opened in indexes.items():
            for of, points in reports[library]["points"].items():
                for one in points:
                    exact = not one["point"]
                    if exact and (turn or one["level"] != LEVELS[0]):
                        continue
                    key = f"{library} {of} {one['level']}"
                    some = queries[of][: 50 if exact else QUERIES]
                    measured.setdefault(key, []).append(timed(opened.at(one["point"]), some))
    medians = {
        key: np.median(np.array(rounds), axis=0).tolist() for key, rounds in measured.items()
    }
    return {"memory": memory, "times": medians}


def timed(
    search: Search, queries: np.ndarray, clock: Callable[[], float] = time.process_time
) -> list[float]:
    """Processor seconds of a query alone, the median; of a query in a batch."""
    alone = []
    for at in range(ALONE):
        one = queries[at % len(queries)][None]
        began = clock()
        search(one, K)
        alone.append(clock() - began)
    began = clock()
    search(queries, K)
    return [float(np.median(alone)), (clock() - began) / len(queries)]


def filters(folder: Path, kind: str, count: int) -> dict[str, Any]:
    """Searches by filters that let through a half, a hundredth and a ten thousandth."""
    from contextlib import closing

    from serving.index import open_index

    place = place_of(folder, kind, count)
    queries = np.load(place / "shifted.npy")
    vectors = np.load(place / "vectors.npy", mmap_mode="r")
    wheres = {
        "none": None,
        "50%": {"half": 1},
        "1%": {"hundredth": 7},
        "0.01%": {"brand": "brand 7"},
    }
    allowed = {
        "none": np.ones(count, bool),
        "50%": np.arange(count) % 2 == 1,
        "1%": np.arange(count) % 100 == 7,
        "0.01%": np.arange(count) % 10_000 == 7,
    }
    told = {}
    for name, where in wheres.items():
        with closing(open_index(place / "ours" / "index")) as index:
            index.search(queries[:1], K)
            began = time.process_time()
            index.search(queries[1:2], K, where)
            first = time.process_time() - began
            ids, _ = index.search(queries[:100], K, where)
            found = timed(lambda some, k, i=index, w=where: i.search(some, k, w), queries[:100])
        told[name] = {"first": first, "alone": found[0], "batched": found[1]}
        told[name] |= filtered_recall(ids, queries[:100], vectors, allowed[name])
    return told


def filtered_recall(ids, queries, vectors, allowed) -> dict[str, Any]:
    """Recall among the rows that a filter lets through, and the fewest hits of a query."""
    from serving.index.exact import nearest_among

    rows = np.flatnonzero(allowed)
    truth, _ = nearest_among("l2", queries, vectors, rows, min(K, len(rows)))
    found = [[row_of(name) for name in names] for names in ids]
    hits = [len(set(a) & set(b)) for a, b in zip(found, truth.tolist(), strict=True)]
    return {"recall": sum(hits) / truth.size, "fewest": min(len(names) for names in ids)}


def curve(folder: Path, kind: str, count: int) -> dict[str, Any]:
    """What a query costs at recall 0.95 by this index's tree and by comparing with all."""
    from serving.index.exact import nearest_points
    from serving.index.searchers.settings import Settings
    from serving.index.searchers.trials import Asked, fastest

    gallery = make(kind, count, 400, seed=1)
    queries = gallery.queries["shifted"]
    rows_of_exact, distances = nearest_points(queries, gallery.vectors, K)
    del rows_of_exact
    asked = Asked(queries, distances[:, K - 1], K)
    leaves = round(2 * count**0.5)
    structure = Settings("tree", 100, leaves, max(1, leaves // 10))
    began = time.perf_counter()
    (searcher, trial), *_ = fastest("l2", gallery.vectors, structure, asked, 0.95)
    whole = time.perf_counter() - began
    rounds = [timed(searcher.search, queries) for _ in range(ROUNDS)]
    exact = [timed(lambda some, k: nearest_points(some, gallery.vectors, k), queries[:ALONE])]
    return {
        "settings": trial.settings.to_json(),
        "recall": trial.recall,
        "build": trial.build,
        "whole": whole,
        "alone": float(np.median([one[0] for one in rounds])),
        "batched": float(np.median([one[1] for one in rounds])),
        "exact": exact[0][0],
    }


def exact(folder: Path, kind: str, count: int) -> dict[str, Any]:
    """A query alone, compared with all, by one thread and by all cores."""
    from serving.index import exact as module

    place = place_of(folder, kind, count)
    vectors = np.asarray(np.load(place / "vectors.npy", mmap_mode="r"))
    queries = np.load(place / "shifted.npy")
    told = {}
    for threads in (1, 2):
        module.threads = lambda threads=threads: threads
        module._pool.cache_clear()
        rounds = [
            timed(lambda q, k: module.nearest_points(q, vectors, k), queries[:2], time.perf_counter)
            for _ in range(3 * ROUNDS)
        ]
        told[f"{threads}"] = float(np.median([one[0] for one in rounds]))
        told[f"{threads} best"] = min(one[0] for one in rounds)
    codes = np.random.default_rng(0).integers(0, 256, (count, 8), np.uint8)
    found = timed(lambda q, k: module.nearest_rows("hamming", q, codes, k), codes[:60])
    return told | {"hamming": found[0], "code_bytes": codes.nbytes, "vector_bytes": vectors.nbytes}


def recall_of(found: Any, truth: np.ndarray, k: int) -> float:
    """Share of the true neighbours among rows or ids that were found."""
    rows = [[row_of(name) for name in names] for names in found] if is_ids(found) else found
    pairs = zip(np.asarray(rows).tolist(), truth[:, :k].tolist(), strict=True)
    return float(np.mean([len(set(one) & set(other)) / k for one, other in pairs]))


def is_ids(found: Any) -> bool:
    return isinstance(found, list) and bool(found) and isinstance(found[0], list)


def row_of(name: str) -> int:
    return int(name.rpartition("/")[2].removesuffix(".png"))


def place_of(folder: Path, kind: str, count: int) -> Path:
    return folder / f"{kind}-{count}"


def resident() -> int:
    """Bytes that this process has for itself; mapped files are not counted."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))


CELLS = {one.__name__: one for one in (data, built, times, filters, curve, exact)}


def main() -> None:
    folder, name, kind, count, *more = sys.argv[1:]
    result = CELLS[name](Path(folder), kind, int(count), *more)
    target = Path(folder) / f"{'-'.join([name, kind, count, *more])}.json"
    aside = target.with_suffix(".new")
    aside.write_text(json.dumps(result, indent=1))
    aside.replace(target)


if __name__ == "__main__":
    main()
