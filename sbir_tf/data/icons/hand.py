"""Line icons drawn again as a hand with a mouse would draw them."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import cv2
import numpy as np

_STEP = 0.01  # of the side, between two points of a line
_SHORT = 0.25  # of the side: a line that may be forgotten
_FINER = 2  # drawn so many times larger, then averaged
_FRACTION = 4  # binary digits of a pixel


@dataclass(frozen=True)
class Hand:
    """How far a hand goes astray. Lengths are shares of the drawing's side.

    Attributes:
        wobble: Size of the slow waves of a line.
        astray: Of a whole line: how far it is beside its place.
        turn: Of a whole line, degrees.
        stretch: Of a whole line: how much longer or shorter it is.
        cut: How far corners are rounded.
        overshoot: How much longer, or shorter, the ends of a line are.
        lifted: How likely a line is drawn as two.
        again: How likely a line is drawn twice; a short one is as likely left out.
        tilt: Of the drawing, degrees.
        slant: Of the drawing: shear, and how much wider than high.
        zoom: The drawing's smallest and largest side.
        thinnest, thickest: Widths of the pen.
    """

    wobble: float = 0.006
    astray: float = 0.012
    turn: float = 4.0
    stretch: float = 0.06
    cut: float = 0.015
    overshoot: float = 0.02
    lifted: float = 0.15
    again: float = 0.1
    tilt: float = 10.0
    slant: float = 0.12
    zoom: tuple[float, float] = (0.6, 0.95)
    thinnest: float = 0.008
    thickest: float = 0.06


def draw_by_hand(
    lines: list[np.ndarray], size: int, hand: Hand, rng: np.random.Generator
) -> np.ndarray:
    """One drawing by a hand.

    Args:
        lines: (n, 2), as of `centre_lines`.
        size: Side of the picture, pixels.
        hand: How far it goes astray.
        rng: What it does this time.

    Returns:
        (size, size) uint8, black lines on white.
    """
    drawn = [stroke for line in lines for stroke in _strokes(_even(line), hand, rng)]
    drawn = drawn or [_even(line) for line in lines]
    paper = np.full((size * _FINER, size * _FINER), 255, np.uint8)
    if not drawn:
        return paper[:size, :size]
    share = np.exp(rng.uniform(np.log(hand.thinnest), np.log(hand.thickest)))
    width = max(1, round(share * len(paper)))
    for stroke in _placed(drawn, hand, rng):
        points = np.round((stroke * len(paper) - 0.5) * 2**_FRACTION).astype(np.int32)
        cv2.polylines(paper, [points], False, 0, width, cv2.LINE_AA, _FRACTION)
    return cv2.resize(paper, (size, size), interpolation=cv2.INTER_AREA)


def generator_of(key: str, number: int) -> np.random.Generator:
    """The randomness of an icon's drawing of a number: the same in every process."""
    return np.random.default_rng(zlib.crc32(f"{key} by hand {number}".encode()))


def _strokes(line: np.ndarray, hand: Hand, rng: np.random.Generator) -> list[np.ndarray]:
    """What a hand makes of one line: nothing, one stroke, or several."""
    if len(line) * _STEP < _SHORT and rng.random() < hand.again:
        return []
    times = 2 if rng.random() < hand.again else 1
    parts = [line]
    if len(line) > 12 and rng.random() < hand.lifted:
        at = int(rng.integers(4, len(line) - 4))
        parts = [line[: at + 1], line[at:]]
    return [_astray(part, hand, rng) for part in parts for _ in range(times)]


def _astray(line: np.ndarray, hand: Hand, rng: np.random.Generator) -> np.ndarray:
    line = _ends(_rounded(line, hand.cut), hand, rng)
    middle = line.mean(axis=0)
    angle = np.deg2rad(rng.normal() * hand.turn)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    moved = (line - middle) @ turn * (1 + rng.normal(size=2) * hand.stretch) + middle
    moved += rng.normal(size=2) * hand.astray
    return moved + _waves(len(line), rng) * hand.wobble


def _even(line: np.ndarray) -> np.ndarray:
    """Points at equal steps."""
    steps = np.hypot(*np.diff(line, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    places = np.linspace(0, along[-1], max(2, round(along[-1] / _STEP) + 1))
    return np.stack([np.interp(places, along, line[:, axis]) for axis in (0, 1)], axis=1)


def _rounded(line: np.ndarray, cut: float) -> np.ndarray:
    width = min(len(line) // 3, round(cut / _STEP))
    if width < 1:
        return line
    padded = np.pad(line, ((width, width), (0, 0)), "edge")
    sums = np.cumsum(np.pad(padded, ((1, 0), (0, 0))), axis=0)
    window = 2 * width + 1
    return (sums[window:] - sums[:-window]) / window


def _ends(line: np.ndarray, hand: Hand, rng: np.random.Generator) -> np.ndarray:
    """The line drawn too far, or not far enough, at both ends."""
    for _ in range(2):
        line, far = line[::-1], rng.normal() * hand.overshoot
        count = round(abs(far) / _STEP)
        if far < 0 and len(line) > 2 * count + 4:
            line = line[: len(line) - count]
        elif far > 0 and len(line) > 3:
            line = np.concatenate([line, line[-1] + (line[-1] - line[-2]) * _up_to(count)])
    return line


def _up_to(count: int) -> np.ndarray:
    return np.arange(1, count + 1)[:, None]


def _waves(count: int, rng: np.random.Generator) -> np.ndarray:
    """Slow waves (count, 2) of size 1: a few sines of random lengths."""
    along = np.arange(count)[:, None, None] * _STEP
    lengths = rng.uniform(0.12, 0.6, (1, 3, 2))
    phases = rng.uniform(0, 2 * np.pi, (1, 3, 2))
    sizes = rng.normal(size=(1, 3, 2)) * (lengths / 0.25)
    return (sizes * np.sin(2 * np.pi * along / lengths + phases)).sum(axis=1)


def _placed(drawn: list[np.ndarray], hand: Hand, rng: np.random.Generator) -> list[np.ndarray]:
    """The drawing tilted, slanted, and somewhere on the paper at some size."""
    angle = np.deg2rad(rng.normal() * hand.tilt / 2)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    slant = np.eye(2) + rng.normal(size=(2, 2)) * hand.slant / 2
    everything = np.concatenate(drawn) @ turn @ slant
    low, high = everything.min(axis=0), everything.max(axis=0)
    side = rng.uniform(*hand.zoom)
    scale = side / max(float((high - low).max()), 1e-6)
    room = np.maximum(1 - (high - low) * scale, 0)
    # In the middle more often than at the edge.
    corner = room * np.clip(0.5 + rng.normal(size=2) * 0.2, 0, 1)
    return [(stroke @ turn @ slant - low) * scale + corner for stroke in drawn]
