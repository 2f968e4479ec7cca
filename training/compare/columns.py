"""The columns that a comparison's tables may have.

Each is a function of a row's line and of the table's reference, to the text of a cell.
"""

from collections.abc import Callable, Iterable

import numpy as np

from sbir_tf.evaluation.paired import compare
from training.compare.lines import Line

RESAMPLES = 10_000


def seeds(line: Line, reference: Line) -> str:
    return str(len(line.scores))


def map_all(line: Line, reference: Line) -> str:
    return spread(score.map_all for score in line.scores)


def precision_at_10(line: Line, reference: Line) -> str:
    return spread(score.precision_at_10 for score in line.scores)


def hit_at_10(line: Line, reference: Line) -> str:
    return spread(score.hit_at_10 for score in line.scores)


def difference(line: Line, reference: Line) -> str:
    """The paired difference to the reference, where both have as many seeds as they can have.

    Each query's values are averaged over the seeds first: the interval tells what other queries
    would change, not other seeds, whose range stands beside it.
    """
    alike = len(line.scores) == len(reference.scores) or line.seeds == 1 < reference.seeds
    if line is reference or not (alike and line.scores and reference.scores):
        return "-"
    here, there = (
        np.mean([score.per_query_ap for score in side.scores], axis=0) for side in (line, reference)
    )
    found = compare(here, there, resamples=RESAMPLES)
    return f"{found.difference:+.4f} [{found.low:+.4f}, {found.high:+.4f}]"


def distance(line: Line, reference: Line) -> str:
    return line.chosen[1]


def weights(line: Line, reference: Line) -> str:
    return f"{line.reached[0].facts['weights']:,}"


def fit_seconds(line: Line, reference: Line) -> str:
    found = known(line, "fit_seconds")
    return "-" if not found else f"{np.mean(found):.1f}"


def encode_ms(line: Line, reference: Line) -> str:
    found = known(line, "encode_ms")
    return "-" if not found else f"{np.mean(found):.2f}"


def size_in_bytes(line: Line, reference: Line) -> str:
    return f"{line.reached[0].facts['bytes']:,}"


# Heading -> what stands under it. "against" is followed by the reference's name.
COLUMNS: dict[str, Callable[[Line, Line], str]] = {
    "seeds": seeds,
    "mAP@all": map_all,
    "P@10": precision_at_10,
    "hit@10": hit_at_10,
    "against": difference,
    "distance": distance,
    "weights": weights,
    "fit, s": fit_seconds,
    "encode, ms": encode_ms,
    "bytes": size_in_bytes,
}


def known(line: Line, fact: str) -> list[float]:
    """A fact of the seeds that have it."""
    return [o.facts[fact] for o in line.reached if o.facts.get(fact) is not None]


def spread(values: Iterable[float]) -> str:
    """Mean and range of the seeds; of one seed, its value."""
    values = list(values)
    if len(values) == 1:
        return f"{values[0]:.4f}"
    return f"{np.mean(values):.4f} ({min(values):.4f} to {max(values):.4f})"
