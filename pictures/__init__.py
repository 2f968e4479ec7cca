"""Reads any picture safely. Both programs and the library may import it; it needs Pillow alone."""

from pictures.errors import PictureError, PictureTooLarge
from pictures.examining import Form, examine_picture
from pictures.facts import Facts, facts_of
from pictures.opening import MAX_PIXELS
from pictures.reading import LONGEST, MAX_BYTES, read_bytes, read_picture

__all__ = [
    "LONGEST",
    "MAX_BYTES",
    "MAX_PIXELS",
    "Facts",
    "Form",
    "PictureError",
    "PictureTooLarge",
    "examine_picture",
    "facts_of",
    "read_bytes",
    "read_picture",
]
