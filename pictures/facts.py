"""What a picture is, in five numbers: its size, its ink, its colourfulness and its digest."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

_BLOCK = 2**14  # pixels at a time: they stay in the cache, whatever the picture's size
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
    sums, ones = np.zeros((4, 4)), None
    for block in _blocks(rgb):
        values = block.reshape(-1, 3)
        if ones is None:
            ones = np.ones((4, len(values)))  # a fourth channel of ones sums the others
        channels = ones[:, : len(values)]
        channels[:3] = values.T
        sums += channels @ channels.T  # whole numbers below 2**53: exact in any order
    mean, products = sums[3, :3] / sums[3, 3], sums[:3, :3] / sums[3, 3]
    return mean, products - np.outer(mean, mean)


def _digest(rgb: np.ndarray) -> str:
    digest = hashlib.sha256(np.array(rgb.shape[:2], dtype="<u4").tobytes())
    for block in _blocks(rgb):
        digest.update(np.ascontiguousarray(block))
    return digest.hexdigest()


def _blocks(rgb: np.ndarray) -> Iterator[np.ndarray]:
    """Rows of a picture, some at a time."""
    rows = max(1, _BLOCK // rgb.shape[1])
    return (rgb[row : row + rows] for row in range(0, rgb.shape[0], rows))
