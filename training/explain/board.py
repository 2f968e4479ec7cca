"""What is looked at after every epoch, within a share of the training's time."""

from collections.abc import Sequence
from contextlib import suppress

import keras

from training.explain.budget import Budget
from training.explain.embedding import NotFinite
from training.position import Position

SHARE = 0.03


class Board(keras.callbacks.Callback):
    """Lets its parts write their summaries after every epoch that can afford it.

    The last epoch always has them.

    Args:
        writer: Where to.
        parts: Each has a `write(step)`.
        steps: Of the whole training.
        position: Where the training stands.
        budget: Their share of the time.
    """

    def __init__(
        self,
        writer,
        parts: Sequence,
        steps: int,
        position: Position,
        budget: Budget,
    ):
        super().__init__()
        self.writer, self.parts = writer, parts
        self.steps, self.position = steps, position
        self.budget = budget

    def on_epoch_end(self, epoch, logs=None):
        step = self.position.step
        last = step >= self.steps or self.model.stop_training
        if last or self.budget.affords_another():
            with self.budget.spending(), self.writer.as_default(), suppress(NotFinite):
                for part in self.parts:
                    part.write(step)
        self.writer.flush()  # a training that is killed later leaves its curves
