"""Pictures of many requests, encoded together."""

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np

from serving.encoders import Encoder
from serving.service.metrics import Metrics


@dataclass(frozen=True)
class _Asked:
    picture: np.ndarray
    domain: str
    future: Future


class Batcher:
    """One thread that keeps the encoder busy.

    A picture that comes while nothing is done is encoded at once. What comes meanwhile makes the
    next batch; after a batch of several the thread waits a moment for as many, since whoever got
    an answer asks again. Pictures of one domain make a batch, in the order they came.

    Args:
        encoder: gives the encoder that is there now; may raise.
        largest: pictures of a batch.
        wait: seconds, at most, for a batch to fill.
        metrics: told the batches.
    """

    def __init__(self, encoder: Callable[[], Encoder], largest: int, wait: float, metrics: Metrics):
        self._encoder, self._largest, self._wait, self._metrics = encoder, largest, wait, metrics
        self._asked: deque[_Asked] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="encoder", daemon=True)
        self._thread.start()

    def submit(self, picture: np.ndarray, domain: str) -> "Future[np.ndarray]":
        """Asks for a picture's embedding (D,); cancelled before its batch, it is left out."""
        future: Future[np.ndarray] = Future()
        with self._changed:
            if self._closed:
                raise RuntimeError("the service is closed")
            self._asked.append(_Asked(picture, domain, future))
            self._metrics.waiting.set(len(self._asked))
            self._changed.notify()
        return future

    def alone(self, picture: np.ndarray, domain: str) -> np.ndarray:
        """Encodes a picture at once, in the caller's thread: its embedding (D,)."""
        return self._encoded([picture], domain)[0]

    def close(self) -> None:
        """Ends, when all that was asked for is answered."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        before = 0
        while batch := self._next(before):
            before = len(batch)
            self._encode(batch)

    def _next(self, before: int) -> list[_Asked]:
        """The next batch; empty when closed and all is answered."""
        with self._changed:
            while True:
                self._wait_for_some(before)
                batch = self._taken()
                if batch or (not self._asked and self._closed):
                    return batch

    def _wait_for_some(self, before: int) -> None:
        while not self._asked and not self._closed:
            self._changed.wait()
        until = time.monotonic() + self._wait
        while 1 < before > len(self._asked) and not self._closed:
            if not self._changed.wait(until - time.monotonic()):
                return

    def _taken(self) -> list[_Asked]:
        """Of what is asked, a batch of the first one's domain; nothing if all was cancelled."""
        batch: list[_Asked] = []
        others: list[_Asked] = []
        while self._asked and len(batch) < self._largest:
            asked = self._asked.popleft()
            if batch and asked.domain != batch[0].domain:
                others.append(asked)
            elif asked.future.set_running_or_notify_cancel():
                batch.append(asked)
        self._asked.extendleft(reversed(others))
        self._metrics.waiting.set(len(self._asked))
        return batch

    def _encode(self, batch: list[_Asked]) -> None:
        try:
            embeddings = self._encoded([asked.picture for asked in batch], batch[0].domain)
        except BaseException as error:  # the thread must outlive whatever an encoder raises
            for asked in batch:
                asked.future.set_exception(error)
            return
        for asked, embedding in zip(batch, embeddings, strict=True):
            asked.future.set_result(embedding)

    def _encoded(self, pictures: list[np.ndarray], domain: str) -> np.ndarray:
        embeddings = self._encoder().encode(pictures, domain)
        self._metrics.batches.labels(domain).observe(len(pictures))
        return embeddings
