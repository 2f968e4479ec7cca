"""Tensors of a `.safetensors` file."""

from pathlib import Path

import numpy as np

from sbir_tf.errors import UserError

# BF16, which NumPy lacks, comes as float32.
DTYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BF16": "<u2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "i1",
    "U8": "u1",
    "BOOL": "?",
}


def read_safetensors(path: Path) -> dict[str, np.ndarray]:
    """Name -> array, in the order of the names.

    Raises:
        UserError: If the file is cut short or damaged, or a tensor's type is none of `DTYPES`.

    Reference:
        https://huggingface.co/docs/safetensors
    """
    from safetensors import SafetensorError, deserialize

    try:
        found = deserialize(path.read_bytes())
        return {name: _array(path, name, tensor) for name, tensor in sorted(found)}
    except UserError:
        raise
    except (SafetensorError, ValueError) as error:
        raise UserError(
            f"{path} is cut short or damaged ({error}). Nothing was loaded: fetch it again"
        ) from None


def _array(path: Path, name: str, tensor: dict) -> np.ndarray:
    if tensor["dtype"] not in DTYPES:
        raise UserError(
            f"{path}: tensor {name} is of type {tensor['dtype']}; known are {', '.join(DTYPES)}"
        )
    flat = np.frombuffer(tensor["data"], DTYPES[tensor["dtype"]])
    if tensor["dtype"] == "BF16":
        flat = (flat.astype("<u4") << np.uint32(16)).view("<f4")
    return flat.reshape(tensor["shape"])
