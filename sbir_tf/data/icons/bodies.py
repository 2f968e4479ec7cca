"""Cleans SVG bodies: animations at their end, nothing invisible."""

from __future__ import annotations

from xml.etree import ElementTree

from sbir_tf.data.icons.strokes import NOT_PAINTED, SHAPES, parse_body, print_body, tag_of

ANIMATIONS = frozenset({"animate", "animateTransform", "animateMotion", "set"})


def clean(body: str) -> str:
    """The body as it looks when its animations have ended, without invisible shapes.

    Some sets draw their lines in front of the viewer: at time 0 every line is hidden. Others keep
    a shape without fill and stroke that fills the view box and would appear with the first change
    of stroke width.

    Args:
        body: SVG elements.

    Returns:
        SVG elements that render the same, at the end of the animation.
    """
    root = parse_body(body)
    for parent in root.iter():
        for child in [c for c in parent if tag_of(c) in ANIMATIONS]:
            _finish(parent, child)
            parent.remove(child)
    _drop_invisible(root, {"fill": "black", "stroke": "none"})
    return print_body(root)


def _finish(parent: ElementTree.Element, animation: ElementTree.Element) -> None:
    if tag_of(animation) not in ("animate", "set") or animation.get("fill") != "freeze":
        return
    end = animation.get("to") or animation.get("values", "").split(";")[-1]
    if end:
        parent.set(animation.get("attributeName"), end)


def _drop_invisible(element: ElementTree.Element, paint: dict) -> None:
    for child in list(element):
        own = {name: child.get(name, value) for name, value in paint.items()}
        if tag_of(child) in SHAPES and own["fill"] == "none" and own["stroke"] == "none":
            element.remove(child)
        elif tag_of(child) not in NOT_PAINTED:
            _drop_invisible(child, own)
