"""Binary codes: what they cost in quality, and how fast they are ranked; writes docs/codes.md.

    python -m benchmarks.codes

Takes the runs that `python -m benchmarks.quality` trained. Codes that are fitted already
are not fitted again. Speeds are of one thread, side by side in one run.
"""

import os

# Before NumPy and TensorFlow start their threads.
os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
os.environ |= dict.fromkeys(("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1")

import time
from pathlib import Path

import numpy as np

from benchmarks.hamming import RANKERS
from benchmarks.quality import ROWS, SEEDS, spread
from serving.codes import nearest_codes
from training.machine import describe

PAGE = Path("docs/codes.md")
METHODS = ("centers", "itq", "random")
SIZES = (32, 64, 128)
K = 10
ROUNDS = 3
WORKLOADS = ((1, 1_000_000), (1_000, 100_000), (100, 1_000_000))


def main() -> None:
    page = NOTE.format(
        machine=describe("tensorflow", "numpy", "faiss-cpu"),
        quality="\n".join(quality()),
        rounds=ROUNDS,
        ranking="\n".join(ranking()),
        learning="\n".join(learning()),
    )
    PAGE.write_text(page)
    print(page)


def quality() -> list[str]:
    """mAP@all of each code, over the seeds of both configurations."""
    from training.codes.report import evaluate_codes
    from training.run import open_complete

    columns = []
    for row in ROWS:
        runs = [open_complete(row.folder(seed)) for seed in SEEDS]
        for run in runs:
            fit_missing(run)
        reports = [evaluate_codes(run) for run in runs]
        columns.append({rows[0].name: rows for rows in zip(*reports, strict=True)})
    heads = [row.label for row in ROWS]
    lines = [f"| code | bits | {' | '.join(heads)} |", "|---|---|" + "---|" * len(heads)]
    for name in columns[0]:
        label, _, bits = name.rpartition("-")
        cells = [spread([row.result.map_all for row in column[name]]) for column in columns]
        if name.startswith("real"):
            label, bits = name, " / ".join(str(8 * column[name][0].bytes) for column in columns)
        lines.append(f"| {LABELS[label]} | {bits} | {' | '.join(cells)} |")
    chance = [column["real"][0].result.chance.map_all for column in columns]
    return [*lines, f"| chance | - | {' | '.join(f'{value:.4f}' for value in chance)} |"]


def fit_missing(run) -> None:
    """Codes of every method and size, beside those that are there."""
    from training.codes.fit import fit_codes

    folder = run.folder / "codes"
    for method in METHODS:
        sizes = [size for size in SIZES if not (folder / f"{method}-{size}.npz").exists()]
        if method == "random":
            fit_random(run, folder, sizes)
        elif sizes:
            fit_codes(run, tuple(sizes), method)


def fit_random(run, folder: Path, sizes: list[int]) -> None:
    """Random planes through the mean of the class centres: codes that nothing was learnt for."""
    from sbir_tf.codes import BinaryCodes, save_codes
    from training.codes.material import class_centers, weights_of

    centers = class_centers(run)
    for size in sizes:
        rng = np.random.default_rng(run.config.seed)
        kernel = rng.standard_normal((centers.shape[1], size)).astype(np.float32)
        codes = BinaryCodes(kernel, -centers.mean(axis=0) @ kernel, "random")
        save_codes(codes, folder / f"random-{size}.npz", run.config.name, weights_of(run))


def ranking() -> list[str]:
    """Seconds to find the ten nearest of random 64-bit codes, and a check that all agree."""
    rng = np.random.default_rng(0)
    heads = [f"{queries:,} x {codes:,}" for queries, codes in WORKLOADS]
    lines = [f"| by | {' | '.join(heads)} |", "|---|" + "---|" * len(heads)]
    seconds = {name: [] for name in RANKERS}
    for queries, codes in WORKLOADS:
        asked = rng.integers(0, 256, (queries, 8), dtype=np.uint8)
        stored = rng.integers(0, 256, (codes, 8), dtype=np.uint8)
        rounds = {name: [] for name in RANKERS}
        truth = nearest_codes(asked, stored, K)
        for _ in range(ROUNDS):
            for name, rank in RANKERS.items():
                began = time.perf_counter()
                found = rank(asked, stored, K)
                rounds[name].append(time.perf_counter() - began)
                for ours, theirs in zip(found, truth, strict=True):
                    np.testing.assert_array_equal(ours, theirs, err_msg=name)
        for name, values in rounds.items():
            seconds[name].append(np.median(values))
    for name, values in seconds.items():
        lines.append(f"| {name} | {' | '.join(f'{value:.4f} s' for value in values)} |")
    return lines


def learning() -> list[str]:
    """Seconds to learn the published codes of 263 random centres."""
    from sbir_tf.codes import learn_center_codes

    rng = np.random.default_rng(0)
    lines = ["| bits | 128 dimensions | 512 dimensions |", "|---|---|---|"]
    for bits in SIZES:
        seconds = []
        for dimension in (128, 512):
            centers = rng.standard_normal((263, dimension)).astype(np.float32)
            began = time.perf_counter()
            learn_center_codes(centers, bits)
            seconds.append(time.perf_counter() - began)
        lines.append(f"| {bits} | {' | '.join(f'{value:.1f} s' for value in seconds)} |")
    return lines


LABELS = {
    "real": "real-valued, as `sbir evaluate` compares them",
    "real, mean": "real-valued, mean with the mirror image's",
    "centers": "`centers`: published, learnt on the class centres",
    "itq": "`itq`: learnt on the training pictures",
    "random": "random planes, nothing learnt",
}
NOTE = """\
# Binary codes

A code is one linear map of the embedding and its signs: 4, 8 or 16 bytes a picture instead of 512
or 2,048. `sbir codes fit RUN` learns the published codes on the class centres (`--method itq`: the
classical rival on the training pictures), `sbir codes report RUN` measures them, and
`sbir codes search CODES SKETCH... --gallery FOLDER` ranks a folder of pictures by Hamming
distance.

    python -m benchmarks.codes

{machine}

## What they cost

mAP@all on the `styles` split's test part, mean of three seeds and their range. Hamming distances
tie; AP is the expected value over all orders of the tied pictures. Bits of the real-valued rows
are those of their float32 values.

{quality}

## How fast they are ranked

The ten nearest of random 64-bit codes, exactly, queries x codes, one thread where nothing else is
said; median of {rounds} rounds in turn. All find the same. Compare rows, do not read
seconds: other work kept both cores busy.

{ranking}

The product ranks with faiss, one thread a search: faiss's threads wait for each other where the
cores are busy, and then take longer than one does.

## How long learning takes

10,000 steps on 263 class centres, one thread:

{learning}
"""

if __name__ == "__main__":
    main()
