"""From the bytes of storages and the descriptions of tensors to arrays."""

import math
from collections.abc import Iterator

import numpy as np

from sbir_tf.models.torch_pickle.refusals import Refused, quote
from sbir_tf.models.torch_pickle.sealed import Storage, Tensor

_DEPTH = 16
_ENTRIES = 1_000_000


def decode(storage: Storage, octets: bytes) -> np.ndarray:
    """The storage as a flat, read-only array in this machine's byte order."""
    raw = np.frombuffer(octets, storage.kind.dtype, storage.count)
    array = storage.kind.decode(raw) if storage.kind.decode else raw
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    array.flags.writeable = False
    return array


def view(name: str, tensor: Tensor, flat: np.ndarray) -> np.ndarray:
    """The tensor as a view of its storage, after proof that it lies inside it.

    A tensor of more items than its storage (`expand`) is refused too: a few bytes of file could
    otherwise ask for any amount of memory as soon as somebody copies the array.
    """
    items = math.prod(tensor.shape)
    reach = sum((n - 1) * step for n, step in zip(tensor.shape, tensor.strides, strict=True))
    if items > flat.size:
        raise Refused(f"tensor {quote(name)} claims {items:,} items of a storage of {flat.size:,}")
    if items and tensor.offset + reach >= flat.size:
        raise Refused(f"tensor {quote(name)} reaches outside its storage of {flat.size:,} items")
    if not items:
        return np.empty(tensor.shape, flat.dtype)
    steps = tuple(step * flat.itemsize for step in tensor.strides)
    return np.lib.stride_tricks.as_strided(flat[tensor.offset :], tensor.shape, steps)


def flatten(content: dict) -> Iterator[tuple[str, Tensor]]:
    """Names and tensors; a pickle may hold itself, or one list a million times: both end here."""
    entries = [0]

    def walk(value: object, name: str, depth: int) -> Iterator[tuple[str, Tensor]]:
        entries[0] += 1
        if depth > _DEPTH or entries[0] > _ENTRIES:
            raise Refused("its dictionaries are nested without end")
        if isinstance(value, Tensor):
            yield name, value
        elif isinstance(value, dict | list | tuple):
            for key, item in value.items() if isinstance(value, dict) else enumerate(value):
                if type(key) not in (str, int):
                    raise Refused("a dictionary in it has a key that is no name")
                yield from walk(item, f"{name}.{key}" if name else str(key), depth + 1)

    return walk(content, "", 0)
