"""The files of pictures that were added through the service."""

import hashlib
import os
from pathlib import Path

from serving.files import write_atomically
from serving.index.validate import id_problem
from serving.service.errors import Full, Invalid
from serving.service.pictures import file_of, kind_of


class Uploads:
    """A folder of added pictures, by their ids.

    Args:
        folder: made where it is not there.
        room: bytes of all pictures together.
    """

    def __init__(self, folder: Path, room: int):
        self.folder, self._room = folder, room
        folder.mkdir(parents=True, exist_ok=True)
        self._used = sum(
            (Path(place) / name).stat().st_size
            for place, _, names in os.walk(folder)
            for name in names
        )

    def name_for(self, data: bytes, metadata: dict) -> str:
        """An id made of a picture's content, in a folder of its class."""
        _, ending = kind_of(data) or ("", "")
        name = hashlib.sha256(data).hexdigest()[:32] + ending
        shown = str(metadata.get("class", "")).replace("/", "_").strip(". ")
        return f"{shown or 'added'}/{name}"

    def check(self, name: str, size: int) -> None:
        """Refuses an id that no file can have, and what does not fit.

        Raises:
            Invalid, Full.
        """
        problem = id_problem(name)
        parts = name.split("/")
        if not problem and any(part in ("", ".", "..") or part.startswith(".") for part in parts):
            problem = "an id is like folder/file.png: no part of it is empty or begins with a dot"
        if not problem and any(len(part.encode()) > 200 for part in parts):
            problem = "a part of an id has 200 bytes at most"
        if problem:
            raise Invalid(f"{problem}. Received: {name!r:.120}", "id")
        if self._used + size > self._room:
            raise Full(f"no room for more pictures: {self._room} bytes are used", "picture")

    def write(self, name: str, data: bytes) -> None:
        """Writes a picture's file; on the disk when it returns."""
        path = self.folder.joinpath(*name.split("/"))
        before = path.stat().st_size if path.is_file() else 0
        try:
            write_atomically(path, data)
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            raise Invalid(f"an id lies in another picture's. Received: {name!r:.120}", "id") from (
                error
            )
        self._used += len(data) - before

    def discard(self, name: str) -> None:
        """Removes a picture's file, if it is here."""
        try:
            path = file_of(name, [self.folder])
        except ValueError:
            return
        size = path.stat().st_size
        path.unlink(missing_ok=True)
        self._used -= size
