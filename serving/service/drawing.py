"""Strokes as a picture: what was drawn, framed, as black lines on white."""

import cv2
import numpy as np

from serving.service.asking import Line, Strokes

SIDE = 512  # pixels of the picture
_FINER = 2  # drawn so many times larger, then averaged: smooth edges
_MARGIN = 0.1  # of the longer side of what is drawn, on each side
_CLOSEST = 0.15  # of the paper's longer side: what is smaller is not enlarged further
_THINNEST, _THICKEST = 1 / 128, 1 / 16  # of the picture's side
_FRACTION = 4  # binary digits of a pixel that lines may start between


def draw(strokes: Strokes) -> np.ndarray:
    """Draws strokes.

    Whoever draws does not mind where on the paper, or how large: what is drawn fills the picture
    but for a margin. Lines get as much wider as the drawing does, within bounds, so that neither
    a hairline vanishes nor a marker hides everything.

    Args:
        strokes: checked by `checking.check_strokes`.

    Returns:
        (SIDE, SIDE, 3) uint8.
    """
    left, top, side = frame_of(strokes)
    fine = SIDE * _FINER
    scale = fine / side
    paper = np.full((fine, fine), 255, np.uint8)
    for line in strokes.lines:
        if line.points:
            _draw(paper, line, (left, top), scale)
    small = cv2.resize(paper, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return np.repeat(small[..., None], 3, axis=2)


def frame_of(strokes: Strokes) -> tuple[float, float, float]:
    """The square that is shown: left, top and side, in the paper's units."""
    points = np.array([point for line in strokes.lines for point in line.points], np.float64)
    half = max((line.width for line in strokes.lines if line.points), default=0.0) / 2
    low, high = points.min(axis=0) - half, points.max(axis=0) + half
    longest = max(float((high - low).max()), _CLOSEST * max(strokes.width, strokes.height))
    side = longest * (1 + 2 * _MARGIN)
    left, top = (low + high) / 2 - side / 2
    return float(left), float(top), side


def _draw(paper: np.ndarray, line: Line, corner: tuple[float, float], scale: float) -> None:
    width = np.clip(line.width * scale, _THINNEST * len(paper), _THICKEST * len(paper))
    # OpenCV's pixels are counted from their middles.
    places = (np.array(line.points, np.float64) - corner) * scale - 0.5
    fixed = np.round(places * 2**_FRACTION).astype(np.int32)
    moves = np.any(np.diff(fixed, axis=0) != 0, axis=1)
    kept = fixed[np.concatenate([[True], moves])]
    if len(kept) == 1:  # a dot
        radius = max(1, round(width / 2 * 2**_FRACTION))
        cv2.circle(paper, kept[0].tolist(), radius, 0, -1, cv2.LINE_AA, _FRACTION)
        return
    cv2.polylines(paper, [kept], False, 0, max(1, round(width)), cv2.LINE_AA, _FRACTION)
