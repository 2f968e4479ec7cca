"""A picture made small and encoded anew, in a form that TensorFlow decodes."""

from io import BytesIO

import numpy as np
from PIL import Image

# Of the longer side to the shorter one's `size`: a strip of paper must not become a huge record.
LONGEST_RATIO = 8
JPEG_QUALITY = 95


def resized(pixels: np.ndarray, size: int) -> Image.Image:
    """A picture whose shorter side is `size`, or the picture itself where it is smaller.

    A training then crops or squeezes it into a square of `size` without having lost anything by
    the record. The sides keep their ratio. Pixels are averaged (Hamming window, as wide as the
    factor asks), so that thin lines neither break nor get rings.

    Args:
        pixels: uint8 array of shape (H, W, 3), or (H, W) of a grey picture.
        size: Of the shorter side. The longer one is at most `LONGEST_RATIO * size`; of a picture
            still longer than that, the shorter side becomes less than `size`.

    Returns:
        The picture, RGB or grey.
    """
    image = Image.fromarray(pixels)
    scale = min(size / min(image.size), LONGEST_RATIO * size / max(image.size))
    if scale >= 1:
        return image
    wanted = tuple(max(1, round(side * scale)) for side in image.size)
    return image.resize(wanted, Image.Resampling.HAMMING, reducing_gap=3.0)


def encoded(image: Image.Image, lossless: bool) -> bytes:
    """A picture's file, in memory.

    Args:
        image: RGB or grey.
        lossless: Whether it must be kept to the bit, as sketches are: JPEG draws rings around
            lines.

    Returns:
        A PNG, grey where the picture is; a JPEG for a photo in colour.
    """
    file = BytesIO()
    if lossless or image.mode == "L":
        image.save(file, "PNG")
    else:
        image.save(file, "JPEG", quality=JPEG_QUALITY, subsampling="4:4:4")
    return file.getvalue()
