"""Calls to an encoder elsewhere: tried again, and spared when it is gone."""

import random
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from serving.encoders.contract import TooSlow, Unavailable

Answer = TypeVar("Answer")


class Breaker:
    """Tries a call again while its server says that it is away; stops asking one that stays away.

    After `failures` calls in a row that failed the circuit is open: calls fail at once for `pause`
    seconds. Then one call is let through; it closes the circuit or opens it again.

    Args:
        tries: Of a call.
        failures: Calls in a row.
        pause: Seconds.
        clock, sleep, jitter: Of time; a random share of each wait before another try is left out,
            so that many callers do not come back together.
    """

    def __init__(
        self,
        tries: int = 3,
        failures: int = 5,
        pause: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ):
        self._tries, self._most, self._pause = tries, failures, pause
        self._clock, self._sleep, self._jitter = clock, sleep, jitter
        self._failed, self._open_until, self._trying = 0, 0.0, False
        self._lock = threading.Lock()

    def call(self, ask: Callable[[float], Answer], seconds: float) -> Answer:
        """The answer of `ask(seconds left)`.

        Raises:
            Unavailable: it did not answer in time, or is not asked now.
            ServingError: what else `ask` raises: those are not tried again.
        """
        self._enter()
        until = self._clock() + seconds
        for left in reversed(range(self._tries)):
            try:
                answer = ask(max(0.001, until - self._clock()))
            except Unavailable as error:
                wait = 0.05 * 2 ** (self._tries - 1 - left) * (0.5 + self._jitter() / 2)
                if not left or isinstance(error, TooSlow) or self._clock() + wait >= until:
                    self._leave(failed=True)
                    raise
                self._sleep(wait)
            except BaseException:
                self._leave(failed=False)  # it answered
                raise
            else:
                self._leave(failed=False)
                return answer
        raise Unavailable("the encoder was not asked")  # tries is 0

    def _enter(self) -> None:
        with self._lock:
            if self._failed < self._most:
                return
            if self._clock() < self._open_until or self._trying:
                raise Unavailable("the encoder did not answer before: it is not asked just now")
            self._trying = True

    def _leave(self, failed: bool) -> None:
        with self._lock:
            self._trying = False
            self._failed = self._failed + 1 if failed else 0
            if self._failed >= self._most:
                self._open_until = self._clock() + self._pause
