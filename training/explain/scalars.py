"""The course of a training as curves."""

import time

import keras
import tensorflow as tf

from training.explain.budget import Budget
from training.position import Position
from training.progress import Pace, numbers_of

POINTS = 10  # of an epoch
RUNNING = ("loss", "accuracy")  # means since the epoch began
WRITTEN = (*RUNNING, "margin")  # at every point


class Scalars(keras.callbacks.Callback):
    """Writes loss, accuracy, margin, learning rate and examples a second as summaries.

    A point of loss and accuracy is the mean of the steps since the point before it, not Keras's
    mean since the epoch began. Whatever else the logs hold at an epoch's end is written then, but
    for the validation's metrics, which `Validation` writes.

    Args:
        writer: Where to.
        batch_size: Examples of a step.
        position: Where the training stands.
        budget: Measures what this takes.
    """

    def __init__(self, writer, batch_size: int, position: Position, budget: Budget):
        super().__init__()
        self.writer, self.pace, self.position = writer, Pace(batch_size), position
        self.budget = budget
        self.every = max(1, position.steps_per_epoch // POINTS)
        self.before = (0, {})

    def on_epoch_begin(self, epoch, logs=None):
        self.before = (0, {})

    def on_train_batch_end(self, batch, logs=None):
        self.pace.saw(self.position.step, time.monotonic())
        # Of the epoch: `batch` counts from where the training was continued.
        done = (self.position.step - 1) % self.position.steps_per_epoch + 1
        if done % self.every == 0 or done == self.position.steps_per_epoch:
            with self.budget.spending():
                self._point(done, logs)

    def on_epoch_end(self, epoch, logs=None):
        elsewhere = (*WRITTEN, *(name for name in logs if name.startswith("val_")))
        self._write({name: value for name, value in logs.items() if name not in elsewhere})

    def _point(self, steps: int, logs: dict) -> None:
        numbers = numbers_of(self.model, logs)
        known = {name: numbers[name] for name in RUNNING if name in numbers}
        numbers |= since(self.before, (steps, known))
        self.before = (steps, known)
        if self.pace.examples_a_second:
            numbers["examples_per_second"] = self.pace.examples_a_second
        self._write(numbers)

    def _write(self, numbers: dict[str, float]) -> None:
        with self.writer.as_default(self.position.step):
            for name, value in numbers.items():
                tf.summary.scalar(tag_of(name), value)


def tag_of(name: str) -> str:
    """Where a number of the logs stands."""
    if name.startswith("val_"):
        return f"validation/{name.removeprefix('val_')}"
    return f"training/{name}"


def since(before: tuple[int, dict], now: tuple[int, dict]) -> dict[str, float]:
    """Means of the steps between two running means, each (steps, name -> mean)."""
    (first, old), (last, new) = before, now
    return {
        name: (mean * last - old.get(name, 0.0) * first) / (last - first)
        for name, mean in new.items()
    }
