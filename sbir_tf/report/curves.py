"""Precision over recall, and over the number of places looked at."""

from collections.abc import Sequence

import numpy as np

from sbir_tf.report.reading import Evaluation
from sbir_tf.report.style import figure, line_style

LEVELS = 101
PLACES = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200)


def precision_recall(evaluations: Sequence[Evaluation]):
    """The figure of precision where a recall is reached, a line each row."""
    with figure() as (drawn, axes):
        for number, (title, ties, rankings) in enumerate(lines(evaluations)):
            values = rankings.precision_recall(LEVELS, ties)
            axes.plot(np.linspace(0, 1, LEVELS), values, label=title, **line_style(number))
        axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="recall", ylabel="precision")
        legend(drawn, axes)
    return drawn


def precision_at(evaluations: Sequence[Evaluation]):
    """The figure of P@k, a line each row."""
    with figure() as (drawn, axes):
        convention = evaluations[0].settings["convention"]
        for number, (title, ties, rankings) in enumerate(lines(evaluations)):
            ks = [k for k in PLACES if k <= len(rankings.gallery_labels)]
            means = [np.nanmean(rankings.precision_at(k, convention, ties)) for k in ks]
            axes.plot(ks, means, label=title, marker="o", markersize=3, **line_style(number))
        axes.set(xscale="log", ylim=(0, None), xlabel="k, places looked at", ylabel="P@k")
        axes.set_xticks([k for k in (1, 10, 100) if k <= max(ks)], minor=False)
        axes.xaxis.set_major_formatter("{x:.0f}")
        axes.xaxis.minorticks_off()
        legend(drawn, axes)
    return drawn


def lines(evaluations: Sequence[Evaluation]):
    """(title, ties, rankings) of each row of each evaluation."""
    for each in evaluations:
        for name, rankings in each.rankings.items():
            title = f"{each.title}: {name}" if len(evaluations) > 1 else name
            yield title, evaluations[0].settings["ties"], rankings


def legend(drawn, axes) -> None:
    """Below the figure, where it hides nothing; none for a single line."""
    if len(axes.lines) > 1:
        drawn.legend(loc="outside lower center", ncols=1)
