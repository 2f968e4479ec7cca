"""Run a comparison: trials first, then the chosen settings over all seeds.

Every cell is a process of its own and a folder of its own, so that an interrupted comparison
continues with the cells that are missing, and within a cell where its checkpoint stands.
"""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sbir_tf.errors import UserError
from training.baselines.plan import Plan, plan_from_json
from training.compare.cell import PLAN, Outcome, outcome_of
from training.compare.spec import Comparison, Row
from training.config import Config
from training.run import open_run

ONE_THREAD = {
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}


@dataclass(frozen=True)
class Cell:
    """One training, or one fit: where it is kept, what it trains, what judges it."""

    folder: Path
    config: Config | Plan
    part: str

    def outcome(self) -> Outcome | None:
        """What came of it, None while it is not finished.

        Raises:
            UserError: If the folder holds a cell of another configuration.
        """
        outcome = outcome_of(self.folder)
        if outcome and config_in(self.folder) != self.config:
            raise UserError(
                f"{self.folder} holds a cell of another configuration: remove it to train the "
                "present one, or name another folder with --to"
            )
        return outcome


def config_in(folder: Path) -> Config | Plan:
    """What a cell's folder holds a training, or a fit, of.

    Raises:
        UserError: If that cannot be read.
    """
    path = folder / PLAN
    if not path.exists():
        return open_run(folder).config
    try:
        return plan_from_json(json.loads(path.read_text()))
    except (ValueError, TypeError, KeyError) as error:
        raise UserError(
            f"{path} cannot be read ({error!r}): remove {folder} to fit it anew"
        ) from None


def trial_cells(comparison: Comparison, row: Row, folder: Path) -> list[Cell]:
    """A cell for each of the row's trials."""
    return [
        Cell(
            folder / row.slug / f"trial_{number}",
            comparison.trial_config(row, trial),
            "validation",
        )
        for number, trial in enumerate(row.trials)
    ]


def final_cells(comparison: Comparison, row: Row, chosen: int, folder: Path) -> list[Cell]:
    """A cell for each seed, with the chosen trial's settings."""
    return [
        Cell(
            folder / row.slug / f"chosen_{chosen}_seed_{seed}",
            comparison.final_config(row, row.trials[chosen], seed),
            "test",
        )
        for seed in comparison.seeds_of(row)
    ]


def best_trial(outcomes: list[Outcome | None]) -> tuple[int, str] | None:
    """Number and distance of the trial with the highest mAP, None if all failed."""
    reached = [
        (outcome.scores[distance].map_all, -number, distance)
        for number, outcome in enumerate(outcomes)
        if outcome
        for distance in outcome.scores
    ]
    if not reached:
        return None
    _, number, distance = max(reached)
    return -number, distance


def compare(comparison: Comparison, folder: Path, jobs: int = 1, progress=None) -> None:
    """Train and score every cell that is missing.

    Args:
        comparison: What to compare.
        folder: For the cells.
        jobs: Cells at a time. With more than one, each computes in one thread.
        progress: Shows how many cells are done.

    Raises:
        UserError: If a cell cannot begin: its message.
    """
    trials = {row: trial_cells(comparison, row, folder) for row in comparison.rows}
    run_cells([cell for cells in trials.values() for cell in cells], jobs, "trials", progress)
    finals = []
    for row, cells in trials.items():
        best = best_trial([cell.outcome() for cell in cells])
        if best:
            finals += final_cells(comparison, row, best[0], folder)
    # Seed by seed, so that an early look at the table has all of its rows.
    finals.sort(key=lambda cell: cell.config.seed)
    run_cells(finals, jobs, "seeds", progress)


def run_cells(cells: list[Cell], jobs: int, title: str, progress=None) -> None:
    """Work on the unfinished cells, `jobs` at a time."""
    progress = progress or (lambda iterable, *_: iterable)
    missing = [cell for cell in cells if cell.outcome() is None]
    with ThreadPoolExecutor(jobs) as pool:
        futures = [pool.submit(run_cell, cell, jobs > 1) for cell in missing]
        try:
            for future in progress(futures, title, len(futures)):
                future.result()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def run_cell(cell: Cell, one_thread: bool) -> None:
    """One cell in a process of its own."""
    call = [sys.executable, "-m", "training.compare.cell", str(cell.folder), cell.part]
    done = subprocess.run(
        call,
        input=json.dumps(cell.config.to_json()),
        env=os.environ | (ONE_THREAD if one_thread else {}),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise UserError(f"{cell.folder} could not be trained: {last}")
