"""The service: drawings and pictures in, pictures out; whoever speaks to it, by whatever protocol.

Everything slow runs in threads: pictures are read by a pool, encoded by the batcher's thread,
looked for by another pool. The event loop only passes them on. A request that meets no other is
answered by one thread.
"""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from serving.encoders import Encoder, Unavailable
from serving.errors import ServingError
from serving.index import Index
from serving.service.admission import Gate
from serving.service.asking import Found, FoundHit, Picture, Query, Reason
from serving.service.batching import Batcher
from serving.service.changes import Changes
from serving.service.checking import check_query
from serving.service.errors import EncoderUnavailable, IndexUnavailable, Late, ServiceError
from serving.service.finding import Clock, find
from serving.service.limits import Limits
from serving.service.metrics import Metrics
from serving.service.pictures import Thumbs, file_of, missing, read_file
from serving.service.reading import read_drawing, read_photo
from serving.service.skew import SkewLog
from serving.service.standing import Standing
from serving.service.uploads import Uploads

_THREADS = 2  # that read pictures, as many that search, and as many that show them


class SearchService:
    """Searches an index by what an encoder makes of drawings and pictures.

    Args:
        encoder: an encoder, or what opens one and may raise `Unavailable` until it is there.
        index: open; closed with the service. It is changed only with `uploads`.
        limits: how much one may ask.
        pictures: the folder of the indexed pictures, or `None`: then none are shown.
        uploads: the folder of pictures that are added; `None` adds none.
        skew: logs what is asked.

    Attributes:
        limits: those.
        metrics: what is counted.
    """

    def __init__(
        self,
        encoder: Encoder | Callable[[], Encoder],
        index: Index,
        *,
        limits: Limits | None = None,
        pictures: Path | None = None,
        uploads: Path | None = None,
        skew: SkewLog | None = None,
    ):
        self.limits, self.metrics = limits or Limits(), Metrics()
        self._index, self._skew = index, skew
        opening = encoder if not hasattr(encoder, "encode") else lambda: encoder
        self._standing = Standing(index, opening)
        self._gate = Gate(self.limits, self.metrics)
        self._reading = ThreadPoolExecutor(_THREADS, "reading")
        self._searching = ThreadPoolExecutor(_THREADS, "searching")
        # A page asks for dozens of small pictures: no search waits behind them.
        self._showing = ThreadPoolExecutor(_THREADS, "showing")
        self._batcher = Batcher(
            self._standing.encoder, self.limits.batch, self.limits.wait, self.metrics
        )
        kept = None if uploads is None else Uploads(uploads, self.limits.uploads)
        self._changes = Changes(index, kept, self.limits.save_after)
        self._folders = [folder for folder in (uploads, pictures) if folder is not None]
        self._thumbs = Thumbs(self.limits.thumb, self.limits.thumbs, self.limits.pixels)

    @property
    def writing(self) -> bool:
        """Whether pictures can be added and removed."""
        return self._changes.possible

    async def start(self) -> None:
        """Opens the encoder; without it the service starts, and is not ready.

        Raises:
            ServingError: it is no encoder, or not the one that the index was built by.
        """
        await asyncio.to_thread(self._standing.start)

    async def close(self) -> None:
        """Ends; what was admitted is to have been answered."""
        await asyncio.to_thread(self._batcher.close)
        for pool in (self._reading, self._searching, self._showing):
            pool.shutdown()
        await asyncio.to_thread(self._changes.close)
        await asyncio.to_thread(self._standing.close)
        if self._skew is not None:
            await asyncio.to_thread(self._skew.close)
        self._index.close()

    async def search(self, query: Query) -> Found:
        """Answers a search.

        Cancelled, it takes back what has not begun.

        Raises:
            ServiceError: see `errors`.
        """
        with self._counted():
            check_query(query, self.limits)
            with self._gate.admitted():
                return await self._in_time(query, alone=self._gate.inside == 1)

    async def search_many(self, queries: list[Query]) -> list[Found | ServiceError]:
        """Answers several searches, admitted as one; an error takes the place of its answer."""
        with self._counted(), self._gate.admitted(typical=False):
            return await asyncio.gather(*map(self._answer_or_error, queries))

    async def _answer_or_error(self, query: Query) -> Found | ServiceError:
        try:
            with self._counted():
                check_query(query, self.limits)
                return await self._in_time(query)
        except ServiceError as error:
            return error

    async def _in_time(self, query: Query, alone: bool = False) -> Found:
        try:
            async with asyncio.timeout(self.limits.seconds):
                if alone:
                    found = await self._in(self._searching, self._answer_alone, query)
                else:
                    found = await self._answer(query)
        except TimeoutError as error:
            raise Late(f"the search took longer than {self.limits.seconds:g} s") from error
        if self._skew is not None:
            self._skew.tell(query, found, self.metrics)
        return found

    async def _answer(self, query: Query) -> Found:
        clock = Clock()
        asked = await self._in(self._reading, self._read, query)
        clock.lap("read")
        embedding = await self._embed(asked, query.weight)
        clock.lap("encode")
        hits = await self._in(self._searching, self._find, query, embedding)
        clock.lap("search")
        return self._found(hits, clock)

    def _answer_alone(self, query: Query) -> Found:
        """An answer by one thread: with nobody to share a batch with, only its hops would cost."""
        clock = Clock()
        asked = self._read(query)
        clock.lap("read")
        with _told():
            embeddings = [self._batcher.alone(picture, domain) for domain, picture in asked]
        clock.lap("encode")
        hits = self._find(query, _mixed(embeddings, query.weight))
        clock.lap("search")
        return self._found(hits, clock)

    def _read(self, query: Query) -> list[tuple[str, np.ndarray]]:
        """The pictures that are searched by, with their domains."""
        asked = []
        if query.drawing is not None:
            asked.append(("sketch", read_drawing(query.drawing, self.limits)))
        if query.like is not None:
            data = read_file(query.like, self._file(query.like)).data
            asked.append(("photo", read_photo(data, self.limits, "like")))
        if query.photo is not None:
            asked.append(("photo", read_photo(query.photo, self.limits)))
        return asked

    async def _embed(self, asked: list[tuple[str, np.ndarray]], weight: float) -> np.ndarray:
        self._standing.encoder()  # not there: said now, not after waiting in a queue
        with _told():
            futures = [self._batcher.submit(picture, domain) for domain, picture in asked]
            return _mixed(await asyncio.gather(*map(asyncio.wrap_future, futures)), weight)

    def _find(self, query: Query, embedding: np.ndarray) -> tuple[FoundHit, ...]:
        return find(self._index, embedding, query.k, query.where, query.fields, query.like)

    def _found(self, hits: tuple[FoundHit, ...], clock: Clock) -> Found:
        for stage, seconds in clock.seconds.items():
            self.metrics.stages.labels(stage).observe(seconds)
        return Found(hits, self._standing.generation, clock.seconds)

    async def picture(self, name: str) -> Picture:
        """The file of an indexed picture.

        Raises:
            NotFound: the index has none of this id, or its file is gone.
        """
        return await self._in(self._showing, lambda: read_file(name, self._file(name)))

    async def thumb(self, name: str) -> Picture:
        """A small picture of an indexed one."""
        return await self._in(self._showing, lambda: self._thumbs.of(name, self._file(name)))

    def _file(self, name: str) -> Path:
        try:
            known = self._index.get([name])[0] is not None
        except (ServingError, OSError) as error:
            raise IndexUnavailable("the index cannot be read") from error
        if not known:
            raise missing(name)
        return file_of(name, self._folders)

    async def add(self, name: str | None, data: bytes, metadata: dict[str, Any]) -> str:
        """Adds a picture: on the disk when it returns, found by the next search.

        Args:
            name: its id, or `None` for one made of its content.
            data: the file.
            metadata: what the index is to know of it.

        Returns:
            The id.

        Raises:
            ServiceError: it cannot be read, is there already, or nothing can be added.
        """
        with self._counted():
            name = self._changes.check(name, data, metadata)
            with self._gate.admitted(typical=False):
                picture = await self._in(self._reading, read_photo, data, self.limits, "picture")
                embedding = await self._embed([("photo", picture)], 0.0)
                # Whoever leaves now may not know whether it was added, but it is added whole.
                await asyncio.shield(self._changes.add(name, data, embedding, metadata))
                return name

    async def remove(self, name: str) -> bool:
        """Removes a picture from the index, and its file if it was added here."""
        with self._counted():
            return await asyncio.shield(self._changes.remove(name))

    def info(self) -> dict[str, Any]:
        """What is served, in plain values."""
        model, seen = self._index.model, self._standing.info
        return {
            "model": {
                "name": model.name,
                "digest": model.digest,
                "dimension": self._index.dimension,
            },
            "index": {name: seen.get(name) for name in ("items", "generation", "searcher")}
            | {"metric": self._index.metric},
            "writing": self.writing,
        }

    def reasons(self) -> list[Reason]:
        """Why it is not ready; nothing if it is."""
        return self._standing.reasons()

    def metrics_text(self) -> bytes:
        """The metrics, as Prometheus reads them."""
        self.metrics.generation.set(self._standing.generation)
        self.metrics.items.set(self._standing.items)
        return self.metrics.text()

    @contextmanager
    def _counted(self) -> Iterator[None]:
        try:
            yield
        except ServiceError as error:
            self.metrics.rejects.labels(error.code).inc()
            raise

    @staticmethod
    async def _in(pool: ThreadPoolExecutor, function: Callable, *arguments) -> Any:
        return await asyncio.get_running_loop().run_in_executor(pool, function, *arguments)


@contextmanager
def _told() -> Iterator[None]:
    """Says of what an encoder raises what outsiders are told."""
    try:
        yield
    except Unavailable as error:
        raise EncoderUnavailable(error.told) from error
    except ServiceError:
        raise
    except ServingError as error:
        raise EncoderUnavailable("the encoder's answer cannot be used") from error


def _mixed(embeddings: list[np.ndarray], weight: float) -> np.ndarray:
    """What is searched by: an embedding (D,), or of two the mean by the first one's weight."""
    if len(embeddings) == 1:
        return embeddings[0]
    return (weight * embeddings[0] + (1 - weight) * embeddings[1]).astype(np.float32)
