"""Refuses what can never be answered, before anything is decoded."""

import math
from collections.abc import Mapping
from typing import Any

from serving.errors import ServingError
from serving.index.filters import check_where
from serving.service.asking import Query, Strokes
from serving.service.errors import Invalid, TooLarge
from serving.service.limits import Limits

LARGEST = 1e6  # of a coordinate, in the paper's units


def check_query(query: Query, limits: Limits) -> None:
    """Refuses a search that asks for nothing, for too much, or in contradiction.

    Raises:
        Invalid, TooLarge: names the field.
    """
    if query.drawing is None and query.photo is None and query.like is None:
        raise Invalid("a search needs a drawing, a photo or like", "drawing")
    if query.photo is not None and query.like is not None:
        raise Invalid("a search takes a photo or like, not both", "like")
    check_k(query.k, limits)
    if not (_is_number(query.weight) and 0 <= query.weight <= 1):
        raise Invalid(f"weight must be from 0 to 1. Received: {query.weight!r:.40}", "weight")
    if isinstance(query.drawing, Strokes):
        check_strokes(query.drawing, limits)
    if query.where is not None:
        check_filter(query.where, limits)


def check_k(k: Any, limits: Limits) -> None:
    """Refuses a number of pictures that is none, or too large."""
    if not isinstance(k, int) or isinstance(k, bool) or not 1 <= k <= limits.k:
        raise Invalid(f"k must be a whole number from 1 to {limits.k}. Received: {k!r:.40}", "k")


def check_strokes(strokes: Strokes, limits: Limits) -> None:
    """Refuses strokes that are no drawing, or would take long to draw."""
    for name in ("width", "height"):
        side = getattr(strokes, name)
        if not (_is_number(side) and 0 < side <= LARGEST):
            wanted = f"strokes.{name} must be above 0 and at most {LARGEST:g}"
            raise Invalid(f"{wanted}. Received: {side!r:.40}", f"strokes.{name}")
    points = sum(len(line.points) for line in strokes.lines)
    if not points:
        raise Invalid("the drawing is empty: draw at least one line", "strokes.lines")
    if points > limits.points:
        wanted = f"a drawing has {limits.points} points at most"
        raise TooLarge(f"{wanted}. Received: {points}", "strokes.lines")
    for number, line in enumerate(strokes.lines):
        _check_line(line, f"strokes.lines[{number}]", max(strokes.width, strokes.height))
    covered = sum(map(_area, strokes.lines)) / (strokes.width * strokes.height)
    if covered > limits.ink:
        wanted = f"a drawing's lines may cover its paper {limits.ink:g} times"
        raise TooLarge(f"{wanted}. Received: {covered:.0f} times", "strokes.lines")


def _check_line(line, field: str, side: float) -> None:
    if not (_is_number(line.width) and 0 < line.width <= side):
        wanted = f"{field}.width must be above 0 and at most the paper's side"
        raise Invalid(f"{wanted}. Received: {line.width!r:.40}", f"{field}.width")
    for x, y in line.points:
        if not (_is_number(x) and _is_number(y) and abs(x) <= LARGEST and abs(y) <= LARGEST):
            wanted = f"points are pairs of numbers up to {LARGEST:g}"
            raise Invalid(f"{wanted}. Received: {[x, y]!r:.80}", f"{field}.points")


def _area(line) -> float:
    """What drawing a line costs: every piece is as wide as the line, and rounded."""
    pairs = zip(line.points, line.points[1:], strict=False)
    length = sum(math.dist(one, other) for one, other in pairs)
    return line.width * (length + line.width * len(line.points))


def check_filter(where: Any, limits: Limits) -> None:
    """Refuses a filter that is none, or too long."""
    if not isinstance(where, Mapping):
        wanted = 'a filter is an object, such as {"class": "cat"}'
        raise Invalid(f"{wanted}. Received: {where!r:.80}", "filter")
    if len(where) > limits.fields:
        wanted = f"a filter has {limits.fields} fields at most"
        raise Invalid(f"{wanted}. Received: {len(where)}", "filter")
    values = sum(len(value) if isinstance(value, list | Mapping) else 1 for value in where.values())
    if values > limits.values:
        wanted = f"a filter has {limits.values} values at most"
        raise Invalid(f"{wanted}. Received: {values}", "filter")
    try:
        check_where(where)
    except (ServingError, UnicodeError) as error:
        raise Invalid(str(error), "filter") from error


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
