"""A line that tells how far a training is: live on a terminal, now and then in a log file."""

import math
import sys
import time
from collections import deque
from collections.abc import Callable

import keras
import tensorflow as tf
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

LIVE_SECONDS, LOG_SECONDS = 0.2, 10.0  # between two tellings
STEPS_REMEMBERED = 200


class ProgressLine(keras.callbacks.Callback):
    """Loss, accuracy, margin, learning rate, examples a second and what is left, on stderr.

    On a terminal they stand behind a bar. Elsewhere, as in a log file, each telling is a plain
    line with the time of day and the step.

    Args:
        steps: Steps in all.
        first_step: Steps that were done before.
        name: What is being trained.
        batch_size: Examples of a step.
        clock: Seconds, as `time.monotonic`.
    """

    def __init__(
        self,
        steps: int,
        first_step: int,
        name: str,
        batch_size: int,
        clock: Callable[[], float] = time.monotonic,
    ):
        super().__init__()
        self.steps, self.step, self.name = steps, first_step, name
        self.pace, self.clock = Pace(batch_size), clock
        console = Console(stderr=True)
        self.live = console.is_terminal
        self.told = -math.inf
        self.bar = Progress(
            TextColumn("training {task.description}"),
            BarColumn(),
            TextColumn("{task.completed}/{task.total}"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[story]}"),
            console=console,
            disable=not self.live,
        )
        self.task = self.bar.add_task(name, total=steps, completed=first_step, story="")

    def __enter__(self):
        self.bar.start()
        return self

    def __exit__(self, *_):
        self.bar.stop()  # even after Ctrl-C: it hides the cursor

    def on_train_batch_end(self, batch, logs=None):
        self.step += 1
        now = self.clock()
        self.pace.saw(self.step, now)
        due = now - self.told >= (LIVE_SECONDS if self.live else LOG_SECONDS)
        if due or self.step == self.steps:
            self.told = now
            self._tell(story(numbers_of(self.model, logs), self.pace, self.steps - self.step))

    def _tell(self, text: str) -> None:
        if self.live:
            self.bar.update(self.task, completed=self.step, story=text)
        else:
            tell(f"{self.name}: step {self.step}/{self.steps}  {text}")


class Pace:
    """How fast a training is, over its last steps.

    The time before the first step that it saw, in which the graph is built, does not count.

    Args:
        batch_size: Examples of a step.
    """

    def __init__(self, batch_size: int):
        self.batch_size = batch_size
        self.seen = deque(maxlen=STEPS_REMEMBERED)

    def saw(self, step: int, now: float) -> None:
        """A step ended."""
        self.seen.append((step, now))

    @property
    def seconds_a_step(self) -> float | None:
        """None until two steps were seen."""
        if len(self.seen) < 2:
            return None
        steps, seconds = (b - a for a, b in zip(self.seen[0], self.seen[-1], strict=True))
        return seconds / steps if seconds else None

    @property
    def examples_a_second(self) -> float | None:
        """None until two steps were seen."""
        return self.batch_size / self.seconds_a_step if self.seconds_a_step else None


def tell(text: str) -> None:
    """A line in the log; above the bar where there is one."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def numbers_of(model: keras.Model, logs: dict) -> dict[str, float]:
    """Loss, accuracy, margin and learning rate, of those that a training has."""
    numbers = {name: logs[name] for name in ("loss", "accuracy") if name in logs}
    margin = getattr(model.loss, "current_margin", None)
    numbers |= {} if margin is None else {"margin": float(margin.numpy())}
    rate = learning_rate_of(model.optimizer)
    return numbers | ({} if rate is None else {"learning_rate": rate})


def learning_rate_of(optimizer) -> float | None:
    """The learning rate now."""
    rate = getattr(optimizer, "learning_rate", None)
    rate = rate(optimizer.iterations) if callable(rate) else rate
    return None if rate is None else float(tf.convert_to_tensor(rate))


def story(numbers: dict[str, float], pace: Pace, left: int) -> str:
    """The numbers in words."""
    forms = {"loss": "loss {:.3f}", "accuracy": "accuracy {:.2f}", "margin": "margin {:.2f}"}
    forms |= {"learning_rate": "rate {:.2g}"}
    words = [forms[name].format(value) for name, value in numbers.items()]
    if pace.examples_a_second:
        words += [f"{pace.examples_a_second:.0f} examples/s", f"ETA {clock(left, pace)}"]
    return "  ".join(words)


def clock(steps: int, pace: Pace) -> str:
    """How long so many steps will take, as 1:02:03 or 2:03."""
    minutes, seconds = divmod(math.ceil(steps * pace.seconds_a_step), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
