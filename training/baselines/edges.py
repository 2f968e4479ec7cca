"""Line drawings of sketches and photos alike, which hand-made descriptors read."""

from collections.abc import Iterator

import numpy as np

BATCH = 64
INK = 128  # sketches are dark on white: darker than this is drawn


def line_drawings(items, low: int, high: int) -> Iterator[np.ndarray]:
    """Every item's lines: those of a sketch thinned, the edges of a photo.

    Args:
        items: Sketches or photos, with `batches` and `domain`.
        low, high: Thresholds of Canny's edges, in sums of absolute Sobel gradients.

    Yields:
        (S, S) uint8, 255 on a line of about one pixel's width, else 0.

    Reference:
        Canny, A Computational Approach to Edge Detection, PAMI 1986.
    """
    for images in items.batches(BATCH):
        for image in images.astype(np.uint8):
            yield thinned(image) if items.domain == 0 else edges(image, low, high)


def thinned(sketch: np.ndarray) -> np.ndarray:
    """The middle lines of a sketch's strokes."""
    import cv2
    from skimage.morphology import skeletonize

    drawn = cv2.cvtColor(sketch, cv2.COLOR_RGB2GRAY) < INK
    return np.where(skeletonize(drawn), 255, 0).astype(np.uint8)


def edges(photo: np.ndarray, low: int, high: int) -> np.ndarray:
    """Canny's edges of a photo, where any of its colours has one."""
    import cv2

    smooth = cv2.GaussianBlur(photo, (0, 0), 1.0)
    return np.max([cv2.Canny(channel, low, high) for channel in cv2.split(smooth)], axis=0)


def softened(drawing: np.ndarray, sigma: float) -> np.ndarray:
    """A drawing with blurred lines (float32, at most 1), so that near lines agree a little."""
    import cv2

    blurred = cv2.GaussianBlur(drawing.astype(np.float32), (0, 0), sigma)
    return blurred / max(float(blurred.max()), 1.0)
