"""A comparison's section of the page, Markdown, from the cells that are finished."""

from pathlib import Path

from sbir_tf.errors import UserError
from training.compare.cell import HAMMING, Outcome
from training.compare.columns import COLUMNS
from training.compare.lines import Line, line_of
from training.compare.sections import put_section
from training.compare.spec import Comparison
from training.machine import describe

TRIALS_NOTE = (
    "Each row's settings are the best of its trials, one seed each, trained on the train part "
    "and judged by mAP@all on the validation part, under the distance that does better there. "
    "The tables above train on both parts and are judged on the test part."
)


def render_page(comparison: Comparison, folder: Path, machine: str) -> str:
    """The whole section.

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
    parts = [f"## {comparison.title}", f"    sbir compare {comparison.name}", machine]
    parts.append(comparison.note.strip())
    for heading, rows in comparison.tables.items():
        parts += [f"### {heading}", table([lines[row] for row in rows], comparison.columns)]
    parts += [
        f"### The trials of {comparison.name}",
        TRIALS_NOTE,
        trials_table(list(lines.values())),
    ]
    return "\n\n".join(parts) + "\n"


def write_page(comparison: Comparison, folder: Path, path: Path) -> None:
    """Write a comparison's section of a page; what else the page holds stays."""
    machine = describe("tensorflow", "keras", *comparison.packages)
    put_section(path, comparison.name, render_page(comparison, folder, machine))


def table(lines: list[Line], columns: tuple[str, ...]) -> str:
    """One table, the best row first, and the sentence that names the winner."""
    reference = lines[0]
    ordered = sorted(lines, key=lambda line: -line.map_all)
    against = f"against {reference.row.label} [95% interval]"
    headings = [against if column == "against" else column for column in columns]
    rows = [as_row("trained with", *headings), "|" + "---|" * (1 + len(columns))]
    rows += [table_row(line, reference, line is ordered[0], columns) for line in ordered]
    return "\n".join([*rows, "", winner(ordered, reference)])


def table_row(line: Line, reference: Line, first: bool, columns: tuple[str, ...]) -> str:
    """A row's figures; the winner's name is bold."""
    label = f"**{line.row.label}**" if first and line.scores else line.row.label
    if not line.scores:
        told = ["0", line.failure or "not finished"]
        return as_row(label, *told, *[""] * (len(columns) - len(told)))
    return as_row(label, *(COLUMNS[column](line, reference) for column in columns))


def as_row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


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
    """Both distances' mAP, or that of codes, or why there is none."""
    if outcome is None:
        return "not finished | "
    if outcome.failure:
        return f"{outcome.failure.split(':')[0]} | "
    if set(outcome.scores) == set(HAMMING):
        return f"{outcome.scores['hamming'].map_all:.4f} (Hamming) | "
    return " | ".join(f"{outcome.scores[name].map_all:.4f}" for name in ("euclidean", "cosine"))
