"""The page of a comparison, Markdown, from the cells that are finished."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sbir_tf.errors import UserError
from sbir_tf.files import written_aside
from training.compare.cell import Outcome
from training.compare.run import best_trial, final_cells, trial_cells
from training.compare.spec import Comparison, Row
from training.compare.statistics import paired_difference
from training.machine import describe

HEAD = (
    "| trained with | seeds | mAP@all | hit@10 | against {} [95% interval] | distance | weights |"
)


@dataclass(frozen=True)
class Line:
    """What a row reached.

    Attributes:
        row: The row.
        trials: An outcome for each trial, None where it is not finished.
        chosen: Number and distance of the best trial, None if all failed.
        finals: Outcomes of the seeds that are finished.
    """

    row: Row
    trials: list[Outcome | None]
    chosen: tuple[int, str] | None
    finals: list[Outcome]

    @property
    def scores(self) -> list:
        """The seeds' scores under the chosen distance."""
        return [o.scores[self.chosen[1]] for o in self.finals if o.scores] if self.chosen else []

    @property
    def map_all(self) -> float:
        """Mean over the seeds, -1 if there are none."""
        return float(np.mean([score.map_all for score in self.scores])) if self.scores else -1.0


def line_of(comparison: Comparison, row: Row, folder: Path) -> Line:
    """What the finished cells of a row say."""
    trials = [cell.outcome() for cell in trial_cells(comparison, row, folder)]
    chosen = best_trial(trials)
    cells = final_cells(comparison, row, chosen[0], folder) if chosen else []
    finals = [outcome for outcome in (cell.outcome() for cell in cells) if outcome]
    return Line(row, trials, chosen, finals)


def render_page(comparison: Comparison, folder: Path, machine: str) -> str:
    """The whole page.

    Args:
        comparison: What was compared.
        folder: Of its cells.
        machine: One line about the machine and the versions.

    Raises:
        UserError: If no cell is finished.
    """
    lines = {row: line_of(comparison, row, folder) for row in comparison.rows}
    if not any(outcome for line in lines.values() for outcome in line.trials):
        raise UserError(
            f"{folder} holds no finished cell of {comparison.name}: train some first with "
            f"`sbir compare {comparison.name}`"
        )
    parts = [f"# {comparison.title}", f"    sbir compare {comparison.name}", machine]
    parts.append(comparison.note.strip())
    for heading, rows in comparison.tables.items():
        parts += [f"## {heading}", table([lines[row] for row in rows])]
    parts += ["## The trials", trials_note(comparison), trials_table(list(lines.values()))]
    return "\n\n".join(parts) + "\n"


def write_page(comparison: Comparison, folder: Path, path: Path) -> None:
    """Write the page aside, then rename it."""
    machine = describe("tensorflow", "keras")
    text = render_page(comparison, folder, machine)
    with written_aside(path) as aside:
        aside.write_text(text)


def table(lines: list[Line]) -> str:
    """One table, the best row first, and the sentence that names the winner."""
    reference = lines[0]
    ordered = sorted(lines, key=lambda line: -line.map_all)
    rows = [HEAD.format(reference.row.label), "|---|---|---|---|---|---|---|"]
    rows += [table_row(line, reference, line is ordered[0]) for line in ordered]
    return "\n".join([*rows, "", winner(ordered, reference)])


def table_row(line: Line, reference: Line, first: bool) -> str:
    """A row's figures; the winner's name is bold."""
    label = f"**{line.row.label}**" if first and line.scores else line.row.label
    if not line.scores:
        failed = next((o.failure for o in [*line.finals, *line.trials] if o and o.failure), None)
        return f"| {label} | 0 | {failed or 'not finished'} | | | | |"
    maps = [score.map_all for score in line.scores]
    hits = [score.hit_at_10 for score in line.scores]
    weights = next(o.facts["weights"] for o in line.finals if o.scores)
    return (
        f"| {label} | {len(maps)} | {spread(maps)} | {spread(hits)} "
        f"| {difference(line, reference)} | {line.chosen[1]} | {weights:,} |"
    )


def difference(line: Line, reference: Line) -> str:
    """The paired difference to the reference, in words of the table."""
    if line is reference or len(line.scores) != len(reference.scores):
        return "-"  # the same seeds on both sides, or none
    here, there = (
        np.array([score.per_query_ap for score in side.scores]) for side in (line, reference)
    )
    return "{:+.4f} [{:+.4f}, {:+.4f}]".format(*paired_difference(here, there))


def winner(ordered: list[Line], reference: Line) -> str:
    """Who is first, and whether by more than the seeds spread."""
    if sum(bool(line.scores) for line in ordered) < 2:
        return "Not finished."
    first, *rest = [line for line in ordered if line.scores]
    worst = min(score.map_all for score in first.scores)
    best = max(score.map_all for score in rest[0].scores)
    apart = "their seeds do not overlap" if worst > best else "their seeds overlap"
    place = next(number for number, line in enumerate(ordered, 1) if line is reference)
    return (
        f"First: {first.row.label}, before {rest[0].row.label} ({apart}). "
        f"{reference.row.label} is number {place} of {len(ordered)}."
    )


def trials_note(comparison: Comparison) -> str:
    """How the settings were chosen."""
    return (
        "Each row's settings are the best of its trials, one seed each, trained on the train part "
        "and judged by mAP@all on the validation part, under the distance that does better there. "
        "The tables above train on both parts and are judged on the test part."
    )


def trials_table(lines: list[Line]) -> str:
    """Every trial, the losing ones too."""
    rows = [
        "| row | settings tried | Euclidean mAP | cosine mAP | chosen |",
        "|---|---|---|---|---|",
    ]
    for line in lines:
        for number, (trial, outcome) in enumerate(zip(line.row.trials, line.trials, strict=True)):
            chosen = line.chosen[1] if line.chosen and line.chosen[0] == number else ""
            settings = ", ".join(f"`{setting}`" for setting in trial) or "as configured"
            rows.append(f"| {line.row.label} | {settings} | {trial_scores(outcome)} | {chosen} |")
    return "\n".join(rows)


def trial_scores(outcome: Outcome | None) -> str:
    """Both distances' mAP, or why there is none."""
    if outcome is None:
        return "not finished | "
    if outcome.failure:
        return f"{outcome.failure.split(':')[0]} | "
    return " | ".join(f"{outcome.scores[name].map_all:.4f}" for name in ("euclidean", "cosine"))


def spread(values) -> str:
    """Mean and range of the seeds."""
    return f"{np.mean(values):.4f} ({min(values):.4f} to {max(values):.4f})"
