"""Weights and pictures made up from names and shapes, the same with and without PyTorch."""

import math
import re
import zlib
from collections.abc import Mapping

import numpy as np


def random_tensors(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """A state dict in which every number counts and activations neither vanish nor explode."""
    return {name: random_tensor(name, tuple(shape)) for name, shape in shapes.items()}


def random_tensor(name: str, shape: tuple[int, ...]) -> np.ndarray:
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    if name.endswith("num_batches_tracked"):
        return np.array(1000, np.int64)
    if name.endswith("running_var"):
        value = rng.uniform(0.5, 2.0, shape)
    elif name.endswith((".running_mean", ".bias")):
        value = rng.normal(0.0, 0.2, shape)
    elif re.match(r"layer\d.*\.bn3\.weight", name):
        # The end of a residual branch: were it larger, 33 blocks would make chaos, in which
        # PyTorch in float32 and PyTorch in float64 share no digit.
        value = rng.uniform(0.1, 0.4, shape)
    elif len(shape) == 1:
        value = rng.uniform(0.5, 1.5, shape)  # a batch-norm's scale
    else:
        value = rng.normal(0.0, math.sqrt(2 / math.prod(shape[1:])), shape)
    return value.astype(np.float32)


def random_pictures(size: int, count: int = 2) -> np.ndarray:
    """Noise of several grains, one above the other: (count, size, size, 3), values 0-255."""
    rng = np.random.default_rng(size)
    pictures = np.zeros((count, size, size, 3))
    for grain in (1, 4, 16):
        cells = rng.uniform(0, 255, (count, size // grain + 1, size // grain + 1, 3))
        pictures += cells.repeat(grain, 1).repeat(grain, 2)[:, :size, :size] / 3
    return pictures.astype(np.float32)
