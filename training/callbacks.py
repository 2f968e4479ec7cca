"""What moves beside the gradient steps."""

import keras
import tensorflow as tf

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

    LOGS = ("margin",)

    def __init__(
        self, loss, schedule, anneal_steps, first_step=0, power=1.0, memory=0.98, accuracy=None
    ):
        super().__init__()
        self.loss, self.schedule, self.power = loss, schedule, power
        self.anneal_steps, self.memory = anneal_steps, memory
        self.step = first_step
        self.accuracy = tf.Variable(0.0, dtype=tf.float64) if accuracy is None else accuracy
        self.epoch_mean = self.epoch_steps = 0
        self.inside_epoch = False

    def state(self) -> dict:
        return {"step": self.step, "epoch_mean": self.epoch_mean, "epoch_steps": self.epoch_steps}

    def restore(self, state: dict) -> None:
        self.step, self.inside_epoch = state["step"], True
        self.epoch_mean, self.epoch_steps = state["epoch_mean"], state["epoch_steps"]

    def on_train_begin(self, logs=None):
        self._apply()

    def on_epoch_begin(self, epoch, logs=None):
        if not self.inside_epoch:
            self.epoch_mean = self.epoch_steps = 0
        self.inside_epoch = False

    def on_train_batch_end(self, batch, logs=None):
        self.step += 1
        if self.schedule == "earned":
            batch_accuracy = self._of_this_batch(logs["accuracy"])
            running = float(self.accuracy.numpy())
            self.accuracy.assign(running + (1 - self.memory) * (batch_accuracy - running))
        self._apply()

    def on_epoch_end(self, epoch, logs=None):
        logs["margin"] = float(self.loss.current_margin.numpy())
        self.epoch_mean = self.epoch_steps = 0  # a checkpoint after an epoch remembers none

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

    LOGS = ("lambda",)

    def __init__(self, loss, anneal_steps, first_step=0):
        super().__init__()
        self.loss, self.anneal_steps, self.step = loss, anneal_steps, first_step

    def state(self) -> dict:
        return {"step": self.step}

    def restore(self, state: dict) -> None:
        self.step = state["step"]

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
