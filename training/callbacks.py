"""What happens beside the gradient steps."""

import math

import keras
import numpy as np
import tensorflow as tf

from sbir_tf.errors import UserError
from training.schedules import annealed_lambda, earned_margin, linear_margin


class MarginSchedule(keras.callbacks.Callback):
    """Moves a loss's margin, and logs it.

    Args:
        loss: The loss whose `current_margin` moves, up to its `margin`.
        schedule: "earned", "linear" or "constant".
        anneal_steps: T of "linear".
        first_step: Step that the training starts or continues at.
        power: Of "earned", see `earned_margin`.
        memory: How much of the running accuracy each step keeps, for "earned".
        accuracy: Scalar float64 variable that keeps the running accuracy; a checkpoint that
            holds it continues exactly. None makes one.
    """

    def __init__(
        self, loss, schedule, anneal_steps, first_step=0, power=1.0, memory=0.98, accuracy=None
    ):
        super().__init__()
        self.loss, self.schedule, self.power = loss, schedule, power
        self.anneal_steps, self.memory = anneal_steps, memory
        self.step = first_step
        self.accuracy = tf.Variable(0.0, dtype=tf.float64) if accuracy is None else accuracy
        self.epoch_mean = self.epoch_steps = 0

    def on_train_begin(self, logs=None):
        self._apply()

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch_mean = self.epoch_steps = 0

    def on_train_batch_end(self, batch, logs=None):
        self.step += 1
        if self.schedule == "earned":
            batch_accuracy = self._of_this_batch(logs["accuracy"])
            running = float(self.accuracy.numpy())
            self.accuracy.assign(running + (1 - self.memory) * (batch_accuracy - running))
        self._apply()

    def on_epoch_end(self, epoch, logs=None):
        logs["margin"] = float(self.loss.current_margin.numpy())

    def _of_this_batch(self, mean):
        """Keras reports the epoch's running mean: undo it."""
        self.epoch_steps += 1
        value = mean * self.epoch_steps - self.epoch_mean * (self.epoch_steps - 1)
        self.epoch_mean = mean
        return min(max(value, 0.0), 1.0)

    def _apply(self):
        margin = self.loss.margin
        if self.schedule == "linear":
            margin = linear_margin(margin, self.step, self.anneal_steps)
        elif self.schedule == "earned":
            margin = earned_margin(margin, float(self.accuracy.numpy()), self.power)
        self.loss.current_margin.assign(margin)


class LambdaSchedule(keras.callbacks.Callback):
    """Lets the lambda of SphereFace or L-Softmax fall, and logs it.

    Args:
        loss: The loss whose `current_lambda` falls from `lambda_start` to `lambda_end`.
        anneal_steps: After how many steps it rests.
        first_step: Step that the training starts or continues at.
    """

    def __init__(self, loss, anneal_steps, first_step=0):
        super().__init__()
        self.loss, self.anneal_steps, self.step = loss, anneal_steps, first_step

    def on_train_begin(self, logs=None):
        self._apply()

    def on_train_batch_end(self, batch, logs=None):
        self.step += 1
        self._apply()

    def on_epoch_end(self, epoch, logs=None):
        logs["lambda"] = float(self.loss.current_lambda.numpy())

    def _apply(self):
        ends = (self.loss.lambda_start, self.loss.lambda_end)
        self.loss.current_lambda.assign(annealed_lambda(*ends, self.step, self.anneal_steps))


class TrainingEnded(UserError):
    """A training that cannot go on: its checkpoint from before is kept."""


class CollapseError(TrainingEnded):
    """The class centres shrank to one point; the message says at which step."""


class DivergedError(TrainingEnded):
    """The loss is not a finite number any more."""


class CollapseGuard(keras.callbacks.Callback):
    """Stops a training whose class centres shrink to one point.

    Under a margin that grows too fast, the loss is lowest where every distance is zero: it
    then sits at ln(classes), the loss of guessing, and never leaves.

    Args:
        centers: Variable (K, D).
        patience: Epochs in a row that the signs must hold.
        loss_tolerance: How near to ln(K), relatively, counts as sitting there.
        shrunk: Share of its first spread below which the centres count as shrunk.
        first_spread: Of the centres at the training's first step; None measures it now.

    Raises:
        CollapseError: At the end of the epoch that proves it.
    """

    def __init__(self, centers, patience=2, loss_tolerance=0.03, shrunk=0.5, first_spread=None):
        super().__init__()
        self.centers, self.patience = centers, patience
        self.loss_tolerance, self.shrunk = loss_tolerance, shrunk
        self.guess = math.log(centers.shape[0])
        self.first_spread = spread(centers.numpy()) if first_spread is None else first_spread
        self.seen = 0

    def on_epoch_end(self, epoch, logs=None):
        now = spread(self.centers.numpy())
        logs["center_spread"] = now
        sits = abs(logs["loss"] - self.guess) < self.loss_tolerance * self.guess
        self.seen = self.seen + 1 if sits and now < self.shrunk * self.first_spread else 0
        if self.seen >= self.patience:
            raise CollapseError(
                f"The training collapsed by epoch {epoch + 1}: the loss sits at "
                f"ln({self.centers.shape[0]}) = {self.guess:.2f} while the class centres shrank "
                f"from {self.first_spread:.3g} to {now:.3g}. Use loss.schedule=earned, a smaller "
                "loss.margin, a larger loss.center_radius or more steps."
            )


def spread(centers: np.ndarray) -> float:
    """Root mean square distance of the centres (K, D) from their mean."""
    return float(np.sqrt(np.mean(np.sum((centers - centers.mean(axis=0)) ** 2, axis=1))))
