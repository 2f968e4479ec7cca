"""The way in: from a path to named arrays, or to one line that says why not."""

import os
import pickle
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from sbir_tf.errors import UserError
from sbir_tf.models.torch_pickle.containers import read_legacy, read_zip
from sbir_tf.models.torch_pickle.refusals import Refused, quote
from sbir_tf.models.torch_pickle.tensors import flatten, view

_ZIP_MAGIC = b"PK\x03\x04"

# What the stdlib raises on bytes that are no pickle, or a cut one.
_BROKEN = (
    pickle.UnpicklingError,
    zipfile.BadZipFile,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    NotImplementedError,
    RuntimeError,
    struct.error,
    TypeError,
    ValueError,
)


def read_torch(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """Reads the tensors of a PyTorch state dict, in the zip format or the legacy one.

    Nothing in the file is run: see the head of this package. Dictionaries and lists inside the
    state dict (a checkpoint that holds `{"state_dict": ..., "epoch": 3}`) are flattened, their
    names joined by dots; what is no tensor (an epoch, a learning rate) is left out.

    Args:
        path: The file, usually `.pth` or `.pt`.

    Returns:
        Name -> array, in the file's order. The arrays are read-only views: tensors that share a
        storage in the file share it here. bfloat16, which NumPy lacks, comes as float32.

    Raises:
        UserError: The file is not such a file, is cut short or damaged, describes tensors that it
            does not hold, or asks for any Python object that a state dict does not need.
        OSError: It cannot be opened.

    Reference:
        https://pytorch.org/docs/stable/notes/serialization.html
    """
    path = Path(path)
    with path.open("rb") as file:
        try:
            arrays = dict(_read(file))
        except Refused as refusal:
            raise UserError(f"{path}: {refusal}. Nothing was loaded from it") from None
        except _BROKEN:
            raise UserError(
                f"{path}: it is cut short, damaged, or not a PyTorch state dict. Fetch it again"
            ) from None
    return arrays


def _read(file: BinaryIO) -> Iterator[tuple[str, np.ndarray]]:
    size = os.fstat(file.fileno()).st_size
    is_zip = file.read(len(_ZIP_MAGIC)) == _ZIP_MAGIC
    file.seek(0)
    content, data = (read_zip if is_zip else read_legacy)(file, size)
    if not isinstance(content, dict):
        raise Refused("it holds no state dict. Save one with torch.save(model.state_dict(), ...)")
    names = set()
    for name, tensor in flatten(content):
        if name in names:
            raise Refused(f"two tensors in it are called {quote(name)}")
        names.add(name)
        yield name, view(name, tensor, data[tensor.storage.key])
    if not names:
        raise Refused("it holds no tensor")
