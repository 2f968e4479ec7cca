"""How much of a training's time something beside it may take."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Budget:
    """Measures what a job takes of a training's time, and says whether it can be afforded.

    Args:
        share: Of the whole time, from 0 to 1.
        clock: Seconds, as `time.monotonic`.
    """

    def __init__(self, share: float, clock: Callable[[], float] = time.monotonic):
        self.share, self.clock = share, clock
        self.spent = self.last = 0.0
        self.began = clock()

    def start(self) -> None:
        """The training begins now."""
        self.began = self.clock()

    @contextmanager
    def spending(self) -> Iterator[None]:
        """The job runs inside."""
        began = self.clock()
        try:
            yield
        finally:
            self.last = self.clock() - began
            self.spent += self.last

    def affords_another(self) -> bool:
        """Whether the share holds if the job takes as long as the last time."""
        return self.share_with(self.last) <= self.share

    def share_with(self, more: float = 0.0) -> float:
        """The share of the time so far, with so many seconds more of the job."""
        elapsed = self.clock() - self.began + more
        return (self.spent + more) / elapsed if elapsed > 0 else 0.0
