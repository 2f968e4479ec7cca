"""Writes a report: the page, and its figures as files of their own."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from sbir_tf.files import written_aside
from sbir_tf.report.classes import change_bars, changes, class_bars, per_class
from sbir_tf.report.curves import precision_at, precision_recall
from sbir_tf.report.distances import histograms, separation
from sbir_tf.report.gates import gate_bars
from sbir_tf.report.maps import scatter
from sbir_tf.report.page import page_of
from sbir_tf.report.reading import Evaluation
from sbir_tf.report.sheets import printed, sheets
from sbir_tf.report.style import png


def write_report(
    evaluations: Sequence[Evaluation], html: Path | None = None, pictures: Path | None = None
) -> list[Path]:
    """Write a report of one evaluation, or of several side by side.

    Args:
        evaluations: At least one; of several the others are compared with the first.
        html: The page: one file that needs nothing else.
        pictures: A folder for its figures as PNG.

    Returns:
        The files that were written.

    Raises:
        UserError: If a file of an evaluation is missing or damaged.
    """
    written = []
    if html:
        text = page_of(evaluations)
        with written_aside(html) as aside:
            aside.write_text(text, "utf-8", errors="replace")
        written.append(html)
    for name, content in figures(evaluations) if pictures else ():
        with written_aside(pictures / f"{name}.png") as aside:
            aside.write_bytes(content)
        written.append(pictures / f"{name}.png")
    return written


def figures(evaluations: Sequence[Evaluation]) -> Iterator[tuple[str, bytes]]:
    """(name, PNG) of every figure."""
    yield "precision_recall", png(precision_recall(evaluations))
    yield "precision_at_k", png(precision_at(evaluations))
    first = evaluations[0]
    for number, each in enumerate(evaluations, start=1):
        of = f"_{number}" if len(evaluations) > 1 else ""
        if number > 1 and (rows := changes(first, each)):
            yield f"classes_changed{of}", png(change_bars(rows, (first.title, each.title)))
        for name, content in own_figures(each):
            yield name + of, content


def own_figures(evaluation: Evaluation) -> Iterator[tuple[str, bytes]]:
    for name, sheet in sheets(evaluation).items():
        yield f"{name}_queries", printed(sheet)
    if not evaluation.facts["protocol"]["instances"]:
        yield "classes", png(class_bars(per_class(evaluation)))
        if evaluation.has_space and (found := separation(evaluation)):
            yield "distances", png(histograms(found))
    if evaluation.has_space:
        yield "map_pca", png(scatter(evaluation, "PCA"))
        yield "map_tsne", png(scatter(evaluation, "t-SNE"))
    if evaluation.gates:
        yield "gates", png(gate_bars(evaluation.gates))
