"""uvicorn, with what it lacks: a time limit for a request's first lines, and a quiet end."""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol


def protocol_with(header_seconds: float) -> type[H11Protocol]:
    """A protocol that hangs up on whoever does not finish a request's head in time."""

    class Protocol(H11Protocol):
        _head: asyncio.TimerHandle | None = None

        def connection_made(self, transport) -> None:
            super().connection_made(transport)
            self._expect_head()

        def data_received(self, data: bytes) -> None:
            before = self.cycle
            if self._head is None and (before is None or before.response_complete):
                self._expect_head()
            super().data_received(data)
            if self.cycle is not before:
                self._forget_head()

        def connection_lost(self, exc) -> None:
            self._forget_head()
            super().connection_lost(exc)

        def _expect_head(self) -> None:
            self._head = self.loop.call_later(header_seconds, self._hang_up)

        def _forget_head(self) -> None:
            if self._head is not None:
                self._head.cancel()
                self._head = None

        def _hang_up(self) -> None:
            self._head = None
            idle = self.cycle is None or self.cycle.response_complete
            if idle and not self.transport.is_closing():
                self.transport.close()

    return Protocol


class Server(uvicorn.Server):
    """Ends with success when asked to, after answering what it has.

    Args:
        config: of uvicorn.
        ready: called once requests are taken.
    """

    def __init__(self, config: uvicorn.Config, ready: Callable[[], Any]):
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets=None) -> None:
        await super().startup(sockets=sockets)
        self._ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield  # only the main thread hears signals
            return
        asked = (signal.SIGINT, signal.SIGTERM)
        before = {sign: signal.signal(sign, self.handle_exit) for sign in asked}
        try:
            yield
        finally:
            for sign, handler in before.items():
                signal.signal(sign, handler)
