"""What a training needs to go on as if it had never stopped."""

import errno
import json
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import tensorflow as tf

from sbir_tf.errors import UserError
from training.checkpoints import Checkpoints
from training.position import Position

STATE = "state.json"
VARIABLES = "variables"


class TrainingState:
    """Weights, optimizer and other variables, and what the callbacks remember.

    A callback takes part if it has `state()`, which gives JSON values, and `restore(values)`.

    Args:
        position: Counts the steps.
        callbacks: Those that may have a state.
        model: With its optimizer.
        variables: Others, by name.
    """

    def __init__(
        self,
        position: Position,
        callbacks: Sequence[keras.callbacks.Callback],
        model: keras.Model,
        **variables: tf.Variable,
    ):
        self.callbacks = {type(c).__name__: c for c in callbacks if hasattr(c, "state")}
        # Its variables are made at the first step otherwise, too late to see whether all are read.
        model.optimizer.build(model.trainable_variables)
        # Of runs that began when a checkpoint was one file of TensorFlow's an epoch.
        self.epoch = tf.Variable(0, dtype=tf.int64)
        self.earlier = tf.train.Checkpoint(model=model, epoch=self.epoch, **variables)
        self.variables = tf.train.Checkpoint(model=model, **variables)
        self.position = position

    def write(self, folder: Path) -> None:
        """Write everything into a folder.

        Raises:
            OSError: As of a full disk.
        """
        try:
            self.variables.write(str(folder / VARIABLES))
        except tf.errors.OpError as error:
            raise OSError(reason_of(error)) from error
        callbacks = {name: callback.state() for name, callback in self.callbacks.items()}
        state = {"position": self.position.state(), "callbacks": callbacks}
        (folder / STATE).write_text(json.dumps(state) + "\n")

    def read(self, folder: Path) -> None:
        """Take everything from a folder that `write` filled.

        Raises:
            UserError: If it is of another network or optimizer.
        """
        try:
            self.variables.read(str(folder / VARIABLES)).assert_existing_objects_matched()
        except (AssertionError, ValueError) as error:
            raise UserError(
                f"{folder} does not fit what is trained ({reason_of(error)}): it was written by "
                "another version of this program. Name another folder with --to"
            ) from error
        state = json.loads((folder / STATE).read_text())
        self.position.restore(state["position"])
        for name, callback in self.callbacks.items():
            if name in state["callbacks"]:
                callback.restore(state["callbacks"][name])

    def read_newest(self, checkpoints: Checkpoints, warn: Callable[[str], None]) -> None:
        """Take everything from the newest whole checkpoint, if there is one.

        Args:
            checkpoints: Where to look.
            warn: Is told of damaged ones.

        Raises:
            UserError: If all are damaged.
        """
        step = checkpoints.newest(warn)
        if step is not None:
            self.read(checkpoints.path(step))
        else:
            self.read_earlier(checkpoints.folder)

    def read_earlier(self, folder: Path) -> None:
        """Take what there is of a checkpoint from before `write` was; the newest, if any."""
        newest = tf.train.latest_checkpoint(str(folder))
        if newest:
            self.earlier.restore(newest).expect_partial()
            self.position.step = int(self.epoch.numpy()) * self.position.steps_per_epoch
            for callback in self.callbacks.values():
                if hasattr(callback, "step"):
                    callback.step = self.position.step


def reason_of(error: Exception) -> str:
    """What an error of TensorFlow's says, without its own names for things."""
    said = str(getattr(error, "message", error)).strip().splitlines()[0]
    full = os.strerror(errno.ENOSPC)
    return full if full in said else re.sub(r"\{\{.*?\}\} ?| ?\[Op:\w+\]", "", said)
