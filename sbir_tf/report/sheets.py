"""Contact sheets: queries with what they find, right ones framed and ticked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np

from sbir_tf.report.choice import PLACES, Confusion, best_median_worst, confusions
from sbir_tf.report.reading import ITEM, QUERY, Evaluation
from sbir_tf.report.style import COLOURS, FAINT, LINE, png

SIDE = 0.62  # inches of a picture in a printed sheet


@dataclass(frozen=True)
class Picture:
    """A small picture with what there is to say of it.

    Attributes:
        jpeg: None where the evaluation kept none.
        name: Of its class.
        hit: Whether it is what the query asks for; None of a query.
    """

    jpeg: bytes | None
    name: str
    hit: bool | None = None


@dataclass(frozen=True)
class Line:
    """A query, how well it did, and its first places."""

    query: Picture
    score: float
    answers: tuple[Picture, ...]


def sheets(evaluation: Evaluation) -> dict[str, list[Line]]:
    """ "best", "median", "worst" -> lines."""
    scores = evaluation.ranked.average_precision(None, **evaluation.settings)
    chosen = best_median_worst(evaluation.ranked)
    return {
        name: [line(evaluation, int(row), float(scores[row])) for row in rows]
        for name, rows in chosen.items()
    }


def line(evaluation: Evaluation, row: int, score: float) -> Line:
    rankings = evaluation.ranked
    items = rankings.top[row, :PLACES].tolist()
    own = rankings.query_labels[row]
    answers = (item(evaluation, place, rankings.gallery_labels[place] == own) for place in items)
    return Line(query(evaluation, row), score, tuple(answers))


def query(evaluation: Evaluation, row: int) -> Picture:
    rankings = evaluation.ranked
    name = rankings.class_names[rankings.query_labels[row]]
    return Picture(evaluation.thumbs.get((QUERY, row)), name)


def item(evaluation: Evaluation, row: int, hit: bool | None = None) -> Picture:
    rankings = evaluation.ranked
    name = rankings.class_names[rankings.gallery_labels[row]]
    return Picture(evaluation.thumbs.get((ITEM, row)), name, None if hit is None else bool(hit))


@dataclass(frozen=True)
class Mixed:
    """Two classes that are mixed up, with an example of each."""

    pair: Confusion
    query: Picture
    item: Picture


def mixed(evaluation: Evaluation) -> list[Mixed]:
    """The classes that are mixed up most, the worst first."""
    pairs = confusions(evaluation.ranked)
    return [
        Mixed(pair, query(evaluation, pair.query), item(evaluation, pair.item)) for pair in pairs
    ]


def printed(lines: Sequence[Line]) -> bytes:
    """A sheet as PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = 1 + max(len(each.answers) for each in lines)
    drawn = Figure((SIDE * columns, SIDE * 1.28 * len(lines)), layout="constrained")
    FigureCanvasAgg(drawn)
    grid = drawn.subplots(len(lines), columns, squeeze=False)
    for axes in grid.ravel():
        axes.axis("off")
    for row, each in zip(grid, lines, strict=True):
        for axes, picture in zip(row, (each.query, *each.answers), strict=False):
            show(axes, picture)
    return png(drawn)


def show(axes, picture: Picture) -> None:
    """One picture with its frame: thick and ticked if it is a hit."""
    axes.axis("on")
    axes.set(xticks=[], yticks=[])
    axes.set_title(shortened(picture.name), fontsize=4, color=FAINT, pad=1)
    if picture.jpeg:
        axes.imshow(pixels(picture.jpeg))
    colour, width = (COLOURS[2], 2.4) if picture.hit else (LINE, 0.6)
    for side in axes.spines.values():
        side.set(visible=True, color=colour, linewidth=width)
    if picture.hit:
        settings = {"transform": axes.transAxes, "fontsize": 5, "color": "white", "ha": "right"}
        box = {"facecolor": COLOURS[2], "linewidth": 0, "pad": 0.8}
        axes.text(1, 1, "✓", va="top", bbox=box, **settings)


def shortened(name: str, most: int = 14) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"


def pixels(jpeg: bytes) -> np.ndarray:
    from PIL import Image

    with Image.open(BytesIO(jpeg)) as image:
        return np.asarray(image.convert("RGB"))


def hits(answers: Iterable[Picture]) -> int:
    return sum(bool(picture.hit) for picture in answers)
