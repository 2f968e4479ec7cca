"""Pictures as a request brings them, made ready for the encoder."""

import numpy as np

from pictures import PictureError, PictureTooLarge, read_picture
from serving.service.asking import Strokes
from serving.service.drawing import draw
from serving.service.errors import BadPicture, TooLarge
from serving.service.limits import Limits

_BLANK = 250  # a picture without a darker pixel shows nothing


def read_drawing(drawing: bytes | Strokes, limits: Limits) -> np.ndarray:
    """Reads a drawing: dark lines on white, whatever is transparent.

    A picture that is blank on white but not on black was drawn in white: it is turned round.

    Returns:
        uint8 (H, W, 3).

    Raises:
        BadPicture, TooLarge: it cannot be read.
    """
    if isinstance(drawing, Strokes):
        return draw(drawing)
    rgb = _read(drawing, limits, "drawing")
    if rgb.min() < _BLANK:
        return rgb
    other = 255 - read_picture(drawing, max_pixels=limits.pixels, background="black")
    return other if other.min() < other.max() else rgb


def read_photo(photo: bytes, limits: Limits, field: str = "photo") -> np.ndarray:
    """Reads a picture: upright RGB on white, uint8 (H, W, 3).

    Raises:
        BadPicture, TooLarge: it cannot be read.
    """
    return _read(photo, limits, field)


def _read(data: bytes, limits: Limits, field: str) -> np.ndarray:
    try:
        return read_picture(data, max_pixels=limits.pixels, name=f"the {field}")
    except PictureTooLarge as error:
        raise TooLarge(str(error), field) from error
    except PictureError as error:
        raise BadPicture(str(error), field) from error
