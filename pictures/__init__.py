"""Reads any picture safely. Both programs and the library may import it; it needs Pillow alone."""

from pictures.errors import PictureError
from pictures.reading import LONGEST, MAX_BYTES, MAX_PIXELS, read_bytes, read_picture

__all__ = ["LONGEST", "MAX_BYTES", "MAX_PIXELS", "PictureError", "read_bytes", "read_picture"]
