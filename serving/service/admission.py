"""How many requests are worked at, at once: what is over that is told to come again, quickly."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from serving.service.errors import Overloaded
from serving.service.limits import Limits
from serving.service.metrics import Metrics

_TIMES = 2.0  # an answer may take so many times as long as one alone
_SHARE = 0.1  # of a new time in a running mean
_CALM = 1.0  # seconds without a refusal, after which a few may wait again


class Gate:
    """Admits requests while they can be answered in time.

    As many are admitted as the service answers in twice the time that a request alone takes:
    `2 * alone * rate`, of running means of the time of requests that met no other, and of the rate
    of answers while several were worked at. Queueing more would make all of them slower and none
    of them answered sooner. A few, `limits.least`, may wait all the same, since they may be no
    more than a moment's crowd; but not while others are being refused.

    Args:
        limits: between which numbers that is kept.
        metrics: told how many there are.
        clock: seconds.

    Attributes:
        inside: how many are worked at.
    """

    def __init__(
        self, limits: Limits, metrics: Metrics, clock: Callable[[], float] = time.monotonic
    ):
        self._limits, self._metrics, self._clock = limits, metrics, clock
        self.inside, self._crowded, self._done = 0, False, 0.0
        self._calm = 0.0  # from then on
        self.alone = 0.0  # seconds
        self.between = 0.0  # seconds between two answers of many

    @property
    def room(self) -> int:
        """How many may be inside."""
        if not (self.alone and self.between):
            return self._limits.most
        fitting = round(_TIMES * self.alone / self.between)
        least = self._limits.least if self._clock() >= self._calm else 1
        return max(least, min(self._limits.most, fitting))

    @contextmanager
    def admitted(self, typical: bool = True) -> Iterator[None]:
        """Inside: the request is worked at.

        Args:
            typical: its time tells how long requests take; that of a batch does not.

        Raises:
            Overloaded: with the seconds after which there will be room.
        """
        if self.inside >= self.room:
            self._calm = self._clock() + _CALM
            later = max(1.0, round(self.inside * self.between))
            raise Overloaded("too many requests just now: ask again", retry_after=later)
        began = self._clock()
        self.inside += 1
        self._crowded = self._crowded or self.inside > 1
        self._metrics.admitted.set(self.inside)
        try:
            yield
            if typical:
                self._learn(began)
        finally:
            self.inside -= 1
            self._crowded = self.inside > 0 and self._crowded
            self._metrics.admitted.set(self.inside)

    def _learn(self, began: float) -> None:
        now = self._clock()
        if not self._crowded:
            self.alone = _mean(self.alone, now - began)
        elif self.inside > 1 and self._done > began:
            self.between = _mean(self.between, now - self._done)
        self._done = now


def _mean(before: float, value: float) -> float:
    return value if not before else (1 - _SHARE) * before + _SHARE * value
