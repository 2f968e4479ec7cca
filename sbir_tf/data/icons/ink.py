"""Tells line drawings from blanks and from filled shapes."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

# A square of this share of the picture's side fits into a filled shape, but into no line: the
# widest lines among the sets are a tenth of the side.
WIDER_THAN_A_LINE = 9 / 64


def ink_share(picture: np.ndarray) -> float:
    """How much of a picture on white is ink: 0 is blank, 1 is black."""
    return float(1 - picture.mean() / 255)


def solid_share(picture: np.ndarray) -> float:
    """How much of the ink lies in areas wider than a line: about 0 for a line drawing.

    The share of ink alone does not tell: a bookshelf drawn in lines has more of it than a filled
    battery.

    Args:
        picture: `(size, size, 3)` uint8 on white.

    Returns:
        A number from 0 to 1; 0 for a blank.
    """
    width = max(3, round(len(picture) * WIDER_THAN_A_LINE) // 2 * 2 + 1)
    margin = ((width, width), (width, width), (0, 0))
    grey = Image.fromarray(np.pad(picture, margin, constant_values=255)).convert("L")
    opened = grey.filter(ImageFilter.MaxFilter(width)).filter(ImageFilter.MinFilter(width))
    ink, solid = (255.0 - np.asarray(image, np.float64) for image in (grey, opened))
    return float(solid.sum() / ink.sum()) if ink.sum() else 0.0
