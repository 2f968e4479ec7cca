"""The names that a pickle may ask for, and what it gets in their place."""

import numpy as np

from sbir_tf.models.torch_pickle.refusals import Refused, quote
from sbir_tf.models.torch_pickle.sealed import (
    Function,
    Sealed,
    StateDict,
    Storage,
    StorageType,
    Tensor,
)

_DIMENSIONS = 32  # NumPy's own limit


def _state_dict(pairs: object = ()) -> StateDict:
    result = StateDict()
    if type(pairs) not in (list, tuple):
        raise Refused("an OrderedDict in it is not made of pairs")
    for pair in pairs:  # written by Python 2
        if type(pair) not in (list, tuple) or len(pair) != 2 or type(pair[0]) not in (str, int):
            raise Refused("an OrderedDict in it is not made of pairs of a name and a value")
        result[pair[0]] = pair[1]
    return result


def are_counts(value: object) -> bool:
    return type(value) is tuple and all(type(item) is int and item >= 0 for item in value)


def _tensor(storage: object, offset: object, shape: object, strides: object, *_: object) -> Tensor:
    """`_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks, metadata)`."""
    if not isinstance(storage, Storage):
        raise Refused("a tensor in it has no storage")
    if not (are_counts((offset,)) and are_counts(shape) and are_counts(strides)):
        raise Refused("a tensor in it has an offset, shape or strides that are no whole numbers")
    if len(shape) != len(strides) or len(shape) > _DIMENSIONS:
        raise Refused(f"a tensor in it has {len(shape)} dimensions and {len(strides)} strides")
    return Tensor(storage, offset, shape, strides)


def _parameter(tensor: object, *_: object) -> Tensor:
    """`_rebuild_parameter(data, requires_grad, hooks)`."""
    if not isinstance(tensor, Tensor):
        raise Refused("a parameter in it is not a tensor")
    return tensor


def _from_bfloat16(bits: np.ndarray) -> np.ndarray:
    return (bits.astype("<u4") << np.uint32(16)).view("<f4")


def _from_bool(octets: np.ndarray) -> np.ndarray:
    return octets != 0  # a NumPy bool of any other byte than 0 and 1 misbehaves


_GLOBALS: dict[tuple[str, str], Sealed] = {
    ("collections", "OrderedDict"): Function(_state_dict),
    ("torch._utils", "_rebuild_tensor"): Function(_tensor),
    ("torch._utils", "_rebuild_tensor_v2"): Function(_tensor),
    ("torch._utils", "_rebuild_parameter"): Function(_parameter),
    ("torch", "DoubleStorage"): StorageType("<f8"),
    ("torch", "FloatStorage"): StorageType("<f4"),
    ("torch", "HalfStorage"): StorageType("<f2"),
    ("torch", "BFloat16Storage"): StorageType("<u2", _from_bfloat16),
    ("torch", "LongStorage"): StorageType("<i8"),
    ("torch", "IntStorage"): StorageType("<i4"),
    ("torch", "ShortStorage"): StorageType("<i2"),
    ("torch", "CharStorage"): StorageType("i1"),
    ("torch", "ByteStorage"): StorageType("u1"),
    ("torch", "BoolStorage"): StorageType("u1", _from_bool),
}


def find_global(module: str, name: str) -> Sealed:
    try:
        return _GLOBALS[module, name]
    except KeyError:
        raise Refused(
            f"it asks for the Python object {quote(f'{module}.{name}')}, which a state dict does "
            "not need and which could be harmful; nothing was run. If you trust its author, ask "
            "for a file saved with torch.save(model.state_dict(), ...)"
        ) from None
