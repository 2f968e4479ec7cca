"""Line icons with wider and thinner lines, as pens differ."""

from __future__ import annotations

import copy
import re
import zlib
from collections.abc import Callable
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
# Sets whose lines are outlines of filled shapes: how wide a line is, as a share of the icon's side.
# Every other set draws real strokes, whose width is in the file.
LINE_SHARES = {
    "boxicons": 2 / 24,
    "carbon": 2 / 32,
    "clarity": 2 / 36,
    "fluent": 1.5 / 24,
    "la": 2 / 32,
    "material-symbols-light": 1 / 24,
    "mingcute": 2 / 24,
    "ph": 16 / 256,
    "ri": 2 / 24,
    "streamline-freehand": 1 / 24,
    "tdesign": 2 / 24,
    "uil": 2 / 24,
}
OTHER_SHARE = 1 / 16
SHAPES = frozenset({"path", "circle", "ellipse", "rect", "line", "polyline", "polygon"})
NOT_PAINTED = frozenset({"defs", "clipPath", "mask"})
EVERYWHERE = {"x": "-99999", "y": "-99999", "width": "199999", "height": "199999"}

for _prefix, _uri in (("", SVG), ("xlink", XLINK)):
    ElementTree.register_namespace(_prefix, _uri)


def parse_body(body: str) -> Element:
    """The body's elements as children of one `<svg>` element."""
    return ElementTree.fromstring(f'<svg xmlns="{SVG}" xmlns:xlink="{XLINK}">{body}</svg>')


def print_body(root: Element) -> str:
    """The inverse of `parse_body`."""
    text = ElementTree.tostring(root, encoding="unicode")
    opening = text.index(">") + 1
    return "" if text.endswith("/>") and len(root) == 0 else text[opening : text.rindex("</")]


def tag_of(element: Element) -> str:
    """The element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def line_share(set_name: str) -> float:
    """How wide a set's lines are, as a share of the icon's side."""
    return LINE_SHARES.get(set_name, OTHER_SHARE)


def restroke(body: str, stroke: float, line: float) -> str:
    """Makes all lines of a line icon `stroke` times as wide.

    A stroked line has its width multiplied. An outline of a filled shape is widened by a black
    stroke along its edges, or thinned by cutting a stroke along its edges out of it.

    Args:
        body: SVG elements.
        stroke: the factor.
        line: how wide the lines of the filled shapes are, in the icon's units.

    Returns:
        SVG elements.
    """
    root = parse_body(body)
    alone = sum(tag_of(element) in SHAPES for element in root.iter()) == 1
    change = _widen if stroke > 1 else _thin_alone if alone else _thin
    edge = f"{line * abs(stroke - 1):g}"
    _restroke(root, {"fill": "black", "stroke": "none"}, stroke, lambda s: change(s, edge))
    return f'<g stroke-width="{stroke:g}">{print_body(root)}</g>'


def _restroke(element: Element, paint: dict, stroke: float, change: Callable[..., Element]) -> None:
    paint = _paint(element, paint)
    if "stroke-width" in element.attrib:
        width = float(re.match(r"[\d.]+", element.get("stroke-width").strip()).group())
        element.set("stroke-width", f"{width * stroke:g}")
    is_painted = tag_of(element) not in NOT_PAINTED
    for place, child in enumerate(list(element)):
        if is_painted and _is_filled_shape(child, paint):
            element[place] = change(child)
        else:
            _restroke(child, paint, stroke, change)


def _paint(element: Element, inherited: dict) -> dict:
    return {name: element.get(name, value) for name, value in inherited.items()}


def _is_filled_shape(element: Element, inherited: dict) -> bool:
    paint = _paint(element, inherited)
    return tag_of(element) in SHAPES and paint["stroke"] == "none" and paint["fill"] != "none"


def _edge(shape: Element, fill: str, stroke: str, edge: str) -> Element:
    copied = copy.deepcopy(shape)
    copied.attrib.update({"fill": fill, "stroke": stroke, "stroke-width": edge})
    copied.set("stroke-linejoin", "round")
    return copied


def _widen(shape: Element, edge: str) -> Element:
    return _edge(shape, "black", "black", edge)


def _thin_alone(shape: Element, edge: str) -> Element:
    return _edge(shape, "black", "white", edge)


def _thin(shape: Element, edge: str) -> Element:
    """The shape as a mask of its own: a white edge would cut into the shapes beneath it."""
    group = Element(f"{{{SVG}}}g")
    name = f"thin-{zlib.crc32(ElementTree.tostring(shape)):x}"
    mask = ElementTree.SubElement(
        group, f"{{{SVG}}}mask", {"id": name, "maskUnits": "userSpaceOnUse", **EVERYWHERE}
    )
    mask.append(_edge(shape, "white", "black", edge))
    rectangle = {"fill": "black", "stroke": "none", "mask": f"url(#{name})", **EVERYWHERE}
    ElementTree.SubElement(group, f"{{{SVG}}}rect", rectangle)
    return group
