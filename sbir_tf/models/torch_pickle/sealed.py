"""The only objects, beside plain values, that a pickle gets to hold: it cannot change them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sbir_tf.models.torch_pickle.refusals import Refused


class Sealed:
    """An object that a pickle may hold and may not change."""

    def __setstate__(self, state: object) -> None:
        raise Refused("it tries to change the reader's own objects (pickle instruction BUILD)")


# None of these may be a dataclass with both frozen and slots: that one writes a `__setstate__`
# of its own, which sets any attribute it is told to. Identity is equality, so no hash descends.
@dataclass(frozen=True, eq=False)
class Function(Sealed):
    call: Callable[..., object]

    def __call__(self, *arguments: object) -> object:
        return self.call(*arguments)


@dataclass(frozen=True, eq=False)
class StorageType(Sealed):
    dtype: str  # as it lies in the file, little-endian
    decode: Callable[[np.ndarray], np.ndarray] | None = None


@dataclass(frozen=True, eq=False)
class Storage(Sealed):
    kind: StorageType
    key: str
    count: int

    @property
    def nbytes(self) -> int:
        return self.count * np.dtype(self.kind.dtype).itemsize


@dataclass(frozen=True, eq=False)
class Tensor(Sealed):
    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class StateDict(dict):
    __slots__ = ()

    def __setstate__(self, state: object) -> None:
        """Drops PyTorch's `_metadata`, the one thing that it sets on a state dict."""
