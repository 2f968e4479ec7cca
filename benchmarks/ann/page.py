"""The page's section: tables of what has been measured, and what is missing."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.ann.cells import ALONE, LEVELS, QUERIES, ROUNDS
from benchmarks.ann.libraries import LIBRARIES
from benchmarks.tables import replace_section, table
from training.machine import describe

PACKAGES = ("scann", "faiss-cpu", "hnswlib", "usearch")


def write_page(folder: Path, page: Path) -> None:
    """Replaces the section of a page by what a folder of results says."""
    replace_section(page, "ann", "\n\n".join(parts(folder)))


def parts(folder: Path) -> Iterable[str]:
    """The paragraphs and tables."""
    yield (
        f"{describe(*PACKAGES)}; `python -m benchmarks.ann --page docs/ann.md`. Other work shared "
        "both cores, so times of searches are processor time of one thread: queries a second are "
        "what a core of its own would answer; seconds of building are by the clock, and long."
    )
    for path in sorted(folder.glob("times-*.json"), key=_size_of):
        yield from gallery(folder, path)
    yield from filters(folder)
    yield from exact(folder)
    yield from curve(folder)


def gallery(folder: Path, path: Path) -> Iterable[str]:
    """The tables of one gallery."""
    _, kind, count = path.stem.split("-")
    facts, measured = read(folder / f"data-{kind}-{count}.json"), read(path)
    yield f"### {kind}, {int(count):,} x 128"
    if facts["largest_class"]:
        right = facts["right_class_shifted"]
        yield (
            f"The largest class has {facts['largest_class']:,} members; of the true ten nearest of "
            f"a shifted query {right:.4f} are of its class."
        )
    reports = {name: _report(folder, kind, count, name) for name in LIBRARIES}
    ours = reports["ours"]
    if ours:
        classes = "" if ours["classes"] is None else f", classes {ours['classes']:.4f}"
        yield (
            f"`tune` took {ours['tuning']:.0f} s. It wrote: *{ours['why']}* (recall@100 "
            f"{ours['recall_far']:.3f}{classes})."
        )
    for of, said in (("shifted", "Shifted queries"), ("same", "Queries like the gallery")):
        yield f"{said}, queries a second alone / in a batch of {QUERIES}, at recall@10:"
        heads = ("", "build s", "MB", *(f"{level:g}" for level in LEVELS), "recall@100 at .95")
        yield table(heads, (_row(one, r, of, measured) for one, r in reports.items() if r))
    missing = [LIBRARIES[name].name for name, report in reports.items() if not report]
    if missing:
        yield f"Not measured: {', '.join(missing)}."


def _row(library: str, report: dict[str, Any], of: str, measured: dict[str, Any]) -> list[str]:
    points = {one["level"]: one for one in report["points"][of]}
    cells = []
    for level in LEVELS:
        times = measured["times"].get(f"{library} {of} {level}")
        if times is None and library == "faiss-flat":
            times = measured["times"].get(f"{library} {of} {LEVELS[0]}")
        cells.append("-" if times is None else " / ".join(f"{1 / one:,.0f}" for one in times))
    far = f"{points[0.95]['far']:.3f}" if 0.95 in points else "-"
    memory = f"{measured['memory'][library] / 1e6:,.0f}"
    return [report["name"], f"{report['build']:.0f}", memory, *cells, far]


def filters(folder: Path) -> Iterable[str]:
    """The table of searches by filters."""
    rows = []
    for path in sorted(folder.glob("filters-*.json"), key=_size_of):
        for share, one in read(path).items():
            first, alone, batched = (f"{1e3 * one[of]:.2f}" for of in ("first", "alone", "batched"))
            hits = str(one["fewest"])
            found = (first, alone, batched, f"{one['recall']:.3f}", hits)
            rows.append((f"{_size_of(path):,}", share, *found))
    if rows:
        yield "### Filters"
        yield (
            "Milliseconds a query: the first by a filter, alone after that (the median), in a "
            "batch of 100; recall@10 among the items that the filter lets through; the fewest hits."
        )
        heads = ("items", "let through", "first", "alone", "batched", "recall@10", "fewest of 10")
        yield table(heads, rows)


def exact(folder: Path) -> Iterable[str]:
    """The table of exact searches."""
    rows = []
    for path in sorted(folder.glob("exact-*.json"), key=_size_of):
        one = read(path)
        by = (f"{1e3 * one[of]:.2f} (best {1e3 * one[f'{of} best']:.2f})" for of in ("1", "2"))
        ratio = f"1/{one['vector_bytes'] / one['code_bytes']:.0f}"
        rows.append((f"{_size_of(path):,}", *by, f"{1e3 * one['hamming']:.2f}", ratio))
    if rows:
        yield "### Exact"
        yield "Milliseconds by the clock of a query alone, compared with all (the median):"
        heads = ("items", "one thread", "two", "64-bit codes", "memory of the codes")
        yield table(heads, rows)


def curve(folder: Path) -> Iterable[str]:
    """The table of costs by size, and their exponents."""
    paths = sorted(folder.glob("curve-*.json"), key=_size_of)
    found = [(_size_of(path), read(path)) for path in paths]
    if len(found) < 2:
        return
    yield "### What a query costs, by size"
    yield (
        "Clustered, shifted queries, a tree of 2 √n leaves at recall@10 of 0.95; medians of "
        f"{ROUNDS} rounds of {ALONE} queries alone and {QUERIES - 100} in a batch; exact is one "
        "thread, one round."
    )
    yield table(
        ("items", "leaves visited", "depth", "alone ms", "batched ms", "exact ms", "build s"),
        [
            (
                f"{size:,}",
                f"{one['settings']['leaves_to_search']} of {one['settings']['leaves']}",
                str(one["settings"]["reorder"]),
                *(f"{1e3 * one[of]:.3f}" for of in ("alone", "batched", "exact")),
                f"{one['build']:.1f}",
            )
            for size, one in found
        ],
    )
    slopes = {of: _slope(found, of) for of in ("alone", "batched", "exact")}
    told = ", ".join(f"{of} {slope:.2f}" for of, slope in slopes.items())
    yield f"Exponents of the number of items (least squares of the logarithms): {told}."


def _slope(found: list[tuple[int, dict[str, Any]]], of: str) -> float:
    sizes, costs = zip(*((size, one[of]) for size, one in found), strict=True)
    return float(np.polyfit(np.log(sizes), np.log(costs), 1)[0])


def _report(folder: Path, kind: str, count: str, library: str) -> dict[str, Any] | None:
    path = folder / f"built-{kind}-{count}-{library}.json"
    return read(path) if path.exists() else None


def _size_of(path: Path) -> int:
    return int(path.stem.split("-")[2])


def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text())
