"""Retrieval quality over three seeds: the tables in docs/results.md and docs/losses.md.

    python -m benchmarks.quality results        both configurations, untrained features, chance
    python -m benchmarks.quality losses         icons_tiny under four losses, one budget

Every cell is a run in runs/quality/; what is trained already is not trained again, so the command
continues where it was interrupted. `--jobs 2` trains two cells at a time, one thread each;
seconds of training are then no measure of speed.
"""

import argparse
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.machine import describe

SEEDS = (0, 1, 2)
RUNS = Path("runs/quality")


@dataclass(frozen=True)
class Row:
    """One line of a table: a configuration with changes."""

    label: str
    config: str
    overrides: tuple[str, ...] = ()

    def folder(self, seed: int) -> Path:
        words = [self.config, *self.overrides, f"seed={seed}"]
        return RUNS / "-".join(word.replace("=", "_") for word in words)


# Squared distances grow faster: their centres start at the published radius (tried on the
# validation part: 1, 2, 3, 5 and 10).
MEMS = ("loss.name=mems", "loss.center_radius=1")

TABLES = {
    "results": (
        Row("`icons_quick`", "icons_quick"),
        Row("`icons_tiny`", "icons_tiny"),
    ),
    "losses": (
        Row("EMS (distances), m = 4, earned: `icons_tiny`", "icons_tiny"),
        Row("MEMS (squared distances), m = 4, earned", "icons_tiny", MEMS),
        Row("MEMS (squared distances), m = 2, earned", "icons_tiny", (*MEMS, "loss.margin=2")),
        Row("distance softmax (m = 1)", "icons_tiny", ("loss.margin=1", "loss.schedule=constant")),
        Row("plain softmax (linear classifier)", "icons_tiny", ("loss.name=softmax",)),
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", choices=TABLES)
    parser.add_argument("--jobs", type=int, default=1)
    arguments = parser.parse_args()
    rows = TABLES[arguments.table]
    cells = [(row, seed) for seed in SEEDS for row in rows]
    threads = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
    environment = os.environ | (threads if arguments.jobs > 1 else {})
    with ThreadPoolExecutor(arguments.jobs) as pool:
        list(pool.map(lambda cell: train(*cell, environment), cells))
    page = Path("docs") / f"{arguments.table}.md"
    page.write_text(render(arguments.table, rows))
    print(page.read_text())


def train(row: Row, seed: int, environment) -> None:
    """Train one cell in a process of its own, or find it trained."""
    command = [sys.executable, "-m", "sbir_tf", "train", row.config, "--set", f"seed={seed}"]
    for override in row.overrides:
        command += ["--set", override]
    subprocess.run([*command, "--to", str(row.folder(seed))], check=True, env=environment)


def render(table: str, rows) -> str:
    """The table, Markdown; reads the trained runs."""
    from training.evaluate import evaluate_run, evaluate_untrained
    from training.run import open_complete

    lines = [
        NOTES[table].format(
            command=f"python -m benchmarks.quality {table}", machine=describe("tensorflow", "keras")
        )
    ]
    lines += ["| trained with | mAP@all | hit@10 | margin at the end | training, s |"]
    lines += ["|---|---|---|---|---|"]
    for row in rows:
        runs = [open_complete(row.folder(seed)) for seed in SEEDS]
        results = [evaluate_run(run) for run in runs]
        facts = [run.facts() for run in runs]
        lines.append(
            f"| {row.label} | {spread([r.map_all for r in results])} "
            f"| {spread([r.hit_at[10] for r in results])} "
            f"| {np.mean([f['margin'] for f in facts]) or float('nan'):.2f} "
            f"| {np.mean([f['training_seconds'] for f in facts]):.0f} |"
        )
    if table == "results":
        untrained = evaluate_untrained(runs_of("icons_quick"))
        lines.append(untrained_line(untrained))
    chance = results[0].chance
    lines.append(f"| chance | {chance.map_all:.4f} | {chance.hit_at[10]:.4f} | - | - |")
    counts = f"{results[0].queries} sketches search {results[0].gallery} pictures."
    return "\n".join([*lines, "", counts, ""])


def runs_of(config: str):
    from training.config import load_config

    return load_config(config)


def untrained_line(result) -> str:
    return (
        f"| ImageNet features, untrained | {result.map_all:.4f} | {result.hit_at[10]:.4f} | - | - |"
    )


def spread(values) -> str:
    """Mean and range of the seeds."""
    return f"{np.mean(values):.4f} ({min(values):.4f} to {max(values):.4f})"


NOTES = {
    "results": """\
# Results on the bundled icons

The `styles` split: the designer families of the test part were never seen in training, neither
their sketches nor their pictures. Mean of three seeds, and their range. The settings were chosen
on the validation part (train on `train`, evaluate `validation`); the runs below train on both.

    {command}

{machine}
""",
    "losses": """\
# What the margin is worth

`icons_tiny` under four losses, everything else alike: the same network, steps, learning rate,
batches and seeds. Mean of three seeds on the `styles` split's test part, and their range.

    {command}

{machine}
""",
}

if __name__ == "__main__":
    main()
