"""S-HELO: soft histograms of edge local orientations."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from training.baselines.edges import line_drawings, softened

BLOCKS = 6


@dataclass(frozen=True)
class SHELO:
    """The direction of each small cell of a picture's lines, counted by larger blocks.

    With a pixel's gradient (gx, gy), twice its angle averages over a cell as a vector, so that
    opposite gradients of one line agree:

        A = sum w 2 gx gy,   D = sum w (gx^2 - gy^2),   direction = atan2(A, D) / 2

    where w shares each pixel among the four cells nearest to it (the soft cells). A cell votes
    with its strength |(A, D)|^power for the two bins nearest to its direction, in the blocks
    nearest to it.

    Attributes:
        size: Side of the pictures, pixels.
        cells: In a row of the picture (published: 25 in a row of each block, of larger pictures).
        bins: Of a histogram, over half a turn.
        power: 1 counts strong lines more, 0.5 less so.
        soft: Blur of the lines, sigma in pixels.
        low, high: Canny's thresholds.

    Reference:
        Saavedra, Sketch Based Image Retrieval Using a Soft Computation of the Histogram of Edge
        Local Orientations (S-HELO), ICIP 2014. Six blocks in a row, 36 bins, as published.
    """

    size: int = 96
    cells: int = 24
    bins: int = 36
    power: float = 0.5
    soft: float = 3.0
    low: int = 50
    high: int = 150

    learns: ClassVar[bool] = False
    random: ClassVar[bool] = False
    binary: ClassVar[bool] = False

    def fit(self, sketches, photos, seed: int = 0):
        """There is nothing to learn."""
        return self.encode

    def encode(self, items) -> np.ndarray:
        """Descriptors (N, 36 x bins) float32 of unit length."""
        drawings = line_drawings(items, self.low, self.high)
        return np.array([self.describe(softened(each, self.soft)) for each in drawings])

    def describe(self, drawing: np.ndarray) -> np.ndarray:
        """The descriptor of one drawing (S, S) float32."""
        along, across = self.cell_vectors(drawing)
        angle = np.arctan2(along, across) / 2 % np.pi
        votes = np.hypot(along, across) ** self.power
        histograms = spatial(self.direction_votes(angle, votes), BLOCKS).ravel()
        return (histograms / max(float(np.linalg.norm(histograms)), 1e-12)).astype(np.float32)

    def cell_vectors(self, drawing: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """A and D of every cell, each (cells, cells)."""
        import cv2

        gx, gy = (cv2.Sobel(drawing, cv2.CV_32F, *order, ksize=3) for order in ((1, 0), (0, 1)))
        doubled = np.stack([2 * gx * gy, gx * gx - gy * gy], axis=-1)
        return tuple(np.moveaxis(spatial(doubled, self.cells), -1, 0))

    def direction_votes(self, angle: np.ndarray, votes: np.ndarray) -> np.ndarray:
        """Votes (cells, cells, bins), each shared by the two bins nearest to its angle."""
        place = angle / np.pi * self.bins - 0.5
        below = np.floor(place)
        share = place - below
        bins = np.arange(self.bins)
        at = (below[..., None] % self.bins) == bins
        after = ((below[..., None] + 1) % self.bins) == bins
        return votes[..., None] * ((1 - share)[..., None] * at + share[..., None] * after)


def spatial(values: np.ndarray, count: int) -> np.ndarray:
    """Sums of (S, S, C) values over a grid (count, count, C), by bilinear shares."""
    weights = shares(len(values), count)
    return np.einsum("as,bt,stc->abc", weights, weights, values, optimize=True)


def shares(length: int, count: int) -> np.ndarray:
    """How much of each of `length` places the `count` cells get, (count, length), by nearness.

    A place between the middles of two cells is shared by both; beyond the outermost, it is all
    that cell's.
    """
    place = (np.arange(length) + 0.5) / length * count - 0.5
    place = np.clip(place, 0, count - 1)
    return np.maximum(0, 1 - np.abs(place - np.arange(count)[:, None])).astype(np.float32)
