"""Where a training stands: the step, and how to start in the middle of an epoch."""

import time

import keras
import numpy as np

from sbir_tf.layers import StepDropout


class Position(keras.callbacks.Callback):
    """Counts the steps and the seconds; must come before all other callbacks.

    Keras starts at the beginning of an epoch. A training that continues inside one lets `fit`
    begin that epoch anew and end it early, and carries the epoch's running means over.

    Args:
        steps_per_epoch: Steps of an epoch.

    Attributes:
        step: Steps done.
    """

    def __init__(self, steps_per_epoch: int):
        super().__init__()
        self.steps_per_epoch = steps_per_epoch
        self.step = 0
        self.carried = None  # the values of the metrics' variables
        self.shortened = False
        self.seconds_before, self.began = 0.0, None

    @property
    def epoch(self) -> int:
        """Whole epochs done."""
        return self.step // self.steps_per_epoch

    @property
    def inside_epoch(self) -> bool:
        """Whether some steps of an epoch are done, and some are not."""
        return self.step % self.steps_per_epoch != 0

    @property
    def seconds(self) -> float:
        """How long the training took so far, in all of its sessions."""
        session = time.monotonic() - self.began if self.began is not None else 0.0
        return self.seconds_before + session

    def state(self) -> dict:
        metrics = [variable.numpy().tolist() for variable in self._variables()]
        kept = metrics if self.inside_epoch else None
        return {"step": self.step, "metrics": kept, "seconds": self.seconds}

    def restore(self, state: dict) -> None:
        self.step, self.carried = state["step"], state["metrics"]
        self.seconds_before = state["seconds"]
        self.shortened = self.inside_epoch

    def on_train_begin(self, logs=None):
        self.began = time.monotonic()

    def on_train_batch_begin(self, batch, logs=None):
        for layer in self.model.layers:
            if isinstance(layer, StepDropout):
                layer.step.assign(self.step)

    def on_train_batch_end(self, batch, logs=None):
        self.step += 1
        if self.carried is not None:
            self._carry_over(logs)
        if self.shortened and not self.inside_epoch:
            self.model.stop_training = True  # the epoch alone: see `on_epoch_end`

    def on_epoch_end(self, epoch, logs=None):
        if self.shortened:
            self.shortened = self.model.stop_training = False

    def _carry_over(self, logs: dict) -> None:
        """Add the means' sums from before to those of the first step."""
        for variable, before in zip(self._variables(), self.carried, strict=True):
            now = variable.numpy()
            variable.assign(np.asarray(before, now.dtype) + now)
        self.carried = None
        logs.update({name: float(of) for name, of in self.model.get_metrics_result().items()})

    def _variables(self) -> list:
        return [variable for metric in self.model.metrics for variable in metric.variables]
