"""Histograms of both domains, as SVG."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

BINS = 24
_WIDTH, _HEIGHT, _FOOT, _GAP = 320, 84, 16, 8
_TITLES = {"sketch": "sketches", "photo": "photos"}


@dataclass(frozen=True)
class Axis:
    """What a histogram shows.

    Attributes:
        title: Above it.
        said: How a value is written.
        logarithmic: Whether equal steps are equal factors.
    """

    title: str
    said: Callable[[float], str]
    logarithmic: bool = False


def histogram(axis: Axis, values: Mapping[str, np.ndarray]) -> str:
    """Two histograms over one axis, the sketches' above the photos'.

    Each is scaled to its own highest bar: a set may have ten photos to a sketch.

    Args:
        axis: Its title and scale.
        values: Domain -> numbers; what is not finite, or not positive where the scale is
            logarithmic, is left out.

    Returns:
        HTML: a heading and an SVG picture. Nothing where there are no values.
    """
    kept = {name: _shown(axis, numbers) for name, numbers in values.items()}
    kept = {name: numbers for name, numbers in kept.items() if len(numbers)}
    if not kept:
        return ""
    edges = _edges(axis, np.concatenate(list(kept.values())))
    rows = [
        _row(axis, name, values, edges, place) for place, (name, values) in enumerate(kept.items())
    ]
    height = len(kept) * (_HEIGHT + _GAP) + _FOOT
    label = f"{axis.title}, {' and '.join(_TITLES[name] for name in kept)}"
    return (
        f'<div><h3>{escape(axis.title)}</h3><svg viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'aria-label="{escape(label)}">{"".join(rows)}{_ticks(axis, edges, height)}</svg></div>'
    )


def _row(axis: Axis, name: str, values: np.ndarray, edges: np.ndarray, place: int) -> str:
    counts, _ = np.histogram(values, edges)
    top, width = place * (_HEIGHT + _GAP), _WIDTH / len(counts)
    bars = []
    for number, count in enumerate(counts):
        tall = (_HEIGHT - 18) * count / counts.max()
        span = f"{axis.said(edges[number])} to {axis.said(edges[number + 1])}: {count:,}"
        bars.append(
            f'<rect class="{name}" x="{number * width:.1f}" y="{top + _HEIGHT - tall:.1f}" '
            f'width="{width - 1:.1f}" height="{tall:.1f}"><title>{escape(span)}</title></rect>'
            if count
            else ""
        )
    floor = top + _HEIGHT
    return (
        f'<text x="0" y="{top + 11}">{len(values):,} {_TITLES[name]}</text>{"".join(bars)}'
        f'<line class="axis" x1="0" x2="{_WIDTH}" y1="{floor}" y2="{floor}"/>'
    )


def _ticks(axis: Axis, edges: np.ndarray, height: int) -> str:
    """The first, the middle and the last edge, written below."""
    places = ((0, "start"), (len(edges) // 2, "middle"), (len(edges) - 1, "end"))
    return "".join(
        f'<text x="{_WIDTH * at / (len(edges) - 1):.0f}" y="{height - 4}" text-anchor="{anchor}">'
        f"{escape(axis.said(edges[at]))}</text>"
        for at, anchor in places
    )


def _shown(axis: Axis, numbers: np.ndarray) -> np.ndarray:
    numbers = np.asarray(numbers, np.float64)
    keep = np.isfinite(numbers) & ((numbers > 0) | (not axis.logarithmic))
    return numbers[keep]


def _edges(axis: Axis, values: np.ndarray) -> np.ndarray:
    low, high = values.min(), values.max()
    if low == high:
        low, high = (low / 2, high * 2) if axis.logarithmic else (low - 0.5, high + 0.5)
    if axis.logarithmic:
        edges = np.geomspace(low, high, BINS + 1)
        edges[0], edges[-1] = low, high  # geomspace may round past them
        return edges
    return np.linspace(max(low, 0.0) if low >= 0 else low, high, BINS + 1)


def whole(value: float) -> str:
    """`1,024`."""
    return f"{value:,.0f}"


def size_of(value: float) -> str:
    """`812 B`, `3.4 kB`, `1.2 MB`."""
    steps = ((1e6, "MB"), (1e3, "kB"))
    for step, unit in steps:
        if value >= step:
            return f"{value / step:.{0 if value >= 10 * step else 1}f} {unit}"
    return f"{value:.0f} B"


def share(value: float) -> str:
    """`12%`, `0.5%`."""
    value = 100 * max(value, 0.0)
    return f"{value:.{0 if value >= 10 or math.isclose(value, round(value)) else 1}f}%"


def class_bars(counts: Sequence[tuple[str, int, int]], largest: int) -> str:
    """One line a class: its name, its sketches and its photos as bars side by side."""
    lines = []
    for name, *of_class in counts:
        bars = "".join(
            f'<div class="bar"><i class="{domain}" style="width:{70 * count / largest:.1f}%"></i>'
            f"{count:,}</div>"
            for domain, count in zip(_TITLES, of_class, strict=True)
        )
        lines.append(f'<div><span class="name">{escape(name)}</span><div>{bars}</div></div>')
    return f'<div class="classes">{"".join(lines)}</div>'


LEGEND = (
    '<p class="legend"><span><i class="sketch"></i>sketches</span>'
    '<span><i class="photo"></i>photos</span></p>'
)
