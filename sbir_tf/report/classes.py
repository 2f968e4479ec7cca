"""AP class by class."""

from collections.abc import Mapping, Sequence

import numpy as np

from sbir_tf.report.reading import Evaluation
from sbir_tf.report.style import COLOURS, FAINT, figure

CHANGES = 15  # classes that gained, and that lost, most


def per_class(evaluation: Evaluation, settings: dict | None = None) -> Mapping[str, float]:
    """Class -> mean AP of its queries, the best first; by other settings than its own if given."""
    rankings = evaluation.ranked
    values = rankings.average_precision(None, **(settings or evaluation.settings))
    kept = ~np.isnan(values)
    labels = rankings.query_labels[kept]
    totals, counts = np.bincount(labels, weights=values[kept]), np.bincount(labels)
    means = {rankings.class_names[label]: totals[label] / counts[label] for label in set(labels)}
    return dict(sorted(means.items(), key=lambda pair: (-pair[1], pair[0])))


def changes(first: Evaluation, second: Evaluation) -> list[tuple[str, float, float]]:
    """(class, AP of the first, of the second) of the classes that differ most, gains first."""
    before, after = per_class(first), per_class(second, first.settings)
    both = [(name, before[name], after[name]) for name in before if name in after]
    both = sorted(both, key=lambda row: (row[1] - row[2], row[0]))
    both = [row for row in both if row[1] != row[2]]
    return both if len(both) <= 2 * CHANGES else both[:CHANGES] + both[-CHANGES:]


def class_bars(values: Mapping[str, float]):
    """The figure of all classes, for print: as many rows as there are classes."""
    with figure(1 + 0.16 * len(values)) as (drawn, axes):
        places = range(len(values))
        axes.barh(places, values.values(), 0.72, color=COLOURS[0])
        axes.set_yticks(places, values.keys(), fontsize=7)
        axes.set(xlim=(0, 1), xlabel="AP@all", ylim=(len(values) - 0.4, -0.6))
        axes.grid(axis="y", visible=False)
    return drawn


def change_bars(rows: Sequence[tuple[str, float, float]], titles: tuple[str, str]):
    """The figure of two evaluations' classes: a line from the one's AP to the other's."""
    with figure(1.3 + 0.2 * len(rows)) as (drawn, axes):
        places = range(len(rows))
        names, before, after = zip(*rows, strict=True)
        axes.hlines(places, before, after, color=FAINT, linewidth=2)
        axes.scatter(before, places, color=COLOURS[0], label=titles[0], zorder=3)
        axes.scatter(after, places, color=COLOURS[1], marker="D", label=titles[1], zorder=3)
        axes.set_yticks(places, names, fontsize=8)
        axes.set(xlim=(-0.02, 1.02), xlabel="AP@all", ylim=(len(rows) - 0.4, -0.6))
        axes.grid(axis="y", visible=False)
        drawn.legend(loc="outside lower center", ncols=1)
    return drawn
