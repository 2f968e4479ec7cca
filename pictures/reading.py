"""Reads any picture safely: five formats, upright, white behind transparency, no surprises."""

import os
import stat
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.ImageFile import ImageFile

from pictures.errors import PictureError
from pictures.opening import MAX_PIXELS, open_picture

MAX_BYTES = 256 * 2**20
LONGEST = 512  # more than any encoder's input, and 0.8 MB at most

_BAND = 2**20  # pixels
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
    background: str = "white",
) -> np.ndarray:
    """Reads a PNG, JPEG, WebP, GIF (its first frame) or BMP as upright RGB on white.

    A picture larger than `longest` is shrunk by area averaging (a JPEG already while it is
    decoded), so the result's memory is bounded whatever the source is.

    Args:
        source: a path, or the file's bytes.
        longest: the longest side of the result; `None` keeps the size.
        max_pixels: the largest width x height that is decoded.
        name: what errors call it; by default the path.
        background: the colour behind what is transparent.

    Returns:
        uint8 array of shape (H, W, 3).

    Raises:
        PictureError: not a picture, too large, truncated or damaged; names the file.
        MemoryError: there is too little memory just now, which says nothing of the picture.
    """
    return read_with_image(source, longest, max_pixels, name, background)[0]


def read_with_image(
    source: Path | str | bytes,
    longest: int | None,
    max_pixels: int = MAX_PIXELS,
    name: str | None = None,
    background: str = "white",
) -> tuple[np.ndarray, ImageFile]:
    """As `read_picture`, with Pillow's image, which knows how the picture was stored."""
    name = name or ("the picture" if isinstance(source, bytes) else str(source))
    data = source if isinstance(source, bytes) else read_bytes(source)
    try:
        image = open_picture(data, name, max_pixels)
        return _upright_rgb(image, longest, background), image
    except (PictureError, MemoryError):
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
        PictureError: it is not there, may not be read, is not a regular file, or is above
            `MAX_BYTES`.
    """
    path = Path(path)
    try:
        status = os.stat(path)  # noqa: PTH116 (never open a pipe to find out that it is one)
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        raise PictureError(f"{path}: no such file") from error
    except OSError as error:  # a link to itself, a folder that may not be entered
        raise PictureError(f"{path}: cannot be read ({error.strerror})") from error
    if not stat.S_ISREG(status.st_mode):
        raise PictureError(f"{path}: not a regular file")
    if status.st_size > MAX_BYTES:
        limit = f"the limit is {MAX_BYTES // 2**20} MiB"
        raise PictureError(f"{path}: the file is too large ({limit}). Received: {status.st_size}")
    try:
        return path.read_bytes()
    except OSError as error:
        raise PictureError(f"{path}: cannot be read ({error.strerror})") from error


def _upright_rgb(image: ImageFile, longest: int | None, background: str) -> np.ndarray:
    if longest is not None:
        image.draft(None, (longest, longest))  # JPEG decodes at 1/2, 1/4 or 1/8; others ignore it
    image.load()
    plain = _shrink(_eight_bits(image), longest)
    turn = _TURNS.get(_orientation(image))
    return _pixels(plain.transpose(turn) if turn is not None else plain, background)


def _eight_bits(image: Image.Image) -> Image.Image:
    """Modes that can be averaged; palettes and 16 bits cannot."""
    if image.mode.startswith("I"):
        grey = np.asarray(image)
        level = Image.fromarray((np.clip(grey, 0, 65535) >> 8).astype(np.uint8))
        clear = image.info.get("transparency")
        if isinstance(clear, int):
            level.putalpha(Image.fromarray((grey != clear).astype(np.uint8) * 255))
        return level
    if image.has_transparency_data:
        return image if image.mode == "RGBA" else image.convert("RGBA")
    if image.mode == "1":
        return image.convert("L")
    return image if image.mode in ("L", "RGB", "CMYK", "YCbCr") else image.convert("RGB")


def _shrink(image: Image.Image, longest: int | None) -> Image.Image:
    if longest is None or max(image.size) <= longest:
        return image
    scale = longest / max(image.size)
    size = tuple(max(1, round(side * scale)) for side in image.size)
    return image.resize(size, Image.Resampling.BOX, reducing_gap=2.0)


def is_turned(image: Image.Image) -> bool:
    """Whether a picture's EXIF says that it is stored lying or mirrored."""
    return _orientation(image) in _TURNS


def _orientation(image: Image.Image) -> int:
    try:
        return image.getexif().get(_ORIENTATION_TAG, 1)
    except Exception:  # a damaged EXIF block must not cost a good picture
        return 1


def _pixels(image: Image.Image, background: str) -> np.ndarray:
    """On its background, some rows at a time: the whole would be in memory four times over."""
    width, height = image.size
    rows = max(1, _BAND // width)
    if rows >= height:
        return np.asarray(_laid_on(image, background))
    rgb = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, rows):
        box = (0, top, width, min(top + rows, height))
        rgb[top : top + rows] = np.asarray(_laid_on(image.crop(box), background))
    return rgb


def _laid_on(image: Image.Image, background: str) -> Image.Image:
    if image.mode not in ("RGBA", "LA"):
        return image if image.mode == "RGB" else image.convert("RGB")
    behind = Image.new("RGBA", image.size, background)
    return Image.alpha_composite(behind, image.convert("RGBA")).convert("RGB")
