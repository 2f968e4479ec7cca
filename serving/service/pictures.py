"""Indexed pictures by their ids, and small ones of them."""

import hashlib
import threading
from collections import OrderedDict
from io import BytesIO
from pathlib import Path, PurePosixPath

from PIL import Image

from pictures import PictureError, read_bytes, read_picture
from serving.service.asking import Picture
from serving.service.errors import NotFound

# First bytes -> media type, and the ending of a file's name.
_KINDS = {
    b"\x89PNG": ("image/png", ".png"),
    b"\xff\xd8\xff": ("image/jpeg", ".jpg"),
    b"GIF8": ("image/gif", ".gif"),
    b"RIFF": ("image/webp", ".webp"),
    b"BM": ("image/bmp", ".bmp"),
}


def kind_of(data: bytes) -> tuple[str, str] | None:
    """A picture's media type and the ending of its file's name, by its first bytes."""
    return next((kind for magic, kind in _KINDS.items() if data.startswith(magic)), None)


def file_of(name: str, folders: list[Path]) -> Path:
    """The file of an indexed picture, in the first folder that has it.

    Only a regular file below the folder itself counts: neither a link nor `..` leads anywhere.

    Args:
        name: the id.
        folders: where pictures are.

    Raises:
        NotFound: there is no such file.
    """
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts or "\0" in name:
        raise missing(name)
    for folder in folders:
        path = folder.joinpath(*parts)
        steps = [folder.joinpath(*parts[:depth]) for depth in range(1, len(parts) + 1)]
        try:
            if path.is_file() and not any(step.is_symlink() for step in steps):
                return path
        except OSError:  # a name that no file can have
            continue
    raise missing(name)


def missing(name: str) -> NotFound:
    """The error about an id."""
    return NotFound(f"there is no picture {name!r:.120}", "id")


def read_file(name: str, path: Path) -> Picture:
    """A picture's file, as it is."""
    try:
        data = read_bytes(path)
    except PictureError as error:
        raise missing(name) from error
    kind = kind_of(data)
    if kind is None:  # nothing else was indexed, and nothing else leaves
        raise missing(name)
    return _picture(data, kind[0])


def _picture(data: bytes, media_type: str) -> Picture:
    return Picture(data, media_type, hashlib.sha256(data).hexdigest()[:32])


class Thumbs:
    """Small pictures, the newest kept in memory.

    Args:
        side: the longest, pixels.
        room: bytes that are kept.
        pixels: width x height of a picture that is decoded.
    """

    def __init__(self, side: int, room: int, pixels: int):
        self._side, self._room, self._pixels = side, room, pixels
        self._kept: OrderedDict[tuple, Picture] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def of(self, name: str, path: Path) -> Picture:
        """The small picture of a file.

        Raises:
            NotFound: the file is gone, or cannot be read.
        """
        try:
            status = path.stat()
            key = (name, status.st_mtime_ns, status.st_size)
            with self._lock:
                if key in self._kept:
                    self._kept.move_to_end(key)
                    return self._kept[key]
            rgb = read_picture(path, longest=self._side, max_pixels=self._pixels)
        except (OSError, PictureError) as error:
            raise missing(name) from error
        file, kind = BytesIO(), "PNG" if _is_flat(rgb) else "JPEG"
        Image.fromarray(rgb).save(file, kind, quality=85)
        picture = _picture(file.getvalue(), f"image/{kind.lower()}")
        self._keep(key, picture)
        return picture

    def _keep(self, key: tuple, picture: Picture) -> None:
        with self._lock:
            if key in self._kept:
                return
            self._kept[key] = picture
            self._bytes += len(picture.data)
            while self._bytes > self._room and self._kept:
                self._bytes -= len(self._kept.popitem(last=False)[1].data)


def _is_flat(rgb) -> bool:
    """Whether a picture is drawn rather than photographed: few of its pixels differ."""
    return len({bytes(pixel) for pixel in rgb[::4, ::4].reshape(-1, 3)}) < 64
