"""What the finished cells of a row say."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.compare.cell import Outcome, Scores
from training.compare.run import best_trial, final_cells, trial_cells
from training.compare.spec import Comparison, Row


@dataclass(frozen=True)
class Line:
    """What a row reached.

    Attributes:
        row: The row.
        seeds: How many it is trained or fitted with in all.
        trials: An outcome for each trial, None where it is not finished.
        chosen: Number and distance of the best trial, None if all failed.
        finals: Outcomes of the seeds that are finished.
    """

    row: Row
    seeds: int
    trials: list[Outcome | None]
    chosen: tuple[int, str] | None
    finals: list[Outcome]

    @property
    def reached(self) -> list[Outcome]:
        """Outcomes of the seeds that have scores."""
        return [outcome for outcome in self.finals if outcome.scores]

    @property
    def scores(self) -> list[Scores]:
        """The seeds' scores under the chosen distance."""
        return [o.scores[self.chosen[1]] for o in self.reached] if self.chosen else []

    @property
    def map_all(self) -> float:
        """Mean over the seeds, -1 if there are none."""
        return float(np.mean([score.map_all for score in self.scores])) if self.scores else -1.0

    @property
    def failure(self) -> str | None:
        """Why a seed, or else a trial, ended early; None if none did."""
        return next((o.failure for o in [*self.finals, *self.trials] if o and o.failure), None)


def line_of(comparison: Comparison, row: Row, folder: Path) -> Line:
    """What the finished cells of a row say."""
    trials = [cell.outcome() for cell in trial_cells(comparison, row, folder)]
    chosen = best_trial(trials)
    cells = final_cells(comparison, row, chosen[0], folder) if chosen else []
    finals = [outcome for outcome in (cell.outcome() for cell in cells) if outcome]
    return Line(row, len(comparison.seeds_of(row)), trials, chosen, finals)
