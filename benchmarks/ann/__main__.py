"""Approximate search measured: this index beside ScaNN, faiss, hnswlib and usearch.

    python -m benchmarks.ann [--sizes 100000 1000000] [--curve 10000 4000000] [--page docs/ann.md]

Everything in one run on one machine. Each cell runs in a process of its own and leaves a file of
JSON in the folder (--to, by default .cache/ann); what is there is not measured again, so a run
that was interrupted continues. The page says what is missing.

Indexes are built by all cores, and searched by one thread. Those of one gallery are timed in one
process in turn, round by round, each at the settings that reach a recall in the least time. Times
of searches are processor time, so that other work on the machine counts as little as it can.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.ann.libraries import LIBRARIES
from benchmarks.ann.page import write_page
from benchmarks.ann.vectors import KINDS
from benchmarks.tables import check_section

SIZES = (100_000, 1_000_000)
CURVE = (10_000, 30_000, 100_000, 300_000, 1_000_000, 2_000_000, 4_000_000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES)
    parser.add_argument("--curve", type=int, nargs="*", default=CURVE)
    parser.add_argument("--kinds", nargs="*", default=KINDS, choices=KINDS)
    parser.add_argument("--libraries", nargs="*", default=list(LIBRARIES), choices=list(LIBRARIES))
    parser.add_argument("--to", type=Path, default=Path(".cache/ann"))
    parser.add_argument("--page", type=Path, help="replace the sections of this page")
    options = parser.parse_args()
    if options.page:
        check_section(options.page, "ann")
    options.to.mkdir(parents=True, exist_ok=True)
    for cell in planned(options):
        run(options.to, *cell)
        if options.page:
            write_page(options.to, options.page)


def planned(options: argparse.Namespace) -> list[tuple[str, ...]]:
    """The cells, the quickest first."""
    cells: list[tuple[str, ...]] = []
    for size in sorted(options.sizes):
        for kind in options.kinds:
            cells.append(("data", kind, str(size)))
            cells += [("built", kind, str(size), library) for library in options.libraries]
            cells.append(("times", kind, str(size)))
        cells += [("filters", "clustered", str(size)), ("exact", "clustered", str(size))]
    return cells + [("curve", "clustered", str(size)) for size in sorted(options.curve)]


def run(folder: Path, *cell: str) -> None:
    """Runs a cell, if its result is not there."""
    if (folder / f"{'-'.join(cell)}.json").exists():
        return
    cores = "1" if cell[0] in ("times", "filters", "curve") else str(os.cpu_count())
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "OMP_WAIT_POLICY": "PASSIVE"}
    print(" ".join(cell), end=" ", flush=True)
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.ann.cells", str(folder), *cell],
        env=os.environ | dict.fromkeys(names, cores) | quiet,
        stderr=subprocess.PIPE,
        text=True,
    )
    print(f"{time.perf_counter() - began:.0f} s", flush=True)
    if done.returncode:
        print(done.stderr[-2000:])


if __name__ == "__main__":
    main()
