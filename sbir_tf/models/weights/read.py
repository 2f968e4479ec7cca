"""From a file of weights, whatever its format, to named arrays."""

import os
import struct
import zipfile
from pathlib import Path

import numpy as np

from sbir_tf.errors import UserError
from sbir_tf.models.torch_pickle import read_torch
from sbir_tf.models.weights.read_keras import WEIGHTS_IN_ARCHIVE, read_hdf5, read_keras_archive
from sbir_tf.models.weights.read_safetensors import read_safetensors

ZIP, HDF5, PICKLE, NUMPY = b"PK\x03\x04", b"\x89HDF\r\n\x1a\n", b"\x80", b"\x93NUMPY"
TORCH_SUFFIXES = (".pth", ".pt", ".bin", ".tar")
# The safetensors format allows no longer header.
LONGEST_HEADER = 100_000_000


def read_tensors(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """Reads every tensor of a file of weights. Nothing in the file is ever run.

    The format is told by the file's first bytes, not by its name: PyTorch's `.pth` (zip and
    legacy), `.safetensors`, Keras' `.h5`, `.weights.h5` and `.keras`.

    Args:
        path: The file.

    Returns:
        Name -> array, in the file's order. PyTorch's names are the file's own, dictionaries in
        dictionaries joined by dots; Keras' are `layer/weight` or `layer/number`, see
        `read_keras`.

    Raises:
        UserError: If there is no such file, its format is another, or it is cut short, damaged
            or hostile.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"There is no file of weights {path}: check the path")
    with path.open("rb") as file:
        head = file.read(9)
    if head.startswith(HDF5):
        return read_hdf5(path)
    if head.startswith(ZIP):
        return read_keras_archive(path) if _is_keras(path) else read_torch(path)
    if path.suffix == ".safetensors" or _looks_like_safetensors(head):
        return read_safetensors(path)
    if head.startswith(PICKLE) or path.suffix in TORCH_SUFFIXES:
        return read_torch(path)
    what = "a NumPy array" if head.startswith(NUMPY) else "in no format that is known"
    raise UserError(
        f"{path} is {what}, or damaged: bring PyTorch's .pth, .safetensors, or Keras' .h5 or .keras"
    )


def _is_keras(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return WEIGHTS_IN_ARCHIVE in archive.namelist()
    except zipfile.BadZipFile:
        return path.suffix == ".keras"


def _looks_like_safetensors(head: bytes) -> bool:
    """The length of a JSON header, then its opening brace."""
    return head[8:] == b"{" and struct.unpack("<Q", head[:8])[0] <= LONGEST_HEADER
