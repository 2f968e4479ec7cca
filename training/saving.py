"""When a training's state is kept."""

from collections.abc import Sequence

import keras

from sbir_tf.errors import UserError, nearest
from training.checkpoints import Checkpoints
from training.config import Config
from training.position import Position
from training.preemption import Preemption
from training.state import TrainingState


class SaveCheckpoint(keras.callbacks.Callback):
    """Keeps a training's state; must come after all callbacks that have one or that log.

    It does so after each epoch, after every `checkpoint_every` steps, and when the process is
    asked to end, but never once a guard finds the weights broken.

    Args:
        config: Says how often, and which metric calls a checkpoint the best.
        checkpoints: Where they are kept.
        state: What is kept.
        position: Where the training stands.
        preemption: Says whether the process is asked to end.
        guards: Their `check_weights` refuses a state that is not worth keeping.

    Raises:
        UserError: If a checkpoint could not be written.
        TrainingEnded: If a guard refuses the state.
        Preempted: When the process was asked to end and the state is kept.
    """

    def __init__(
        self,
        config: Config,
        checkpoints: Checkpoints,
        state: TrainingState,
        position: Position,
        preemption: Preemption,
        guards: Sequence[keras.callbacks.Callback],
    ):
        super().__init__()
        self.every, self.best_metric = config.checkpoint_every, config.best_metric
        self.checkpoints, self.training_state = checkpoints, state
        self.position, self.preemption, self.guards = position, preemption, guards

    def on_train_batch_end(self, batch, logs=None):
        if not self.position.inside_epoch:
            return  # the end of the epoch changes the state once more
        step = self.position.step
        ends = self.preemption.ends_after(step)
        if ends or (self.every and step % self.every == 0):
            self.save()
        if ends:
            self.preemption.end(step)

    def on_epoch_end(self, epoch, logs=None):
        self.save(self._score(logs))
        step, more = self.position.step, epoch + 1 < self.params["epochs"]
        if more and self.preemption.ends_after(step, epoch=True):
            self.preemption.end(step)

    def save(self, score: float | None = None) -> None:
        """Keep the state as it is now."""
        step = self.position.step
        for guard in self.guards:
            guard.check_weights()
        try:
            self.checkpoints.save(step, self.training_state.write, score)
        except OSError as error:
            kept = self.checkpoints.steps()
            left = f"that of step {kept[-1]} is kept" if kept else "there is none before it"
            raise UserError(
                f"The checkpoint of step {step} could not be written to "
                f"{self.checkpoints.folder} ({error.strerror or error}); {left}. Free some space "
                "and run the same command again"
            ) from error

    def _score(self, logs: dict) -> float | None:
        """How good an epoch is, the higher the better; None if it was not measured."""
        if self.best_metric not in logs:
            return None
        value = float(logs[self.best_metric])
        return -value if self.best_metric.endswith("loss") else value


def check_metric(
    config: Config,
    metrics: Sequence[keras.metrics.Metric],
    callbacks: Sequence[keras.callbacks.Callback],
) -> None:
    """Refuse a `best_metric` that no epoch will log.

    Args:
        config: Of the training.
        metrics: That it is compiled with.
        callbacks: Its own; one that logs has the names in `LOGS`.

    Raises:
        UserError: Naming the nearest one that is logged.
    """
    own = [name for callback in callbacks for name in getattr(callback, "LOGS", ())]
    logged = ["loss", *(metric.name for metric in metrics), *own]
    if config.best_metric not in (None, *logged):
        raise UserError(
            f"best_metric={config.best_metric} is not in the log"
            f"{nearest(config.best_metric, logged)}"
        )
