"""An index's life: opening, changing and rebuilding while it serves; writes docs/index.md.

    python -m benchmarks.index_life

Makes indexes of 10,000, 100,000 and 1,000,000 vectors of 128 dimensions that look like MEMS
embeddings, with ids and metadata, in `indexes/life` (those that are there are used again, 1.6 GB;
`--folder` puts them elsewhere). Every opening is a process of its own; its files were read before,
so they are in the system's memory.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import argparse
import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np

from benchmarks.ann.vectors import DIMENSION, make
from benchmarks.tables import check_section, replace_section, table
from serving.index import Index, Model, create_index, open_index
from training.machine import describe

PAGE, SECTION = Path("docs/index.md"), "life"
SIZES = (10_000, 100_000, 1_000_000)
BATCH = 10_000
ADDED, REMOVED = (1, 100, 1000), (1, 100)
ROUNDS = 30
QUIET = 300  # searches


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--folder", type=Path, default=Path("indexes/life"))
    options.add_argument("--sizes", type=int, nargs="*", default=SIZES)
    options.add_argument("--open", type=Path, help="open one, and print what it took")
    chosen = options.parse_args()
    if chosen.open:
        print(json.dumps(open_one(chosen.open)))
        return
    check_section(PAGE, SECTION)
    built = {size: build(chosen.folder, size) for size in chosen.sizes}
    opened = {size: in_a_process(chosen.folder / str(size)) for size in chosen.sizes}
    largest = max(chosen.sizes)
    lived = live_on_a_copy(chosen.folder / str(largest), chosen.folder / "live")
    text = NOTE.format(
        machine=describe("numpy", "scann", "faiss-cpu"),
        opening=opening_table(built, opened),
        largest=f"{largest:,}",
        changing=table(CHANGING, [(name, *map(told, lived[name])) for name in lived]),
    )
    replace_section(PAGE, SECTION, text)
    print(text)


def build(folder: Path, size: int) -> dict[str, float]:
    """Loads and saves an index, or reads what that took."""
    place, notes = folder / str(size), folder / f"{size}.json"
    if notes.is_file():
        return json.loads(notes.read_text())
    shutil.rmtree(place, ignore_errors=True)  # of an interrupted run
    gallery, start = make("clustered", size, 1), time.perf_counter()
    with closing(create_index(place, "l2", DIMENSION, Model("life", "ab" * 32))) as index:
        for first in range(0, size, BATCH):
            rows = range(first, min(first + BATCH, size))
            index.add(names(rows), gallery.vectors[first : rows.stop], metadata(gallery, rows))
        added = time.perf_counter()
        index.save()
        saved = time.perf_counter()
        searcher = index.info().searcher
    size_on_disk = sum(path.stat().st_size for path in place.rglob("*") if path.is_file())
    took = {"add": added - start, "save": saved - added}
    took |= {"searcher": searcher, "bytes": size_on_disk}
    notes.write_text(json.dumps(took))
    return took


def names(rows: range) -> list[str]:
    return [f"class-{row % 977}/picture-{row:08d}.jpg" for row in rows]


def metadata(gallery, rows: range) -> list[dict]:
    digest = "5e" * 32
    return [{"class": f"{gallery.labels[row]}", "bytes": row, "sha256": digest} for row in rows]


def open_one(place: Path) -> dict[str, float]:
    """Opens an index, searches it, and says what that took: seconds and MB."""
    import scann  # noqa: F401 (seconds, and TensorFlow's memory; whichever searcher it is)

    query = make("clustered", 1000, 1).queries["shifted"]
    with closing(open_index(place.parent / str(min(SIZES)))) as small:
        small.search(query, 10)  # packages are imported late
    before = memory()
    start = time.perf_counter()
    with closing(open_index(place)) as index:
        opened, own = time.perf_counter(), memory()
        index.search(query, 10)
        searched = time.perf_counter()
        for _ in range(100):
            index.search(query, 10)
        index._state.view().generation.verification.wait()
        verified = time.perf_counter()
        after = memory()
    return {
        "open": opened - start,
        "first": searched - opened,
        "verified": verified - start,
        "own": own["RssAnon"] - before["RssAnon"],
        "own after": after["RssAnon"] - before["RssAnon"],
        "mapped": after["RssFile"] - before["RssFile"],
    }


def memory() -> dict[str, float]:
    lines = Path("/proc/self/status").read_text().splitlines()
    return {key: int(rest.split()[0]) / 1024 for key, _, rest in (s.partition(":") for s in lines)
            if key.startswith("Rss")}  # fmt: skip


def in_a_process(place: Path) -> dict[str, float]:
    command = [sys.executable, "-m", __spec__.name, "--open", str(place)]
    runs = [json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
            for _ in range(3)]  # fmt: skip
    return {key: float(np.median([run[key] for run in runs])) for key in runs[0]}


def live_on_a_copy(place: Path, copy: Path) -> dict[str, tuple[list[float], list[float]]]:
    """`live`, on a copy whose generation shares its files."""
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(place, copy, ignore=shutil.ignore_patterns("generations"))
    shutil.copytree(place / "generations", copy / "generations", copy_function=os.link)
    try:
        with closing(open_index(copy, writable=True)) as index:
            return live(index)
    finally:
        shutil.rmtree(copy)


def live(index: Index) -> dict[str, tuple[list[float], list[float]]]:
    """Searches without pause while it is changed: seconds of the searches, and of the changes."""
    queries = make("clustered", 1000, 50).queries["shifted"]
    index.search(queries[:1], 10)
    gallery, found = make("clustered", 40_000, 1, seed=5), {}
    spare = iter(range(40_000))
    found["nothing"] = (searching(index, queries, quiet), [])
    for count in ADDED:
        changes: list[float] = []
        found[f"adding {count}"] = (
            searching(index, queries, lambda n=count, c=changes: add(index, gallery, spare, n, c)),
            changes,
        )
    old = iter(range(len(index)))
    for count in REMOVED:
        changes = []
        found[f"removing {count}"] = (
            searching(index, queries, lambda n=count, c=changes: remove(index, old, n, c)),
            changes,
        )
    changes = []
    took = searching(index, queries, lambda: rebuild(index, gallery, spare, changes))
    found["adding 1, while a generation is built and switched to"] = (took, changes)
    return found


def searching(index: Index, queries: np.ndarray, work: Callable[[], None]) -> list[float]:
    """How long each of the searches took that one thread made while another worked."""
    took: list[float] = []
    working = threading.Thread(target=work)
    working.start()
    while working.is_alive() or len(took) < QUIET:
        query = queries[len(took) % len(queries), None]
        start = time.perf_counter()
        index.search(query, 10)
        took.append(time.perf_counter() - start)
    working.join()
    return took


def quiet() -> None:
    pass


def add(index: Index, gallery, spare, count: int, took: list[float]) -> None:
    for _ in range(ROUNDS):
        rows = [next(spare) for _ in range(count)]
        ids = [f"new-{row}" for row in rows]
        start = time.perf_counter()
        index.add(ids, gallery.vectors[rows], [{"class": f"{row % 977}"} for row in rows])
        took.append(time.perf_counter() - start)
        visible = index.search(gallery.vectors[rows[-1:]], 1)[0][0]
        if visible != [ids[-1]]:
            raise RuntimeError(f"{ids[-1]} was added, and the next search found {visible}")


def remove(index: Index, old, count: int, took: list[float]) -> None:
    for _ in range(ROUNDS):
        rows = [next(old) for _ in range(count)]
        ids = [f"class-{row % 977}/picture-{row:08d}.jpg" for row in rows]
        start = time.perf_counter()
        index.remove(ids)
        took.append(time.perf_counter() - start)


def rebuild(index: Index, gallery, spare, took: list[float]) -> None:
    saving = threading.Thread(target=index.save)
    saving.start()
    while saving.is_alive():
        row = next(spare)
        start = time.perf_counter()
        index.add([f"new-{row}"], gallery.vectors[row, None])
        took.append(time.perf_counter() - start)
        saving.join(0.05)


CHANGING = ("meanwhile", "searches: median, 99%, longest", "changes: median, longest")


def told(seconds: list[float]) -> str:
    if not seconds:
        return "-"
    values = 1000 * np.array(seconds)
    parts = [np.median(values), np.quantile(values, 0.99), values.max()]
    return " / ".join(f"{part:.1f}" for part in parts) + " ms"


def opening_table(built: dict, opened: dict) -> str:
    heading = ("", *(f"{size:,}" for size in opened))
    rows = [
        ("searcher", *(took["searcher"] for took in built.values())),
        ("added, each 10,000 durable", *(f"{took['add']:.1f} s" for took in built.values())),
        ("saved: generation and searcher", *(f"{took['save']:.1f} s" for took in built.values())),
        ("on the disk", *(f"{took['bytes'] / 1e6:,.0f} MB" for took in built.values())),
        ("open", *(f"{1000 * took['open']:.0f} ms" for took in opened.values())),
        ("first search", *(f"{1000 * took['first']:.1f} ms" for took in opened.values())),
        ("all checksums compared", *(f"{took['verified']:.2f} s" for took in opened.values())),
        ("memory of its own, opened", *(f"{took['own']:,.0f} MB" for took in opened.values())),
        ("... after 101 searches", *(f"{took['own after']:,.0f} MB" for took in opened.values())),
        ("mapped files touched", *(f"{took['mapped']:,.0f} MB" for took in opened.values())),
    ]
    return table(heading, rows)


NOTE = """\
    python -m benchmarks.index_life

{machine}

Medians of three processes. Memory is what came on top of a process that had searched the smallest
index, so without the packages. The first search loads what ScaNN has learnt.

{opening}

The largest, {largest} vectors: one thread searches without pause for ten, another changes the
index, and every change is found by the search after it. Of each kind 30 changes; the last row has
as many as the building took.

{changing}
"""

if __name__ == "__main__":
    main()
