"""Finds drawings that are copies of one another: two names, or two sets, and one picture."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from PIL import Image, ImageFilter

SIDE = 32
# Up to this share of differing ink two drawings of a class are one. Chosen by eye on the pairs
# around it: up to 0.05 two designers' drawings are the same to a hair, above it they only follow
# the same convention. The variants within one set are closer to each other.
SAME = 0.05
SAME_WITHIN_SET = 0.10


def fingerprint(picture: np.ndarray) -> np.ndarray:
    """What a picture on white looks like, whatever its margin: `(32, 32, 3)` float32 of ink."""
    ink = 255 - picture
    rows, columns = (np.flatnonzero(ink.max(axis=axes) > 32) for axes in ((1, 2), (0, 2)))
    if not len(rows):
        return np.zeros((SIDE, SIDE, 3), np.float32)
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    side = max(bottom - top, right - left)
    square = np.zeros((side, side, 3), np.uint8)
    y, x = (side - (bottom - top)) // 2, (side - (right - left)) // 2
    square[y : y + bottom - top, x : x + right - left] = ink[top:bottom, left:right]
    small = Image.fromarray(square).resize((SIDE, SIDE), Image.Resampling.BOX)
    blurred = small.filter(ImageFilter.GaussianBlur(1))
    return np.asarray(blurred, np.float32)


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """The share of ink in which two fingerprints differ: 0 for the same, 1 for nothing shared."""
    total = float(one.sum() + other.sum())
    return float(np.abs(one - other).sum()) / total if total else 0.0


def near_copies(prints: Iterable[np.ndarray], sets: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Goes through drawings in order and names each that repeats an earlier, kept one.

    Args:
        prints: fingerprints.
        sets: the set of each.

    Yields:
        Pairs (place of the copy, place of what it copies).
    """
    kept: list[tuple[int, str, np.ndarray]] = []
    for place, (candidate, name) in enumerate(zip(prints, sets, strict=True)):
        original = next((k for k, *other in kept if _repeats(candidate, name, *other)), None)
        if original is None:
            kept.append((place, name, candidate))
        else:
            yield place, original


def _repeats(one: np.ndarray, name: str, other_name: str, other: np.ndarray) -> bool:
    limit = SAME_WITHIN_SET if name == other_name else SAME
    return difference(one, other) <= limit
