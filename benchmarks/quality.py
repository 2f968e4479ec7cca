"""Retrieval quality over three seeds: the table in docs/results.md.

    python -m benchmarks.quality        both configurations, untrained features, chance

Every cell is a run in runs/quality/; what is trained already is not trained again, so the command
continues where it was interrupted. `--jobs 2` trains two cells at a time, one thread each; seconds
of training are then no measure of speed. `sbir compare icons_ablation` compares gates and losses.
"""

import argparse
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.machine import describe

SEEDS = (0, 1, 2)
# Cells are trained side by side: the column only tells a hanging run from a good one.
SECONDS = "Seconds are of cells trained side by side on a busy machine: no measure of speed."
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


HALF = ("precision=mixed_bfloat16",)
ROWS = (
    Row("`icons_quick`", "icons_quick"),
    Row("`icons_tiny`", "icons_tiny"),
    Row("`icons_quick`, mixed_bfloat16", "icons_quick", HALF),
    Row("`icons_tiny`, mixed_bfloat16", "icons_tiny", HALF),
)
PAGE = Path("docs/results.md")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--table-only", action="store_true", help="train nothing")
    arguments = parser.parse_args()
    cells = [(row, seed) for seed in SEEDS for row in ROWS]
    threads = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
    environment = os.environ | (threads if arguments.jobs > 1 else {})
    with ThreadPoolExecutor(arguments.jobs) as pool:
        cells = [] if arguments.table_only else cells
        list(pool.map(lambda cell: train(*cell, environment), cells))
    PAGE.write_text(render())
    print(PAGE.read_text())


def train(row: Row, seed: int, environment) -> None:
    """Train one cell in a process of its own, or find it trained."""
    command = [sys.executable, "-m", "sbir_tf", "train", row.config, "--set", f"seed={seed}"]
    for override in row.overrides:
        command += ["--set", override]
    subprocess.run([*command, "--to", str(row.folder(seed))], check=True, env=environment)


def render() -> str:
    """The table, Markdown, of the cells that are trained."""
    from training.config import load_config
    from training.evaluate import evaluate_run, evaluate_untrained
    from training.run import open_run

    lines = [
        NOTE.format(machine=describe("tensorflow", "keras")),
        "| trained with | seeds | mAP@all | hit@10 | margin at the end | training, s |",
        "|---|---|---|---|---|---|",
    ]
    for row in ROWS:
        cells = [row.folder(seed) for seed in SEEDS if row.folder(seed).exists()]
        runs = [run for run in map(open_run, cells) if run.complete]
        if not runs:
            continue
        results = [evaluate_run(run) for run in runs]
        facts = [run.facts() for run in runs]
        margin = np.mean([fact["margin"] for fact in facts])
        lines.append(
            f"| {row.label} | {len(runs)} | {spread([r.map_all for r in results])} "
            f"| {spread([r.hit_at[10] for r in results])} | {f'{margin:.2f}' if margin else '-'} "
            f"| {np.mean([fact['training_seconds'] for fact in facts]):.0f} |"
        )
    last = results[-1]
    others = {
        "chance": last.chance,
        "ImageNet features, untrained": evaluate_untrained(load_config("icons_quick")),
    }
    for label, values in others.items():
        lines.append(f"| {label} | - | {values.map_all:.4f} | {values.hit_at[10]:.4f} | - | - |")
    counts = f"{last.queries} sketches search {last.gallery} pictures. {SECONDS}"
    return "\n".join([*lines, "", counts, ""])


def spread(values) -> str:
    """Mean and range of the seeds."""
    return f"{np.mean(values):.4f} ({min(values):.4f} to {max(values):.4f})"


NOTE = """\
# Results on the bundled icons

The `styles` split: the designer families of the test part were never seen in training, neither
their sketches nor their pictures. Mean of three seeds, and their range. The settings were chosen
on the validation part (train on `train`, evaluate `validation`); the runs below train on both.

    python -m benchmarks.quality

{machine}
"""

if __name__ == "__main__":
    main()
