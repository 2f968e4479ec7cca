"""Reads any picture safely: five formats, limits before decoding, white behind transparency.

The decoders are called by the file's first bytes, never by its name, and no other format of
Pillow's can be reached. The size is read from the header, so a small file that would unfold
to gigabytes is refused before a pixel of it is decoded.
"""

import os
import stat
import warnings
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import jpeg_factory
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from pictures.errors import PictureError

MAX_PIXELS = 120_000_000  # telephones reach 108 million
MAX_BYTES = 256 * 2**20
LONGEST = 512  # more than any encoder's input, and 0.8 MB at most

_OPENERS = {
    b"\x89PNG\r\n\x1a\n": PngImageFile,
    b"\xff\xd8\xff": jpeg_factory,
    b"GIF8": GifImageFile,
    b"BM": BmpImageFile,
}
# "Corrupt EXIF data", once a picture: it costs nothing, and nobody can act on it.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
_ORIENTATION_TAG = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def read_picture(
    source: Path | str | bytes,
    longest: int | None = LONGEST,
    max_pixels: int = MAX_PIXELS,
    name: str | None = None,
) -> np.ndarray:
    """Reads a PNG, JPEG, WebP, GIF (its first frame) or BMP as upright RGB on white.

    A picture larger than `longest` is shrunk by area averaging (a JPEG already while it is
    decoded), so the result's memory is bounded whatever the source is.

    Args:
        source: a path, or the file's bytes.
        longest: the longest side of the result; `None` keeps the size.
        max_pixels: the largest width x height that is decoded.
        name: what errors call it; by default the path.

    Returns:
        uint8 array of shape (H, W, 3).

    Raises:
        PictureError: not a picture, too large, truncated or damaged; names the file.
    """
    name = name or ("the picture" if isinstance(source, bytes) else str(source))
    data = source if isinstance(source, bytes) else read_bytes(source)
    try:
        image = _open(data, name, max_pixels)
        return _upright_rgb(image, longest)
    except PictureError:
        raise
    except Exception as error:  # decoders of hostile bytes raise anything, SyntaxError included
        reason = " ".join(str(error).split()) or type(error).__name__
        raise PictureError(f"{name}: truncated or damaged picture ({reason})") from error


def read_bytes(path: Path | str) -> bytes:
    """Reads a picture's file, unless it is a pipe, a device or absurdly large.

    Args:
        path: the file.

    Returns:
        Its bytes.

    Raises:
        PictureError: it is not there, not a regular file, or above `MAX_BYTES`.
    """
    path = Path(path)
    try:
        status = os.stat(path)  # noqa: PTH116 (never open a pipe to find out that it is one)
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        raise PictureError(f"{path}: no such file") from error
    if not stat.S_ISREG(status.st_mode):
        raise PictureError(f"{path}: not a regular file")
    if status.st_size > MAX_BYTES:
        limit = f"the limit is {MAX_BYTES // 2**20} MiB"
        raise PictureError(f"{path}: the file is too large ({limit}). Received: {status.st_size}")
    return path.read_bytes()


def _open(data: bytes, name: str, max_pixels: int) -> ImageFile:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        _check_size(_webp_size(data), name, max_pixels)  # its decoder allocates when it opens
        return WebPImageFile(BytesIO(data))
    for magic, opener in _OPENERS.items():
        if data.startswith(magic):
            image = opener(BytesIO(data))
            _check_size(image.size, name, max_pixels)
            return image
    kinds = "PNG, JPEG, WebP, GIF or BMP"
    raise PictureError(f"{name}: not a {kinds} picture. Received first bytes: {data[:8]!r}")


def _check_size(size: tuple[int, int], name: str, max_pixels: int) -> None:
    width, height = size
    if width * height > max_pixels:
        limit = f"the limit is {max_pixels / 1e6:g} megapixels"
        raise PictureError(f"{name}: too large ({limit}). Received: {width} x {height} pixels")


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


def _upright_rgb(image: ImageFile, longest: int | None) -> np.ndarray:
    if longest is not None:
        image.draft(None, (longest, longest))  # JPEG decodes at 1/2, 1/4 or 1/8; others ignore it
    image.load()
    plain = _shrink(_eight_bits(image), longest)
    turn = _TURNS.get(_orientation(image))
    rgb = _on_white(plain)
    return np.asarray(rgb.transpose(turn) if turn is not None else rgb)


def _eight_bits(image: Image.Image) -> Image.Image:
    """Modes that can be averaged; palettes and 16 bits cannot."""
    if image.mode.startswith("I"):
        grey = np.asarray(image).astype(np.int64)
        level = Image.fromarray((np.clip(grey, 0, 65535) >> 8).astype(np.uint8))
        clear = image.info.get("transparency")
        if isinstance(clear, int):
            level.putalpha(Image.fromarray(np.where(grey == clear, 0, 255).astype(np.uint8)))
        return level
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode == "1":
        return image.convert("L")
    return image if image.mode in ("L", "CMYK", "YCbCr") else image.convert("RGB")


def _shrink(image: Image.Image, longest: int | None) -> Image.Image:
    if longest is None or max(image.size) <= longest:
        return image
    scale = longest / max(image.size)
    size = tuple(max(1, round(side * scale)) for side in image.size)
    return image.resize(size, Image.Resampling.BOX, reducing_gap=2.0)


def _orientation(image: Image.Image) -> int:
    try:
        return image.getexif().get(_ORIENTATION_TAG, 1)
    except Exception:  # a damaged EXIF block must not cost a good picture
        return 1


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode not in ("RGBA", "LA"):
        return image.convert("RGB")
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")
