"""What a request's JSON asks for: strict, so that no mistake is passed over."""

import base64
import binascii
import difflib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from serving.service import Line, Query, Strokes
from serving.service.errors import Invalid

SEARCH = ("strokes", "drawing", "photo", "like", "weight", "k", "filter", "fields")
SIMILAR = ("k", "filter", "fields")
_STROKES, _LINE = ("width", "height", "lines"), ("points", "width")
_MOST_FIELDS = 100


class Malformed(Invalid):
    """The body is not what its type says."""

    code, status = "malformed", 400


def parsed(body: bytes) -> Any:
    """JSON's plain values.

    Raises:
        Malformed: it is not JSON, a name is there twice, a number is none, it is too deep.
    """
    try:
        return json.loads(body, object_pairs_hook=_once, parse_constant=_no_number)
    except Malformed:
        raise
    except RecursionError as error:
        raise Malformed("the JSON is nested too deeply") from error
    except (ValueError, UnicodeError) as error:
        raise Malformed(f"the body is not JSON ({str(error)[:120]})") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Malformed(f"the name {twice!r:.80} is there twice")
    return values


def _no_number(name: str) -> Any:
    raise Malformed(f"{name} is no JSON number")


def object_of(values: Any, known: Iterable[str], field: str | None = None) -> Mapping[str, Any]:
    """Returns an object that has no other names.

    Raises:
        Invalid: it is none, or has others; names the nearest known one.
    """
    known = list(known)
    if not isinstance(values, dict):
        raise Invalid(f"{field or 'the body'} must be an object with {', '.join(known)}", field)
    for name in values:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(known)}"
            raise Invalid(f"there is no {name!r:.80}. {hint}", name[:80])
    return values


def query_of(values: Any) -> Query:
    """The search of a JSON object.

    Raises:
        Invalid: names the field.
    """
    values = object_of(values, SEARCH)
    if "strokes" in values and "drawing" in values:
        raise Invalid("a search takes strokes or a drawing, not both", "strokes")
    drawing = strokes_of(values["strokes"]) if "strokes" in values else None
    if "drawing" in values:
        drawing = _decoded(values["drawing"], "drawing")
    return Query(
        drawing=drawing,
        photo=_decoded(values["photo"], "photo") if "photo" in values else None,
        like=_text(values["like"], "like") if "like" in values else None,
        weight=values.get("weight", 0.5),
        **limits_of(values),
    )


def limits_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """`k`, the filter and the fields."""
    return {
        "k": values.get("k", 10),
        "where": values.get("filter"),
        "fields": None if values.get("fields") is None else fields_of(values["fields"]),
    }


def fields_of(values: Any) -> tuple[str, ...]:
    """Names of metadata."""
    fits = isinstance(values, list) and len(values) <= _MOST_FIELDS
    if not fits or not all(isinstance(name, str) for name in values):
        raise Invalid(f"fields must be a list of at most {_MOST_FIELDS} names", "fields")
    return tuple(values)


def strokes_of(values: Any) -> Strokes:
    """The strokes of a JSON object; their numbers are looked at by the service."""
    values = object_of(values, _STROKES, "strokes")
    for name in _STROKES:
        if name not in values:
            raise Invalid(f"strokes need {name}", f"strokes.{name}")
    if not isinstance(values["lines"], list):
        raise Invalid("strokes.lines must be a list of lines", "strokes.lines")
    lines = [_line(line, f"strokes.lines[{at}]") for at, line in enumerate(values["lines"])]
    return Strokes(values["width"], values["height"], tuple(lines))


def _line(values: Any, field: str) -> Line:
    values = object_of(values, _LINE, field)
    points = values.get("points")
    if not isinstance(points, list):
        raise Invalid(f"{field}.points must be a list of pairs [x, y]", f"{field}.points")
    if not all(isinstance(point, list) and len(point) == 2 for point in points):
        raise Invalid(f"{field}.points must be a list of pairs [x, y]", f"{field}.points")
    return Line(tuple(map(tuple, points)), values.get("width", 0))


def _decoded(value: Any, field: str) -> bytes:
    if not isinstance(value, str):
        raise Invalid(f"{field} must be a picture's file in base64", field)
    text = value.partition(",")[2] if value.startswith("data:") else value
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Invalid(f"{field} is not base64 ({error})", field) from error


def _text(value: Any, field: str) -> str:
    if not isinstance(value, str):
        raise Invalid(f"{field} must be a text. Received: {value!r:.40}", field)
    return value
