"""Opens a picture's bytes with the one decoder they may reach, if that will not cost too much.

The decoders are called by the file's first bytes, never by its name, and no other format of
Pillow's can be reached. The size is read from the header, so a small file that would unfold
to gigabytes, or take hours, is refused before a pixel of it is decoded.
"""

import re
import warnings
from io import BytesIO

from PIL import Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import jpeg_factory
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from pictures.errors import PictureError, PictureTooLarge

MAX_PIXELS = 120_000_000  # telephones reach 108 million
# A pass over one pixel takes 0.7 ns; a crafted JPEG of a megabyte can ask for hours of them.
MAX_PASSES = 16 * MAX_PIXELS
_MAX_SEGMENTS = 100_000  # a photograph has dozens

_OPENERS = {
    b"\x89PNG\r\n\x1a\n": PngImageFile,
    b"\xff\xd8\xff": jpeg_factory,
    b"GIF8": GifImageFile,
    b"BM": BmpImageFile,
}
# Not what is no segment: stuffed bytes of a scan, its restarts, fill.
_JPEG_MARKER = re.compile(rb"\xff[\xc0-\xcf\xd8-\xfe]")
_SCAN, _END = b"\xff\xda", b"\xff\xd9"
_BMP_RUNS = (b"\1\0\0\0", b"\2\0\0\0")
_MAX_RUNS = 4_000_000  # pixels: Pillow unpacks a BMP's runs in Python, a second for so many
# "Corrupt EXIF data", once a picture: it costs nothing, and nobody can act on it.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
# Of a size that is checked below.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


def open_picture(data: bytes, name: str, max_pixels: int) -> ImageFile:
    """Pillow's image of a file's bytes; its pixels are not decoded yet.

    Args:
        data: The file.
        name: What errors call it.
        max_pixels: The largest width x height.

    Raises:
        PictureError: Not a picture, or more than one may ask of a decoder. Damage in the header
            raises whatever Pillow raises.
    """
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        _check_size(_webp_size(data), name, max_pixels)  # its decoder allocates when it opens
        return WebPImageFile(BytesIO(data))
    for magic, opener in _OPENERS.items():
        if data.startswith(magic):
            image = opener(BytesIO(data))
            _check_size(image.size, name, max_pixels)
            if opener is jpeg_factory:
                _check_passes(data, image.size, name)
            elif opener is BmpImageFile and data[30:34] in _BMP_RUNS:
                _check_size(image.size, name, min(max_pixels, _MAX_RUNS))
            return image
    kinds = "PNG, JPEG, WebP, GIF or BMP"
    raise PictureError(f"{name}: not a {kinds} picture. Received first bytes: {data[:8]!r}")


def _check_size(size: tuple[int, int], name: str, max_pixels: int) -> None:
    width, height = size
    if width * height > max_pixels:
        limit = f"the limit is {max_pixels / 1e6:g} megapixels"
        raise PictureTooLarge(f"{name}: too large ({limit}). Received: {width} x {height} pixels")


def _check_passes(data: bytes, size: tuple[int, int], name: str) -> None:
    """A progressive JPEG refines the whole picture once for each of its scans."""
    scans = _scans(data)
    if scans * size[0] * size[1] > MAX_PASSES or scans == _MAX_SEGMENTS:
        raise PictureError(
            f"{name}: would take too long to decode. Received: {scans} scans of "
            f"{size[0]} x {size[1]} pixels"
        )


def _scans(data: bytes) -> int:
    """Scans of a JPEG's own picture: its thumbnails lie in segments, a film behind its end."""
    scans, place = 0, 2
    for _ in range(_MAX_SEGMENTS):
        marker = _JPEG_MARKER.search(data, place)
        if marker is None or marker[0] == _END:
            return scans
        scans += marker[0] == _SCAN
        place = marker.end() + int.from_bytes(data[marker.end() : marker.end() + 2], "big")
    return _MAX_SEGMENTS


def _webp_size(data: bytes) -> tuple[int, int]:
    """Canvas size by the container specification: VP8X, lossless or lossy."""
    if data[12:16] == b"VP8X":
        return (
            1 + int.from_bytes(data[24:27], "little"),
            1 + int.from_bytes(data[27:30], "little"),
        )
    if data[12:16] == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    return (
        int.from_bytes(data[26:28], "little") & 0x3FFF,
        int.from_bytes(data[28:30], "little") & 0x3FFF,
    )
