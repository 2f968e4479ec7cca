"""The two formats of PyTorch files: where the pickle lies in them, and where the storages."""

import io
import zipfile
from typing import BinaryIO

import numpy as np

from sbir_tf.models.torch_pickle.refusals import Refused, quote
from sbir_tf.models.torch_pickle.sealed import Storage
from sbir_tf.models.torch_pickle.tensors import decode
from sbir_tf.models.torch_pickle.unpickler import load

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_VERSION = 1001
_PICKLE_BYTES = 8 << 20  # a tensor takes about 150 bytes of pickle: room for 50,000


def read_legacy(file: BinaryIO, size: int) -> tuple[object, dict[str, np.ndarray]]:
    """Five pickles (magic, version, system, the object, storage keys), then the storages."""
    head = io.BytesIO(file.read(min(size, _PICKLE_BYTES)))
    if load(head, {}) != _LEGACY_MAGIC:
        raise Refused("not a PyTorch file (no magic number)")
    if (version := load(head, {})) != _LEGACY_VERSION:
        raise Refused(f"it has a legacy format other than {_LEGACY_VERSION}: {quote(version)}")
    load(head, {})
    storages: dict[str, Storage] = {}
    content, keys = load(head, storages), load(head, {})
    if type(keys) is not list or not all(type(key) is str for key in keys):
        raise Refused("its list of storages is not a list of names")
    if len(keys) != len(storages) or set(keys) != set(storages):
        raise Refused("its list of storages and its tensors do not agree")
    file.seek(head.tell())
    return content, {key: _legacy_storage(file, size, storages[key]) for key in keys}


def _legacy_storage(file: BinaryIO, size: int, storage: Storage) -> np.ndarray:
    _check_room(storage, size - file.tell() - 8)
    written = int.from_bytes(file.read(8), "little", signed=True)
    if written != storage.count:
        raise Refused(
            f"storage {quote(storage.key)} should have {storage.count} items and has {written}"
        )
    return decode(storage, file.read(storage.nbytes))


def read_zip(file: BinaryIO, size: int) -> tuple[object, dict[str, np.ndarray]]:
    """`<any>/data.pkl` is the object, `<any>/data/<key>` its storages, none of them compressed."""
    with zipfile.ZipFile(file) as archive:
        names = [n for n in archive.namelist() if n.count("/") == 1 and n.endswith("/data.pkl")]
        if len(names) != 1:
            raise Refused(f"a zip file with {len(names)} data.pkl inside, not a PyTorch file")
        root = names[0].removesuffix("data.pkl")
        if root + "byteorder" in archive.namelist():  # since PyTorch 2.1; before it, always little
            order = _member(archive, root + "byteorder", 16)
            if order != b"little":
                raise Refused("it was written on a big-endian machine. Save it again on another")
        storages: dict[str, Storage] = {}
        content = load(io.BytesIO(_member(archive, names[0], _PICKLE_BYTES)), storages)
        _check_total(storages, size)
        data = {key: _zip_storage(archive, root, storage) for key, storage in storages.items()}
    return content, data


def _zip_storage(archive: zipfile.ZipFile, root: str, storage: Storage) -> np.ndarray:
    octets = _member(archive, f"{root}data/{storage.key}", storage.nbytes)
    _check_room(storage, len(octets))
    return decode(storage, octets)


def _member(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    """A member's bytes: its size is bounded before it is read, its checksum afterwards."""
    try:
        member = archive.getinfo(name)
    except KeyError:
        raise Refused(f"its part {quote(name)} is missing") from None
    if member.compress_type != zipfile.ZIP_STORED or member.file_size != member.compress_size:
        raise Refused(f"its part {quote(name)} is compressed, which PyTorch never does")
    if member.header_offset < 0:
        raise Refused(f"damaged: its part {quote(name)} lies outside the file")
    if member.file_size > limit:
        raise Refused(
            f"its part {quote(name)} claims {member.file_size:,} bytes of at most {limit:,}"
        )
    return archive.read(member)


def _check_total(storages: dict[str, Storage], size: int) -> None:
    total = sum(storage.nbytes for storage in storages.values())
    if total > size:
        raise Refused(f"it claims {total:,} bytes of tensors in a file of {size:,}")


def _check_room(storage: Storage, room: int) -> None:
    if storage.nbytes > room:
        raise Refused(
            f"cut short: storage {quote(storage.key)} claims {storage.nbytes:,} bytes and "
            f"{max(room, 0):,} are left"
        )
