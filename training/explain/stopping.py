"""When to stop: the validation part's mAP has not risen for a while."""

import keras

from training.config import Config
from training.position import Position
from training.progress import tell

METRIC = "val_map"


class StopEarly(keras.callbacks.Callback):
    """Stops after so many measurements without a better mAP.

    Args:
        patience: How many measurements.
    """

    def __init__(self, patience: int):
        super().__init__()
        self.patience, self.measured = patience, []

    def state(self) -> dict:
        return {"measured": self.measured}

    def restore(self, state: dict) -> None:
        self.measured = state["measured"]

    @property
    def stopped(self) -> bool:
        """Whether the training is at its end."""
        return waited(self.measured) >= self.patience

    def on_epoch_end(self, epoch, logs=None):
        if METRIC not in logs:
            return
        self.measured.append(float(logs[METRIC]))
        if self.stopped:
            self.model.stop_training = True
            tell(f"stopped after epoch {epoch + 1}: no better mAP in {self.patience} measurements")


def waited(measured: list[float]) -> int:
    """How many measurements came after the best one."""
    return len(measured) - 1 - measured.index(max(measured)) if measured else 0


def last_epoch(
    config: Config, callbacks: list[keras.callbacks.Callback], position: Position
) -> int:
    """The epoch after which `fit` ends: the present one, if the training stopped before."""
    stopped = any(isinstance(c, StopEarly) and c.stopped for c in callbacks)
    return position.epoch if stopped else config.steps // config.steps_per_epoch
