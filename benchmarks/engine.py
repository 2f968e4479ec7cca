"""What a vector and a query cost on Milvus, and in a folder: memory, disk, processor time.

    python -m benchmarks.engine [--to indexes/engine.json]

Starts the engine (the `milvus` package: all of its parts in one process), puts galleries that look
like MEMS embeddings into it, of 128 floats and of 64 bits, and searches them one query at a time,
with queries shifted as sketches are from photographs. The same vectors in a folder beside. Two
sizes, so that what a segment costs whatever it holds is told from what a vector costs. Memory and
queries are measured when the engine has come to rest after the build. What was measured is kept:
interrupted, it continues there. `benchmarks.scale` computes with it.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.ann.vectors import DIMENSION, make
from benchmarks.milvus_server import milvus_server
from serving.index import Index, Model, create_index
from serving.index.exact import nearest_rows
from training.machine import describe

SIZES = (200_000, 800_000)
BITS, K, QUERIES = 64, 10, 1000
IDLE = 10  # seconds
REST = 0.2  # of a core: below it an engine is at rest
MODEL = Model("benchmark", "be" * 32)
PLACES = {
    "milvus, SCANN": ("l2", {"shards": 1}),
    "milvus, 64 bits": ("hamming", {"shards": 1}),
    "folder": ("l2", None),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--to", type=Path, default=Path("indexes/engine.json"))
    file = parser.parse_args().to
    rows = json.loads(file.read_text())["rows"] if file.exists() else {}
    for size in SIZES:
        for name, (metric, settings) in PLACES.items():
            key = f"{name}, {size}"
            if key not in rows:
                rows[key] = measured(name, metric, settings, size)
                print(key, rows[key], file=sys.stderr)
                file.parent.mkdir(parents=True, exist_ok=True)
                machine = describe("pymilvus", "milvus", "scann")
                file.write_text(json.dumps({"machine": machine, "rows": rows}, indent=1))
    print(file.read_text())


def measured(name: str, metric: str, settings: dict[str, Any] | None, size: int) -> dict[str, Any]:
    """A row: what one place costs at one size."""
    vectors, queries = data(metric, size)
    with place_of(name) as (place, process, folder):
        began = resident(process), used(folder)
        with closing(create_index(place, metric, width(metric), MODEL, settings)) as index:
            added, saved = filled(index, vectors)
            rest(process)
            found, wall, processor = searched(index, queries, process)
            memory = resident(process) - began[0]
            # Exact codes tie by the hundred: a hit at the right distance is right.
            exact = nearest_rows(metric, queries, vectors, K)[1]
            hits = [a <= row[-1] * 1.0001 for a, row in zip(found, exact, strict=True)]
            return {
                "items": size,
                "added a second": size / added,
                "build, s": saved,
                "memory, bytes": memory,
                "disk, bytes": used(folder) - began[1],
                "recall@10": float(np.mean(hits)),
                "query, ms": wall,
                "query, ms of the processor": processor,
                "settings": index.info().settings,
            }


def data(metric: str, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Vectors and queries; codes are the signs of random projections of them."""
    gallery = make("clustered", size, QUERIES)
    vectors, queries = gallery.vectors, gallery.queries["shifted"]
    if metric != "hamming":
        return vectors, queries
    planes = np.random.default_rng(1).normal(size=(DIMENSION, BITS)).astype(np.float32)
    centre = vectors.mean(axis=0)
    return tuple(np.packbits((x - centre) @ planes > 0, axis=1) for x in (vectors, queries))


def width(metric: str) -> int:
    """Of a vector, or of a code in bits."""
    return BITS if metric == "hamming" else DIMENSION


@contextmanager
def place_of(name: str) -> Iterator[tuple[str, int, Path]]:
    """A place, the process whose memory and processor count, and the folder of its data."""
    if not name.startswith("milvus"):
        with tempfile.TemporaryDirectory() as folder:
            yield f"{folder}/index", os.getpid(), Path(folder)
        return
    unpacked = Path(tempfile.gettempdir()) / "sbir-milvus-programs" / "bin"
    with milvus_server(unpacked) as engine:
        yield f"milvus://{engine.address}/benchmark", engine.process, engine.folder / "data"


def filled(index: Index, vectors: np.ndarray) -> tuple[float, float]:
    """Seconds of adding, and of saving."""
    began = time.perf_counter()
    for start in range(0, len(vectors), 4096):
        rows = range(start, min(start + 4096, len(vectors)))
        ids = [f"class {row % 250:03d}/picture {row:09d}.jpg" for row in rows]
        metadata = [{"class": f"class {row % 250:03d}", "bytes": 100_000 + row} for row in rows]
        index.add(ids, vectors[rows.start : rows.stop], metadata, replace=True)
    added = time.perf_counter()
    index.save()
    return added - began, time.perf_counter() - added


def searched(index: Index, queries: np.ndarray, process: int) -> tuple[list, float, float]:
    """Distances found; milliseconds a query, of the clock and of the processor."""
    for query in queries[:20]:
        index.search(query[None], K)
    before = idle(process)
    began = time.perf_counter(), spent(process)
    found = [index.search(query[None], K)[1][0] for query in queries]
    wall, processor = time.perf_counter() - began[0], spent(process) - began[1]
    processor -= wall * (before + idle(process)) / 2  # an engine's own clocks
    if processor <= 0:
        raise SystemExit("the engine is busy with work of its own: measure this again")
    return found, 1000 * wall / len(queries), 1000 * processor / len(queries)


def rest(process: int, most: int = 60) -> None:
    """Wait for the work that a build leaves behind: compaction, and memory given back."""
    for _ in range(most):
        if idle(process) < REST:
            return


def idle(process: int) -> float:
    """Cores that a process uses when nobody asks it anything."""
    began = time.perf_counter(), spent(process)
    time.sleep(IDLE)
    return (spent(process) - began[1]) / (time.perf_counter() - began[0])


def resident(process: int) -> int:
    """Bytes of memory that a process holds, mapped files included."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def spent(process: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def used(folder: Path) -> int:
    """Bytes on the disk below a folder."""
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    main()
