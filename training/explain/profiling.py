"""The profiler, over a few steps, on request."""

import keras
import tensorflow as tf

from sbir_tf.errors import UserError
from training.position import Position
from training.progress import tell


class Profile(keras.callbacks.Callback):
    """Lets TensorFlow's profiler look on from one step to another, both included.

    Args:
        folder: TensorBoard's, of the run.
        steps: First and last, counted from 1 over the whole training.
        position: Where the training stands.
    """

    def __init__(self, folder, steps: tuple[int, int], position: Position):
        super().__init__()
        self.folder, self.steps, self.position = str(folder), steps, position
        self.running = False

    def on_train_begin(self, logs=None):
        if self.position.step >= self.steps[0]:
            tell(f"nothing is profiled: step {self.steps[0]} is done already")

    def on_train_batch_begin(self, batch, logs=None):
        if self.position.step + 1 == self.steps[0]:
            tf.profiler.experimental.start(self.folder)
            self.running = True

    def on_train_batch_end(self, batch, logs=None):
        if self.position.step == self.steps[1]:
            self._stop()

    def on_train_end(self, logs=None):
        self._stop()

    def _stop(self):
        if self.running:
            tf.profiler.experimental.stop()
        self.running = False


def steps_of(text: str) -> tuple[int, int]:
    """The first and the last step in "20:40".

    Raises:
        UserError: If it is something else.
    """
    first, _, last = text.partition(":")
    try:
        steps = int(first), int(last or first)
    except ValueError:
        steps = (0, 0)
    if not 1 <= steps[0] <= steps[1]:
        raise UserError(f"--profile takes steps such as 20:40, from 1 on. Received: {text!r}")
    return steps


def check_steps(steps: tuple[int, int] | None, last: int) -> None:
    """Refuse steps to profile that a training of `last` steps does not have.

    Raises:
        UserError: If the first of them is not among them.
    """
    if steps and steps[0] > last:
        raise UserError(
            f"--profile takes steps up to the last one, {last}. Received: {steps[0]}:{steps[1]}"
        )
