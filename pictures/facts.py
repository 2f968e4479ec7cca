"""What a picture is, in five numbers: its size, its ink, its colourfulness and its digest."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

_BLOCK = 2**14  # pixels at a time: they stay in the cache, whatever the picture's size
# Pixels of a line, and lines at a time: sums over the lines of products of two bytes stay below
# 2**24, so that float32 is exact in any order.
_LINE, _LINES = 256, 128
_LUMA = np.array([299.0, 587.0, 114.0])  # ITU-R BT.601, in thousandths: white is 0 exactly
_RED_GREEN = np.array([1.0, -1.0, 0.0])
_YELLOW_BLUE = np.array([0.5, 0.5, -1.0])


@dataclass(frozen=True, slots=True)
class Facts:
    """What a picture is.

    Attributes:
        width, height: In pixels.
        ink: Mean darkness, 0 (a white sheet) to 1 (a black one).
        colourfulness: Of the whole picture; 0 for every grey one, above 15 "slightly" and above
            45 "quite" colourful in the words of its authors.
        digest: Hexadecimal SHA-256 of the size and the pixels: two pictures of the same content
            have the same one, whatever their files and formats.
    """

    width: int
    height: int
    ink: float
    colourfulness: float
    digest: str


def facts_of(rgb: np.ndarray) -> Facts:
    """The facts of a picture at its full size.

    Args:
        rgb: uint8 array of shape (H, W, 3): upright, on white, as `read_picture` returns it.

    Returns:
        Its facts. The numbers come from exact sums, the same on every machine.

    Raises:
        ValueError: If it is not such an array, or holds no pixel.

    Reference:
        Hasler and Süsstrunk, "Measuring colourfulness in natural images", 2003 (section 7).
    """
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or not rgb.size:
        raise ValueError(
            "`rgb` must be a picture of dtype uint8 and shape (H, W, 3), H and W above 0. "
            f"Received: {rgb.dtype} of shape {rgb.shape}"
        )
    height, width = rgb.shape[:2]
    mean, covariance = _moments(rgb)
    opponents = (_RED_GREEN, _YELLOW_BLUE)
    spread = sum(axis @ covariance @ axis for axis in opponents)
    offset = sum((axis @ mean) ** 2 for axis in opponents)
    return Facts(
        width=width,
        height=height,
        ink=float(1 - _LUMA @ mean / 255_000),
        colourfulness=float(max(spread, 0.0) ** 0.5 + 0.3 * offset**0.5),
        digest=_digest(rgb),
    )


def _moments(rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of the three channels."""
    if _is_grey(rgb[:1]) and _is_grey(rgb):  # most photos: a row tells
        # Between channels that are alike, whatever varies cancels out.
        mean = rgb[..., 0].sum(dtype=np.int64) / (rgb.shape[0] * rgb.shape[1])
        return np.full(3, mean), np.zeros((3, 3))
    sums = np.zeros((4, 3))
    for lines in _lines(rgb):
        found = np.zeros((4, lines.shape[1]))
        found[0] = lines.sum(axis=0)
        for shift in range(3):  # a byte with itself, its neighbour, the one behind that
            end = lines.shape[1] - shift
            found[1 + shift, :end] = np.einsum("ij,ij->j", lines[:, :end], lines[:, shift:])
        sums += found.reshape(4, -1, 3).sum(axis=1)
    pixels = rgb.shape[0] * rgb.shape[1]
    mean, products = sums[0] / pixels, np.diag(sums[1])
    products[0, 1] = products[1, 0] = sums[2, 0]
    products[1, 2] = products[2, 1] = sums[2, 1]
    products[0, 2] = products[2, 0] = sums[3, 0]
    return mean, products / pixels - np.outer(mean, mean)


def _is_grey(rgb: np.ndarray) -> bool:
    red, green, blue = (rgb[..., channel] for channel in range(3))
    return bool((red == green).all() and (green == blue).all())


def _lines(rgb: np.ndarray) -> Iterator[np.ndarray]:
    """The bytes of a picture in lines of whole pixels, some at a time."""
    flat = np.ascontiguousarray(rgb).reshape(-1)
    line = 3 * _LINE
    for start in range(0, flat.size, line * _LINES):
        block = flat[start : start + line * _LINES].astype(np.float32)
        whole = block.size // line * line
        yield from (
            part for part in (block[:whole].reshape(-1, line), block[whole:][None]) if part.size
        )


def _digest(rgb: np.ndarray) -> str:
    digest = hashlib.sha256(np.array(rgb.shape[:2], dtype="<u4").tobytes())
    for block in _blocks(rgb):
        digest.update(np.ascontiguousarray(block))
    return digest.hexdigest()


def _blocks(rgb: np.ndarray) -> Iterator[np.ndarray]:
    """Rows of a picture, some at a time."""
    rows = max(1, _BLOCK // rgb.shape[1])
    return (rgb[row : row + rows] for row in range(0, rgb.shape[0], rows))
