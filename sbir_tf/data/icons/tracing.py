"""The centre lines of a line drawing: where a pen would go."""

from __future__ import annotations

import numpy as np
from skimage.morphology import skeletonize

_DARK = 128
_SPUR = 4  # pixels: what thinning leaves at corners
_STRAIGHT = 0.5  # cosine of the angle through which a pen goes on over a crossing
_LOOK_BACK = 6  # points that tell where a line is heading
_NEIGHBOURS = [(-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1)]

Pixel = tuple[int, int]


def centre_lines(picture: np.ndarray) -> list[np.ndarray]:
    """The lines of a drawing, as a pen would draw them: without lifting it at crossings.

    Args:
        picture: (S, S, 3) uint8, dark lines on white.

    Returns:
        Lines (n, 2) float64, n >= 2: x to the right and y down, in shares of the side. A closed
        one ends where it begins.
    """
    thin = skeletonize(picture[..., 0] < _DARK)
    pieces = _pieces({(int(y), int(x)) for y, x in np.argwhere(thin)})
    size = len(picture)
    lines = [np.array(piece, np.float64)[:, ::-1] for piece in _joined(pieces)]
    return [(_smooth(line) + 0.5) / size for line in lines if len(line) > 1]


def _pieces(pixels: set[Pixel]) -> list[list[Pixel]]:
    """Lines between ends and crossings, and rings."""
    near = {pixel: _near(pixel, pixels) for pixel in pixels}
    nodes = {pixel for pixel, others in near.items() if len(others) != 2}
    pieces, seen = [], set()
    for node in sorted(nodes):
        for other in near[node]:
            if (node, other) not in seen:
                piece = _walk(node, other, near, nodes)
                seen |= {(piece[0], piece[1]), (piece[-1], piece[-2])}
                pieces.append(piece)
    walked = {pixel for piece in pieces for pixel in piece}
    for pixel in sorted(pixels - walked - nodes):
        if pixel not in walked:  # a ring
            piece = _walk(pixel, near[pixel][0], near, {pixel})
            walked |= set(piece)
            pieces.append(piece)
    ends = {pixel for pixel in nodes if len(near[pixel]) < 2}
    return [piece for piece in pieces if not _is_spur(piece, ends, nodes)]


def _is_spur(piece: list[Pixel], ends: set[Pixel], nodes: set[Pixel]) -> bool:
    """Whether a short piece hangs on another line."""
    loose = (piece[0] in ends) + (piece[-1] in ends)
    return len(piece) <= _SPUR and loose == 1 and piece[0] in nodes


def _walk(start: Pixel, then: Pixel, near: dict, nodes: set[Pixel]) -> list[Pixel]:
    piece = [start, then]
    while piece[-1] not in nodes:
        onward = [pixel for pixel in near[piece[-1]] if pixel != piece[-2]]
        if not onward:
            break
        piece.append(onward[0])
    return piece


def _near(pixel: Pixel, pixels: set[Pixel]) -> list[Pixel]:
    """Neighbours; a diagonal one does not count where two straight steps lead to it."""
    y, x = pixel
    found = []
    for dy, dx in _NEIGHBOURS:
        other = (y + dy, x + dx)
        around = (y + dy, x) in pixels or (y, x + dx) in pixels
        if other in pixels and not (dy and dx and around):
            found.append(other)
    return found


def _joined(pieces: list[list[Pixel]]) -> list[list[Pixel]]:
    """Pieces that go straight on over a crossing become one line."""
    lines = [list(piece) for piece in pieces]
    while True:
        best = _straightest(lines)
        if best is None:
            return lines
        one, other = best
        first = lines[one[0]] if one[1] else lines[one[0]][::-1]
        second = lines[other[0]][::-1] if other[1] else lines[other[0]]
        kept = [line for at, line in enumerate(lines) if at not in (one[0], other[0])]
        lines = [*kept, first + second[1:]]


def _straightest(lines: list[list[Pixel]]):
    """The two ends, (line, whether its last), that meet and go on straightest; or None."""
    ends: dict[Pixel, list] = {}
    for at, line in enumerate(lines):
        if line[0] != line[-1]:
            for last in (False, True):
                ends.setdefault(line[-1 if last else 0], []).append((at, last))
    best, straight = None, _STRAIGHT
    for meeting in ends.values():
        for place, one in enumerate(meeting):
            for other in meeting[place + 1 :]:
                if one[0] != other[0]:
                    cosine = -float(_heading(lines, one) @ _heading(lines, other))
                    if cosine > straight:
                        best, straight = (one, other), cosine
    return best


def _heading(lines: list[list[Pixel]], end) -> np.ndarray:
    """Unit vector from inside a line out of its end."""
    line = lines[end[0]] if end[1] else lines[end[0]][::-1]
    away = np.subtract(line[-1], line[max(0, len(line) - 1 - _LOOK_BACK)]).astype(np.float64)
    return away / max(float(np.hypot(*away)), 1e-9)


def _smooth(line: np.ndarray) -> np.ndarray:
    """Without the stairs of pixels; the ends stay."""
    if len(line) < 5:
        return line
    closed = bool((line[0] == line[-1]).all())
    padded = (
        np.concatenate([line[-3:-1], line, line[1:3]])
        if closed
        else np.pad(line, ((2, 2), (0, 0)), "edge")
    )
    mean = sum(padded[at : at + len(line)] for at in range(5)) / 5
    if not closed:
        mean[0], mean[-1] = line[0], line[-1]
    return mean
