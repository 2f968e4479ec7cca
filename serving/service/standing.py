"""Whether the service can answer: the encoder is there, and is the one of the index."""

import threading
import time
from collections.abc import Callable

from serving.encoders import Encoder, Unavailable
from serving.errors import ServingError
from serving.index import Index
from serving.service.asking import Reason
from serving.service.errors import EncoderUnavailable, IndexUnavailable, Mismatch, ServiceError

_EVERY = 1.0  # seconds between two looks
_SLOWEST = 30.0  # between two tries to reach an encoder


class Standing:
    """Looks after the encoder and the index, in a thread.

    An encoder that is not there is asked for again, less and less often. What was last seen is
    what `reasons` tells: no probe waits for one that hangs.

    Args:
        index: that is searched.
        open_encoder: opens the encoder, or gives it.
        clock: seconds.
    """

    def __init__(
        self,
        index: Index,
        open_encoder: Callable[[], Encoder],
        clock: Callable[[], float] = time.monotonic,
    ):
        self._index, self._open, self._clock = index, open_encoder, clock
        self._encoder: Encoder | None = None
        self._refused: ServiceError | None = EncoderUnavailable("the encoder is being opened")
        self._index_refused: ServiceError | None = None
        self._pause, self._next = _EVERY, 0.0
        self.items = self.generation = 0
        self.info: dict = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="standing", daemon=True)

    def start(self) -> None:
        """Looks once, then goes on looking.

        Raises:
            ServingError: the encoder is not one, or not the index's: waiting would not help.
        """
        self._look_at_index()
        self._look_at_encoder()
        if isinstance(self._refused, Mismatch):
            raise self._refused
        self._thread.start()

    def close(self) -> None:
        """Ends; the encoder is let go."""
        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join(timeout=5)  # it may be waiting for an encoder that hangs
        if self._encoder is not None and hasattr(self._encoder, "close"):
            self._encoder.close()

    def encoder(self) -> Encoder:
        """The encoder.

        Raises:
            ServiceError: there is none now, or it is not the index's.
        """
        if self._encoder is None or isinstance(self._refused, Mismatch):
            raise self._refused or EncoderUnavailable("the encoder is not there")
        return self._encoder

    def reasons(self) -> list[Reason]:
        """Why the service is not ready; nothing if it is."""
        return [
            Reason(error.code, error.message)
            for error in (self._refused, self._index_refused)
            if error is not None
        ]

    def look(self) -> None:
        """One look at both."""
        self._look_at_index()
        if self._clock() < self._next:
            return
        try:
            self._look_at_encoder()
        except ServingError:
            self._refused = Mismatch("the encoder is another one than the index was built by")

    def _look_at_encoder(self) -> None:
        try:
            self._connect() if self._encoder is None else self._check()
            self._pause = _EVERY
        except Unavailable as error:  # it may come yet
            self._refused = EncoderUnavailable(error.told)
            self._pause = min(_SLOWEST, 2 * self._pause)
        finally:
            self._next = self._clock() + self._pause

    def _connect(self) -> None:
        encoder = self._open()
        if encoder.digest != self._index.model.digest:
            told = f"the index was built by {self._index.model}, not by {encoder.name}"
            self._refused = Mismatch(f"{told} (digest {encoder.digest[:12]})")
            if hasattr(encoder, "close"):
                encoder.close()
            return
        self._encoder, self._refused = encoder, None

    def _check(self) -> None:
        check = getattr(self._encoder, "check", None)
        if check is not None:
            check()
        self._refused = None

    def _look_at_index(self) -> None:
        try:
            info = self._index.info()
            self.items, self.generation, self.info = info.items, info.generation, info.to_json()
            self._index_refused = None
        except (ServingError, OSError):
            self._index_refused = IndexUnavailable("the index cannot be read")

    def _run(self) -> None:
        while not self._ended.wait(_EVERY):
            try:
                self.look()
            except Exception:  # looks again: whatever it was, the service goes on
                self._index_refused = IndexUnavailable("the index cannot be read")
