"""How fast full-size rankings are scored, in how much memory; writes into docs/metrics.md.

    python -m benchmarks.evaluation --folder FOLDER [--torch-python PYTHON] [--page]

Random features of the sizes of Sketchy Extended and TU-Berlin Extended. Each is ranked and scored
whole by the product; a few of its queries, in the same run, by the loop that published code uses
(SciPy's `cdist`, then scikit-learn's `average_precision_score` of each query) and by torchmetrics'
algorithm in an environment that has PyTorch. All in processes of their own, whose peak memory is
what the system says; the product once with all cores, for the seconds, and once on one core, for
the processor time, which other work on the machine moves less. What was measured is kept in
FOLDER, so an interrupted run continues; `--again` measures anew. About ten minutes on two idle
cores.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.tables import check_section, replace_section, table
from training.machine import describe

PAGE, SECTION = Path("docs/metrics.md"), "full size"
FEW = 20  # queries of the loops
KS = (100, 200)


@dataclass(frozen=True)
class Case:
    """Features of a data set's size: `dimension` floats, or as many bits."""

    name: str
    queries: int
    gallery: int
    classes: int
    dimension: int
    bits: bool = False

    def __str__(self) -> str:
        what = "bits" if self.bits else "floats"
        return f"{self.name}, {self.queries:,} x {self.gallery:,}, {self.dimension} {what}"

    @property
    def file(self) -> str:
        return f"{self.name}-{self.dimension}{'-bits' if self.bits else ''}"


CASES = {
    case.file: case
    for name, queries, gallery, classes in (
        ("Sketchy", 6_250, 73_002, 125),
        ("TU-Berlin", 2_500, 204_489, 250),
    )
    for case in (
        Case(name, queries, gallery, classes, 512),
        Case(name, queries, gallery, classes, 128),
        Case(name, queries, gallery, classes, 64, bits=True),
    )
}


def main() -> None:
    arguments = parsed()
    if arguments.measure:
        measure, case = arguments.measure
        print(json.dumps(MEASURES[measure](arguments.folder, CASES[case])))
        return
    if arguments.page:
        check_section(PAGE, SECTION)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    text = report(measured(arguments.folder, arguments.torch_python, arguments.again))
    print(text)
    if arguments.page:
        replace_section(PAGE, SECTION, text)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="for features: 2 GB at a time")
    parser.add_argument("--torch-python", type=Path, help="a Python that has torch")
    parser.add_argument("--page", action="store_true", help=f"write into {PAGE}")
    parser.add_argument("--again", action="store_true", help="measure anew")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    return parser.parse_args()


def measured(folder: Path, torch_python: Path | None, again: bool) -> dict:
    """What each process said, by case and measure; kept after each."""
    kept = folder / "measured.json"
    found = json.loads(kept.read_text()) if kept.exists() and not again else {}
    for file, case in CASES.items():
        for measure in (*MEASURES, *(["torch"] if torch_python and not case.bits else [])):
            if f"{file} {measure}" in found:
                continue
            generate(folder, case)
            found[f"{file} {measure}"] = in_a_process(folder, file, measure, torch_python)
            aside = kept.with_suffix(".new")
            aside.write_text(json.dumps(found, indent=1))
            aside.rename(kept)
        for path in folder.glob("*.npy"):
            path.unlink()
    return found


def generate(folder: Path, case: Case) -> None:
    """Random features and labels of a case, unless they are there."""
    if (folder / f"{case.file}.gallery.npy").exists():
        return
    generator = np.random.default_rng(0)
    for side, rows in (("queries", case.queries), ("gallery", case.gallery)):
        features = generator.standard_normal((rows, case.dimension), dtype=np.float32)
        features = (features > 0).astype(np.uint8) if case.bits else features
        labels = generator.integers(case.classes, size=rows)
        np.save(folder / f"{case.file}.{side}.labels.npy", labels)
        np.save(folder / f"{case.file}.{side}.npy", features)


def in_a_process(folder: Path, file: str, measure: str, torch_python: Path | None) -> dict:
    if measure == "torch":
        command = [str(torch_python), "benchmarks/torch_ranking.py", str(folder / file)]
    else:
        command = [sys.executable, "-m", "benchmarks.evaluation", "--folder", str(folder)]
        command += ["--measure", measure, file]
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    if measure != "product":
        environment |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    run = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=environment)
    return json.loads(run.stdout)


def sides_of(folder: Path, case: Case) -> list[np.ndarray]:
    names = ("queries", "queries.labels", "gallery", "gallery.labels")
    return [np.load(folder / f"{case.file}.{name}.npy") for name in names]


def measure_product(folder: Path, case: Case) -> dict:
    """The product: every query ranked and scored, all metrics, then the other conventions."""
    from sbir_tf.evaluation import rank

    sides = sides_of(folder, case)
    held = peak()
    began = Clock()
    ranked = rank(*sides, distance="hamming" if case.bits else "euclidean")
    ranked.result(KS)
    whole = began.read()
    began = Clock()
    for convention in ("retrieved", "voc", "zse"):
        ranked.result(KS, convention, "stable")
    few = ranked.average_precision(ties="grouped")[chosen(case)].tolist()  # scikit-learn's way
    return whole | {"others": began.read()["seconds"], "peak": peak(), "held": held, "ap": few}


def measure_one_core(folder: Path, case: Case) -> dict:
    """The product, held to one core."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    return measure_product(folder, case)


def measure_loop(folder: Path, case: Case) -> dict:
    """The published loop, of a few queries: processor time of all, if all took as long."""
    from scipy.spatial.distance import cdist
    from sklearn.metrics import average_precision_score

    queries, labels, gallery, gallery_labels = sides_of(folder, case)
    rows = chosen(case)
    metric, kind = ("hamming", bool) if case.bits else ("sqeuclidean", np.float64)
    gallery = gallery.astype(kind)
    began = Clock()
    distances = cdist(queries[rows].astype(kind), gallery, metric)
    apart = began.read()
    began = Clock()
    pairs = zip(labels[rows], distances, strict=True)
    aps = [average_precision_score(gallery_labels == label, -row) for label, row in pairs]
    scored = began.read()
    np.save(folder / f"{case.file}.distances.npy", distances)
    np.save(folder / f"{case.file}.relevant.npy", gallery_labels == labels[rows][:, None])
    share = case.queries / len(rows)
    times = {"distances": apart["processor"] * share, "scores": scored["processor"] * share}
    return {**times, "ap": aps}


def chosen(case: Case) -> np.ndarray:
    """A few queries, evenly spread."""
    return np.linspace(0, case.queries - 1, FEW).astype(int)


class Clock:
    """Seconds from here on, on the wall and of this process's threads."""

    def __init__(self) -> None:
        self.wall, self.processor = time.perf_counter(), time.process_time()

    def read(self) -> dict[str, float]:
        processor = time.process_time() - self.processor
        return {"seconds": time.perf_counter() - self.wall, "processor": processor}


def peak() -> float:
    """The most memory that this process has held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


MEASURES = {"product": measure_product, "one-core": measure_one_core, "loop": measure_loop}


def report(found: dict) -> str:
    """The section of the page."""
    heading = ("", "all cores", "peak memory", "one core", "loop: distances + AP", "times faster")
    heading += ("torchmetrics' AP", "largest difference")
    machine = describe("numpy", "scikit-learn", "scipy")
    rows = [row_of(case, found) for case in CASES.values()]
    return f"{machine}; loops: {FEW} queries, scaled up\n\n{table(heading, rows)}"


def row_of(case: Case, found: dict) -> tuple[str, ...]:
    ours, loop = found[f"{case.file} product"], found[f"{case.file} loop"]
    alone, torch = found[f"{case.file} one-core"], found.get(f"{case.file} torch")
    apart = np.abs(np.subtract(ours["ap"], loop["ap"])).max()
    return (
        str(case),
        f"{ours['seconds']:.1f} s",
        f"{ours['peak']:,.0f} MB",
        f"{alone['processor']:.1f} s",
        f"{loop['distances']:,.0f} + {loop['scores']:,.0f} s",
        f"{(loop['distances'] + loop['scores']) / alone['processor']:.0f}",
        f"{torch['seconds'] * case.queries / FEW:,.0f} s" if torch else "-",
        f"{apart:.0e}",
    )


if __name__ == "__main__":
    main()
