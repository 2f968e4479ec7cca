"""An .npz of arrays and one JSON object, read so that nothing in it can run code."""

import json
import zipfile
import zlib
from io import BytesIO
from typing import Any

import numpy as np

# What readers of damaged zip files and arrays raise.
DAMAGE = (
    *(OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, RuntimeError),
    *(zipfile.BadZipFile, zlib.error, MemoryError, OverflowError),
)


def read_arrays(data: bytes) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays by name, and the JSON object that the text `facts` holds.

    Raises:
        DAMAGE: one of these kinds, where the bytes are not such a file.
    """
    with zipfile.ZipFile(BytesIO(data)) as file:
        # `dump_arrays` compresses nothing: a few bytes must not become gigabytes.
        if any(member.compress_type != zipfile.ZIP_STORED for member in file.infolist()):
            raise ValueError("it is compressed")
    with np.load(BytesIO(data), allow_pickle=False) as file:
        arrays = dict(file.items())
    facts = json.loads(str(arrays.pop("facts")))
    if not isinstance(facts, dict):
        raise ValueError("its facts are not an object")
    return arrays, facts


def dump_arrays(facts: dict[str, Any], **arrays: np.ndarray) -> bytes:
    """The bytes of such a file."""
    file = BytesIO()
    np.savez(file, facts=np.array(json.dumps(facts)), **arrays)
    return file.getvalue()
