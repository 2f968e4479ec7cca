"""Line icons with some of their strokes left out, as a hurried hand leaves them out."""

from __future__ import annotations

import copy
import random
from xml.etree.ElementTree import Element

import svgelements

from sbir_tf.data.icons.strokes import NOT_PAINTED, SHAPES, parse_body, print_body, tag_of


def drop_strokes(body: str, share: float, seed: int) -> str:
    """Leaves a random part of a line icon's strokes out; at least one stays.

    A stroke is a shape or, of a path that is not filled, one of its parts: what is drawn without
    lifting the pen. (A filled path's parts are its holes: leaving one out would blot the drawing.)

    Args:
        body: SVG elements.
        share: how likely each stroke is left out, from 0 to 1.
        seed: of the choice.

    Returns:
        SVG elements.
    """
    root = parse_body(body)
    _split(root, filled=True)
    strokes = list(_strokes(root))
    draw = random.Random(seed)
    left_out = [pair for pair in strokes if draw.random() < share]
    if len(left_out) == len(strokes):
        left_out = left_out[:-1]
    for parent, stroke in left_out:
        parent.remove(stroke)
    return print_body(root)


def _strokes(element: Element):
    """(parent, shape) of everything that is drawn."""
    for child in element:
        if tag_of(child) in SHAPES:
            yield element, child
        elif tag_of(child) not in NOT_PAINTED:
            yield from _strokes(child)


def _split(element: Element, filled: bool) -> None:
    """Makes every part of the paths that are not filled a path of its own."""
    for child in list(element):
        inside = child.get("fill", "black" if filled else "none") != "none"
        if tag_of(child) == "path" and not inside:
            place = list(element).index(child)
            element.remove(child)
            for part in reversed(_parts(child)):
                element.insert(place, part)
        elif tag_of(child) not in NOT_PAINTED:
            _split(child, inside)


def _parts(path: Element) -> list[Element]:
    parts = []
    for part in svgelements.Path(path.get("d", "")).as_subpaths():
        alone = copy.deepcopy(path)
        segments = list(part)
        if not isinstance(segments[0], svgelements.Move):  # after a "z" the pen may just go on
            segments.insert(0, svgelements.Move(end=segments[0].start))
        alone.set("d", svgelements.Path(*segments).d())
        parts.append(alone)
    return parts or [path]
