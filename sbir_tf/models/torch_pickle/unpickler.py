"""The second wall: an unpickler that knows no class, function or module of Python's."""

import io
import pickle
from typing import Any

from sbir_tf.models.torch_pickle.known_globals import are_counts, find_global
from sbir_tf.models.torch_pickle.opcodes import check_opcodes
from sbir_tf.models.torch_pickle.refusals import Refused, quote
from sbir_tf.models.torch_pickle.sealed import Sealed, Storage, StorageType


def load(stream: io.BytesIO, storages: dict[str, Storage]) -> Any:
    """Loads one pickle and leaves the stream behind it; `storages` gathers what it names."""
    start = stream.tell()
    check_opcodes(stream)
    pickled = bytes(stream.getbuffer()[start : stream.tell()])
    return Unpickler(pickled, storages).load()


class Unpickler(pickle.Unpickler):
    def __init__(self, pickled: bytes, storages: dict[str, Storage]) -> None:
        super().__init__(io.BytesIO(pickled), encoding="utf-8")
        self._storages = storages

    def find_class(self, module: str, name: str) -> Sealed:
        return find_global(module, name)

    def persistent_load(self, pid: Any) -> Storage:
        """`("storage", type, key, device, count)`, in the legacy format with a None behind it."""
        if type(pid) is not tuple or len(pid) not in (5, 6) or pid[5:] not in ((), (None,)):
            raise Refused("it refers to something that is no plain storage")
        tag, kind, key, _, count = pid[:5]
        if not (tag == "storage" and isinstance(kind, StorageType) and type(key) is str):
            raise Refused("it refers to something that is no plain storage")
        if not are_counts((count,)):
            raise Refused(f"storage {quote(key)} has a size that is no whole number")
        known = self._storages.setdefault(key, Storage(kind, key, count))
        if (known.kind, known.count) != (kind, count):
            raise Refused(f"storage {quote(key)} is described twice, in two ways")
        return known
