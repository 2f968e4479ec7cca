"""Pictures added to an index and removed from it, one change at a time."""

import asyncio
import threading
from contextlib import suppress
from typing import Any

import numpy as np

from serving.errors import ServingError
from serving.index import Index
from serving.index.classes import class_of
from serving.index.validate import check_metadata
from serving.service.errors import Conflict, Forbidden, IndexUnavailable, Invalid
from serving.service.pictures import missing
from serving.service.uploads import Uploads


class Changes:
    """Keeps an index and the files of added pictures in step.

    A file is written before its picture is in the index, and removed after: a killed process
    leaves, at worst, a file that nobody was told of and that its next upload replaces.

    Args:
        index: open for writing, where `uploads` is given.
        uploads: the files; `None` refuses every change.
        save_after: changes, after which a new generation is made, beside the searches.
    """

    def __init__(self, index: Index, uploads: Uploads | None, save_after: int):
        self._index, self._uploads, self._save_after = index, uploads, save_after
        self._one = threading.Lock()
        self._count = 0
        self._saving: threading.Thread | None = None

    @property
    def possible(self) -> bool:
        """Whether there can be any."""
        return self._uploads is not None

    def check(self, name: str | None, data: bytes, metadata: dict[str, Any]) -> str:
        """Refuses what could not be added; returns the id.

        Raises:
            ServiceError: names the field.
        """
        uploads = self._there()
        try:
            check_metadata([metadata], 1)
        except ServingError as error:
            raise Invalid(str(error), "metadata") from error
        name = uploads.name_for(data, metadata) if name is None else name
        uploads.check(name, len(data))
        return name

    async def add(
        self, name: str, data: bytes, embedding: np.ndarray, metadata: dict[str, Any]
    ) -> None:
        """Adds a picture that was checked."""
        await asyncio.to_thread(self._add, name, data, embedding, metadata)

    async def remove(self, name: str) -> bool:
        """Removes a picture; whether it was there."""
        self._there()
        return await asyncio.to_thread(self._remove, name)

    def close(self) -> None:
        """Waits for a generation that is being made."""
        if self._saving is not None:
            self._saving.join()

    def _add(self, name: str, data: bytes, embedding: np.ndarray, metadata: dict) -> None:
        shown = class_of(name)
        metadata = ({"class": shown} if shown else {}) | metadata
        with self._one:
            try:
                if self._index.get([name])[0] is not None:
                    raise Conflict(f"there is a picture {name!r:.120} already", "id")
                self._there().write(name, data)
                self._index.add([name], embedding[None], [metadata])
            except Conflict:
                raise
            except (ServingError, OSError) as error:
                if isinstance(error, Invalid):
                    raise
                self._there().discard(name)
                raise IndexUnavailable("the picture could not be added") from error
            self._changed()

    def _remove(self, name: str) -> bool:
        with self._one:
            try:
                removed = self._index.remove([name]) > 0
            except (ServingError, OSError) as error:
                raise IndexUnavailable("the picture could not be removed") from error
            if not removed:
                raise missing(name)
            self._there().discard(name)
            self._changed()
        return removed

    def _changed(self) -> None:
        self._count += 1
        if self._count >= self._save_after and not (self._saving and self._saving.is_alive()):
            self._count = 0
            self._saving = threading.Thread(target=self._save, name="new generation")
            self._saving.start()

    def _save(self) -> None:
        with suppress(ServingError, OSError):  # the changes are durable without; the next one tries
            self._index.save()

    def _there(self) -> Uploads:
        if self._uploads is None:
            raise Forbidden("this service does not add or remove pictures")
        return self._uploads
