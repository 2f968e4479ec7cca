"""Histograms of oriented gradients of line drawings."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from training.baselines.edges import line_drawings, softened


@dataclass(frozen=True)
class HOG:
    """One histogram of gradient directions for each cell of a picture's lines.

    Attributes:
        size: Side of the pictures, pixels.
        cell: Side of a cell, pixels.
        orientations: Bins of a histogram, over half a turn.
        soft: Blur of the lines, sigma in pixels.
        low, high: Canny's thresholds.

    Reference:
        Dalal and Triggs, Histograms of Oriented Gradients for Human Detection, CVPR 2005.
    """

    size: int = 128
    cell: int = 16
    orientations: int = 9
    soft: float = 2.0
    low: int = 50
    high: int = 150

    learns: ClassVar[bool] = False
    random: ClassVar[bool] = False
    binary: ClassVar[bool] = False

    def fit(self, sketches, photos, seed: int = 0):
        """There is nothing to learn."""
        return self.encode

    def encode(self, items) -> np.ndarray:
        """Descriptors (N, D) float32, blocks of two by two cells normalised together."""
        from skimage.feature import hog

        rows = [
            hog(
                softened(drawing, self.soft),
                self.orientations,
                (self.cell, self.cell),
                (2, 2),
                block_norm="L2-Hys",
            )
            for drawing in line_drawings(items, self.low, self.high)
        ]
        return np.array(rows, np.float32)
