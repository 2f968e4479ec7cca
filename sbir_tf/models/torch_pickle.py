"""PyTorch state dicts, read without PyTorch and without running anything that is in them.

A `.pth` file is a pickle, and a pickle is a program: loaded freely it may do whatever it likes.
Three walls stand between the file and the machine:

1. `_check_opcodes` reads the pickle as data, before it is loaded. Only the instructions that a
   state dict is made of pass: no class is instantiated, nothing is taken from the extension
   registry (`EXT*` would not ask `find_class`), and no number in it can make the stdlib's
   unpickler allocate more than the file's own size or hash a bottomless tuple.
2. `_Unpickler.find_class` knows the dozen names in `_GLOBALS` and answers with objects of this
   file. No class, function or module of Python's is ever on the unpickler's stack.
3. Those objects are sealed: `BUILD`, which sets attributes on whatever it finds, gets an error.

What comes out are descriptions of tensors. They are checked against the storages, and the
storages against the file's size, before any memory is asked for.
"""

import io
import math
import os
import pickle
import pickletools
import struct
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from sbir_tf.errors import UserError

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_VERSION = 1001
_ZIP_MAGIC = b"PK\x03\x04"
_PICKLE_BYTES = 8 << 20  # a tensor takes about 150 bytes of pickle: room for 50,000
_TUPLE_ITEMS = 1_000  # the largest tuple of a state dict has about ten, counted all the way down
_DEPTH = 16
_ENTRIES = 1_000_000
_DIMENSIONS = 32  # NumPy's own limit

# fmt: off
_OPCODES = {
    "PROTO", "FRAME", "STOP", "MARK", "NONE", "NEWTRUE", "NEWFALSE",
    "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT",
    "BINUNICODE", "SHORT_BINUNICODE", "BINSTRING", "SHORT_BINSTRING",
    "EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "EMPTY_LIST", "APPEND", "APPENDS",
    "EMPTY_DICT", "SETITEM", "SETITEMS",
    "BINPUT", "LONG_BINPUT", "MEMOIZE", "BINGET", "LONG_BINGET",
    "GLOBAL", "STACK_GLOBAL", "REDUCE", "BUILD", "BINPERSID",
}
# fmt: on

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


class _Refused(Exception):
    """Why a file was not read; `read_torch` puts the file's name in front."""


class _Sealed:
    """An object that a pickle may hold and may not change."""

    def __setstate__(self, state: object) -> None:
        raise _Refused("it tries to change the reader's own objects (pickle instruction BUILD)")


# None of these may be a dataclass with both frozen and slots: that one writes a `__setstate__`
# of its own, which sets any attribute it is told to. Identity is equality, so no hash descends.
@dataclass(frozen=True, eq=False)
class _Function(_Sealed):
    call: Callable[..., object]

    def __call__(self, *arguments: object) -> object:
        return self.call(*arguments)


@dataclass(frozen=True, eq=False)
class _StorageType(_Sealed):
    dtype: str  # as it lies in the file, little-endian
    decode: Callable[[np.ndarray], np.ndarray] | None = None


@dataclass(frozen=True, eq=False)
class _Storage(_Sealed):
    kind: _StorageType
    key: str
    count: int

    @property
    def nbytes(self) -> int:
        return self.count * np.dtype(self.kind.dtype).itemsize


@dataclass(frozen=True, eq=False)
class _Tensor(_Sealed):
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _StateDict(dict):
    __slots__ = ()

    def __setstate__(self, state: object) -> None:
        """Drops PyTorch's `_metadata`, the one thing that it sets on a state dict."""


def _state_dict(pairs: object = ()) -> _StateDict:
    result = _StateDict()
    if type(pairs) not in (list, tuple):
        raise _Refused("an OrderedDict in it is not made of pairs")
    for pair in pairs:  # written by Python 2
        if type(pair) not in (list, tuple) or len(pair) != 2 or type(pair[0]) not in (str, int):
            raise _Refused("an OrderedDict in it is not made of pairs of a name and a value")
        result[pair[0]] = pair[1]
    return result


def _counts(value: object) -> bool:
    return type(value) is tuple and all(type(item) is int and item >= 0 for item in value)


def _tensor(storage: object, offset: object, shape: object, strides: object, *_: object) -> _Tensor:
    """`_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks, metadata)`."""
    if not isinstance(storage, _Storage):
        raise _Refused("a tensor in it has no storage")
    if not (_counts((offset,)) and _counts(shape) and _counts(strides)):
        raise _Refused("a tensor in it has an offset, shape or strides that are no whole numbers")
    if len(shape) != len(strides) or len(shape) > _DIMENSIONS:
        raise _Refused(f"a tensor in it has {len(shape)} dimensions and {len(strides)} strides")
    return _Tensor(storage, offset, shape, strides)


def _parameter(tensor: object, *_: object) -> _Tensor:
    """`_rebuild_parameter(data, requires_grad, hooks)`."""
    if not isinstance(tensor, _Tensor):
        raise _Refused("a parameter in it is not a tensor")
    return tensor


def _from_bfloat16(bits: np.ndarray) -> np.ndarray:
    return (bits.astype("<u4") << np.uint32(16)).view("<f4")


def _from_bool(octets: np.ndarray) -> np.ndarray:
    return octets != 0  # a NumPy bool of any other byte than 0 and 1 misbehaves


_GLOBALS: dict[tuple[str, str], _Sealed] = {
    ("collections", "OrderedDict"): _Function(_state_dict),
    ("torch._utils", "_rebuild_tensor"): _Function(_tensor),
    ("torch._utils", "_rebuild_tensor_v2"): _Function(_tensor),
    ("torch._utils", "_rebuild_parameter"): _Function(_parameter),
    ("torch", "DoubleStorage"): _StorageType("<f8"),
    ("torch", "FloatStorage"): _StorageType("<f4"),
    ("torch", "HalfStorage"): _StorageType("<f2"),
    ("torch", "BFloat16Storage"): _StorageType("<u2", _from_bfloat16),
    ("torch", "LongStorage"): _StorageType("<i8"),
    ("torch", "IntStorage"): _StorageType("<i4"),
    ("torch", "ShortStorage"): _StorageType("<i2"),
    ("torch", "CharStorage"): _StorageType("i1"),
    ("torch", "ByteStorage"): _StorageType("u1"),
    ("torch", "BoolStorage"): _StorageType("u1", _from_bool),
}


def read_torch(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """Reads the tensors of a PyTorch state dict, in the zip format or the legacy one.

    Nothing in the file is run: see the head of this module. Dictionaries and lists inside the
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
        except _Refused as refusal:
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
    content, data = (_read_zip if is_zip else _read_legacy)(file, size)
    if not isinstance(content, dict):
        raise _Refused("it holds no state dict. Save one with torch.save(model.state_dict(), ...)")
    names = set()
    for name, tensor in _flatten(content):
        if name in names:
            raise _Refused(f"two tensors in it are called {_quote(name)}")
        names.add(name)
        yield name, _view(name, tensor, data[tensor.storage.key])
    if not names:
        raise _Refused("it holds no tensor")


def _read_legacy(file: BinaryIO, size: int) -> tuple[object, dict[str, np.ndarray]]:
    """Five pickles (magic, version, system, the object, storage keys), then the storages."""
    head = io.BytesIO(file.read(min(size, _PICKLE_BYTES)))
    if _load(head, {}) != _LEGACY_MAGIC:
        raise _Refused("not a PyTorch file (no magic number)")
    if (version := _load(head, {})) != _LEGACY_VERSION:
        raise _Refused(f"it has a legacy format other than {_LEGACY_VERSION}: {_quote(version)}")
    _load(head, {})
    storages: dict[str, _Storage] = {}
    content, keys = _load(head, storages), _load(head, {})
    if type(keys) is not list or not all(type(key) is str for key in keys):
        raise _Refused("its list of storages is not a list of names")
    if len(keys) != len(storages) or set(keys) != set(storages):
        raise _Refused("its list of storages and its tensors do not agree")
    file.seek(head.tell())
    return content, {key: _legacy_storage(file, size, storages[key]) for key in keys}


def _legacy_storage(file: BinaryIO, size: int, storage: _Storage) -> np.ndarray:
    _check_room(storage, size - file.tell() - 8)
    written = int.from_bytes(file.read(8), "little", signed=True)
    if written != storage.count:
        raise _Refused(
            f"storage {_quote(storage.key)} should have {storage.count} items and has {written}"
        )
    return _decode(storage, file.read(storage.nbytes))


def _read_zip(file: BinaryIO, size: int) -> tuple[object, dict[str, np.ndarray]]:
    """`<any>/data.pkl` is the object, `<any>/data/<key>` its storages, none of them compressed."""
    with zipfile.ZipFile(file) as archive:
        names = [n for n in archive.namelist() if n.count("/") == 1 and n.endswith("/data.pkl")]
        if len(names) != 1:
            raise _Refused(f"a zip file with {len(names)} data.pkl inside, not a PyTorch file")
        root = names[0].removesuffix("data.pkl")
        if root + "byteorder" in archive.namelist():  # since PyTorch 2.1; before it, always little
            order = _member(archive, root + "byteorder", 16)
            if order != b"little":
                raise _Refused("it was written on a big-endian machine. Save it again on another")
        storages: dict[str, _Storage] = {}
        content = _load(io.BytesIO(_member(archive, names[0], _PICKLE_BYTES)), storages)
        _check_total(storages, size)
        data = {key: _zip_storage(archive, root, storage) for key, storage in storages.items()}
    return content, data


def _zip_storage(archive: zipfile.ZipFile, root: str, storage: _Storage) -> np.ndarray:
    octets = _member(archive, f"{root}data/{storage.key}", storage.nbytes)
    _check_room(storage, len(octets))
    return _decode(storage, octets)


def _member(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    """A member's bytes: its size is bounded before it is read, its checksum afterwards."""
    try:
        member = archive.getinfo(name)
    except KeyError:
        raise _Refused(f"its part {_quote(name)} is missing") from None
    if member.compress_type != zipfile.ZIP_STORED or member.file_size != member.compress_size:
        raise _Refused(f"its part {_quote(name)} is compressed, which PyTorch never does")
    if member.header_offset < 0:
        raise _Refused(f"damaged: its part {_quote(name)} lies outside the file")
    if member.file_size > limit:
        raise _Refused(
            f"its part {_quote(name)} claims {member.file_size:,} bytes of at most {limit:,}"
        )
    return archive.read(member)


def _check_total(storages: dict[str, _Storage], size: int) -> None:
    total = sum(storage.nbytes for storage in storages.values())
    if total > size:
        raise _Refused(f"it claims {total:,} bytes of tensors in a file of {size:,}")


def _check_room(storage: _Storage, room: int) -> None:
    if storage.nbytes > room:
        raise _Refused(
            f"cut short: storage {_quote(storage.key)} claims {storage.nbytes:,} bytes and "
            f"{max(room, 0):,} are left"
        )


def _decode(storage: _Storage, octets: bytes) -> np.ndarray:
    """The storage as a flat, read-only array in this machine's byte order."""
    raw = np.frombuffer(octets, storage.kind.dtype, storage.count)
    array = storage.kind.decode(raw) if storage.kind.decode else raw
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    array.flags.writeable = False
    return array


def _view(name: str, tensor: _Tensor, flat: np.ndarray) -> np.ndarray:
    """The tensor as a view of its storage, after proof that it lies inside it.

    A tensor of more items than its storage (`expand`) is refused too: a few bytes of file could
    otherwise ask for any amount of memory as soon as somebody copies the array.
    """
    items = math.prod(tensor.shape)
    reach = sum((n - 1) * step for n, step in zip(tensor.shape, tensor.strides, strict=True))
    if items > flat.size:
        raise _Refused(
            f"tensor {_quote(name)} claims {items:,} items of a storage of {flat.size:,}"
        )
    if items and tensor.offset + reach >= flat.size:
        raise _Refused(f"tensor {_quote(name)} reaches outside its storage of {flat.size:,} items")
    if not items:
        return np.empty(tensor.shape, flat.dtype)
    steps = tuple(step * flat.itemsize for step in tensor.strides)
    return np.lib.stride_tricks.as_strided(flat[tensor.offset :], tensor.shape, steps)


def _flatten(content: dict) -> Iterator[tuple[str, _Tensor]]:
    """Names and tensors; a pickle may hold itself, or one list a million times: both end here."""
    entries = [0]

    def walk(value: object, name: str, depth: int) -> Iterator[tuple[str, _Tensor]]:
        entries[0] += 1
        if depth > _DEPTH or entries[0] > _ENTRIES:
            raise _Refused("its dictionaries are nested without end")
        if isinstance(value, _Tensor):
            yield name, value
        elif isinstance(value, dict | list | tuple):
            for key, item in value.items() if isinstance(value, dict) else enumerate(value):
                if type(key) not in (str, int):
                    raise _Refused("a dictionary in it has a key that is no name")
                yield from walk(item, f"{name}.{key}" if name else str(key), depth + 1)

    return walk(content, "", 0)


def _load(stream: io.BytesIO, storages: dict[str, _Storage]) -> Any:
    """Loads one pickle and leaves the stream behind it; `storages` gathers what it names."""
    start = stream.tell()
    _check_opcodes(stream)
    pickled = bytes(stream.getbuffer()[start : stream.tell()])
    return _Unpickler(pickled, storages).load()


class _Unpickler(pickle.Unpickler):
    def __init__(self, pickled: bytes, storages: dict[str, _Storage]) -> None:
        super().__init__(io.BytesIO(pickled), encoding="utf-8")
        self._storages = storages

    def find_class(self, module: str, name: str) -> _Sealed:
        return _find_global(module, name)

    def persistent_load(self, pid: Any) -> _Storage:
        """`("storage", type, key, device, count)`, in the legacy format with a None behind it."""
        if type(pid) is not tuple or len(pid) not in (5, 6) or pid[5:] not in ((), (None,)):
            raise _Refused("it refers to something that is no plain storage")
        tag, kind, key, _, count = pid[:5]
        if not (tag == "storage" and isinstance(kind, _StorageType) and type(key) is str):
            raise _Refused("it refers to something that is no plain storage")
        if not _counts((count,)):
            raise _Refused(f"storage {_quote(key)} has a size that is no whole number")
        known = self._storages.setdefault(key, _Storage(kind, key, count))
        if (known.kind, known.count) != (kind, count):
            raise _Refused(f"storage {_quote(key)} is described twice, in two ways")
        return known


def _find_global(module: str, name: str) -> _Sealed:
    try:
        return _GLOBALS[module, name]
    except KeyError:
        raise _Refused(
            f"it asks for the Python object {_quote(f'{module}.{name}')}, which a state dict does "
            "not need and which could be harmful; nothing was run. If you trust its author, ask "
            "for a file saved with torch.save(model.state_dict(), ...)"
        ) from None


def _check_opcodes(stream: io.BytesIO) -> None:
    """Reads one pickle as data and refuses whatever a state dict does not need.

    It follows the stack only as far as to know how many items hashing each tuple would visit:
    tuples of tuples double with every instruction, and a deep one overflows the C stack.
    """
    sizes: list[int] = []
    marks: list[int] = []
    memo: dict[int, int] = {}
    for opcode, argument, position in pickletools.genops(stream):
        name = opcode.name
        if name in ("GLOBAL", "INST"):
            _find_global(*str(argument).split(" ", 1))
        if name not in _OPCODES:
            raise _Refused(f"it uses the pickle instruction {name}, which no state dict needs")
        if name in ("BINPUT", "LONG_BINPUT", "MEMOIZE"):
            index = len(memo) if argument is None else argument
            # The unpickler's memo is an array: one large index would allocate gigabytes.
            if index > position:
                raise _Refused("it numbers its objects higher than it can have any")
            memo[index] = sizes[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            sizes.append(memo[argument])
        elif name == "MARK":
            marks.append(len(sizes))
        else:
            _follow(opcode, sizes, marks)


def _follow(opcode: pickletools.OpcodeInfo, sizes: list[int], marks: list[int]) -> None:
    """Takes from the stack of sizes what an instruction takes, and puts there what it puts."""
    before = opcode.stack_before
    if pickletools.markobject in before:
        start = marks.pop() - before.index(pickletools.markobject)
    else:
        start = len(sizes) - len(before)
    if start < 0:
        raise _Refused("damaged: a pickle instruction finds nothing to work on")
    taken = sum(sizes[start:]) if opcode.name.startswith("TUPLE") else 0
    if taken > _TUPLE_ITEMS:
        raise _Refused("it holds tuples of tuples without end")
    del sizes[start:]
    sizes.extend(1 + taken for _ in opcode.stack_after)


def _quote(value: object) -> str:
    """For messages: text of a file that is not trusted, on one line and short."""
    return ascii(value[:100] if isinstance(value, str) else type(value).__name__)
