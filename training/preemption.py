"""A machine that is taken away: SIGTERM ends a training after the step that it is at."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

EVERY = 10  # steps after which several workers ask each other


class Preempted(Exception):
    """A training that was asked to end, with its state kept; the message says how to go on.

    Args:
        what: What ended.
        resume: The command that continues.
    """

    def __init__(self, what: str, resume: str):
        super().__init__(f"{what}; resume with: {resume}")
        self.what = what


class Preemption:
    """Whether the process was asked to end.

    Args:
        resume: The command that continues.

    Attributes:
        asked: Whether SIGTERM came.
        stepping: Whether a training is running, which ends after its step; anything else ends
            at once.
        agree: Of several workers, which must save together: tells all of them whether something
            holds at one or more. None of one alone.
    """

    def __init__(self, resume: str):
        self.resume = resume
        self.asked = self.stepping = False
        self.agree: Callable[[bool], bool] | None = None

    def ends_after(self, step: int, epoch: bool = False) -> bool:
        """Whether the training ends after a step, as all workers hear; `epoch`: and an epoch."""
        if self.agree is None:
            return self.asked
        return (epoch or step % EVERY == 0) and self.agree(self.asked)

    def end(self, step: int) -> None:
        """Raise `Preempted`: the training is saved after this step."""
        if self.agree:
            self.agree(True)  # no worker goes before all have saved
        what = f"ended by SIGTERM after step {step}, saved after step {step}"
        raise Preempted(what, self.resume)

    def heed(self):
        """Take SIGTERM from now on; gives who took it before. Only a main thread can."""
        if threading.current_thread() is threading.main_thread():
            return signal.signal(signal.SIGTERM, self.receive)
        return None

    def receive(self, *_) -> None:
        """SIGTERM came."""
        self.asked = True
        if not self.stepping:
            raise Preempted("ended by SIGTERM outside of the training's steps", self.resume)

    @contextmanager
    def after_a_step(self) -> Iterator[None]:
        """Inside, only `end` ends the training."""
        self.stepping = True
        try:
            yield
        finally:
            self.stepping = False


@contextmanager
def preemption(resume: str) -> Iterator[Preemption]:
    """Heeds SIGTERM inside. Only a process's main thread can; elsewhere nothing changes."""
    heeded = Preemption(resume)
    if threading.current_thread() is not threading.main_thread():
        yield heeded
        return
    before = heeded.heed()
    try:
        yield heeded
    finally:
        signal.signal(signal.SIGTERM, before)
