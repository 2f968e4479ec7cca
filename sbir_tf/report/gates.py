"""Whether the gates treat sketches and photos differently, stage by stage."""

from collections.abc import Mapping

import numpy as np

from sbir_tf.report.style import COLOURS, FAINT, figure


def gate_bars(gates: Mapping[str, np.ndarray]):
    """The figure of each gate's difference between the domains, mean and quartiles of channels."""
    count = len(gates["stage"])
    kinds = [("difference", "sketches and photos, as they are", COLOURS[0], -0.19)]
    if np.isfinite(gates["of_the_bit"]).any():
        kinds.append(("of_the_bit", "the same picture, told the other domain", COLOURS[1], 0.19))
    with figure(1.4 + 0.24 * count) as (drawn, axes):
        places = np.arange(count)
        for name, label, colour, shift in kinds:
            means, quartiles = gates[name], gates[f"{name}_quartiles"]
            shift = shift if len(kinds) > 1 else 0
            axes.barh(places + shift, means, 0.36, color=colour, label=label)
            axes.hlines(places + shift, quartiles[:, 0], quartiles[:, -1], color=FAINT, linewidth=1)
        axes.set_yticks(places, [gate_label(gates, place) for place in places], fontsize=8)
        axes.invert_yaxis()
        axes.grid(axis="y", visible=False)
        axes.set_xlabel("difference of the gates, 0 to 1")
        drawn.legend(loc="outside lower center", ncols=1)
    return drawn


def gate_label(gates: Mapping[str, np.ndarray], place: int) -> str:
    """The stage where a stage begins, with the number of the gate therein."""
    stages = gates["stage"]
    number = int((stages[: place + 1] == stages[place]).sum())
    return f"stage {stages[place]}, {number}" if number == 1 else str(number)
