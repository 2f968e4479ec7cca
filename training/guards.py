"""What ends a training that cannot recover, with a diagnosis, before it is kept."""

import math

import keras
import numpy as np

from sbir_tf.errors import UserError
from training.position import Position


class TrainingEnded(UserError):
    """A training that cannot go on: its checkpoints from before are kept."""


class CollapseError(TrainingEnded):
    """The class centres shrank to one point; the message says at which step."""


class ExplosionError(TrainingEnded):
    """The class centres grew beyond reason; the message says at which step."""


class DivergedError(TrainingEnded):
    """The loss or a weight is not a finite number any more."""


class DivergenceGuard(keras.callbacks.Callback):
    """Stops a training whose loss or weights are not finite numbers any more.

    A weight that is not a number may hide behind a loss that is one: some operations make NaN a
    number again.

    Args:
        position: Where the training stands.
        every: Steps between two looks at the weights; the loss is looked at after each step.

    Raises:
        DivergedError: After that step.
    """

    def __init__(self, position: Position, every: int = 10):
        super().__init__()
        self.position, self.every = position, every

    def on_train_batch_end(self, batch, logs=None):
        if not math.isfinite(logs["loss"]):
            self._end(f"the loss is {logs['loss']}")
        if self.position.step % self.every == 0:
            self.check_weights()

    def on_epoch_end(self, epoch, logs=None):
        self.check_weights()

    def check_weights(self) -> None:
        """Raise if a weight is not finite; nothing that a checkpoint should keep."""
        for weight in self.model.weights:
            if not np.isfinite(weight.numpy()).all():
                self._end(f"the weight {weight.name} is not finite")

    def _end(self, what: str) -> None:
        step = self.position.step
        epoch = (step - 1) // self.position.steps_per_epoch + 1
        raise DivergedError(
            f"The training diverged in epoch {epoch}: after step {step} {what}. Checkpoints "
            "from before stay. Lower optimizer.learning_rate or set optimizer.clip_norm, and "
            "name another folder with --to"
        )


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
        steps_per_epoch: For the message alone; None leaves the step out.

    Raises:
        CollapseError: At the end of the epoch that proves it.
    """

    LOGS = ("center_spread",)

    def __init__(
        self,
        centers,
        patience=2,
        loss_tolerance=0.03,
        shrunk=0.5,
        first_spread=None,
        steps_per_epoch=None,
    ):
        super().__init__()
        self.centers, self.patience = centers, patience
        self.loss_tolerance, self.shrunk = loss_tolerance, shrunk
        self.guess = math.log(centers.shape[0])
        self.first_spread = spread(centers.numpy()) if first_spread is None else first_spread
        self.steps_per_epoch = steps_per_epoch
        self.seen = 0

    def state(self) -> dict:
        return {"seen": self.seen, "first_spread": self.first_spread}

    def restore(self, state: dict) -> None:
        self.seen, self.first_spread = state["seen"], state["first_spread"]

    def on_epoch_end(self, epoch, logs=None):
        now = spread(self.centers.numpy())
        logs["center_spread"] = now
        sits = abs(logs["loss"] - self.guess) < self.loss_tolerance * self.guess
        self.seen = self.seen + 1 if sits and now < self.shrunk * self.first_spread else 0
        if self.seen >= self.patience:
            raise CollapseError(
                f"The training collapsed by epoch {epoch + 1}{self._step(epoch)}: the loss sits at "
                f"ln({self.centers.shape[0]}) = {self.guess:.2f} while the class centres shrank "
                f"from {self.first_spread:.3g} to {now:.3g}. Checkpoints from before stay. "
                "Use loss.schedule=earned, a smaller loss.margin, a larger loss.center_radius or "
                "more steps, and name another folder with --to"
            )

    def _step(self, epoch: int) -> str:
        return f" (step {(epoch + 1) * self.steps_per_epoch})" if self.steps_per_epoch else ""


class ExplosionGuard(keras.callbacks.Callback):
    """Stops a training whose class centres grow beyond reason.

    Of 116 trainings that went well (every loss that has centres, learning rates from 1e-3 to
    1e-2), the longest centre ended at most 1.1 times as long as at the start under EMS, 3.2
    times under MEMS and 10 times under the centre loss. `factor` is ten times the most.

    Args:
        centers: Variable (K, D).
        position: Where the training stands.
        every: Steps between two looks.
        factor: How many times its first length the longest centre may have.

    Raises:
        ExplosionError: After the step at which it is longer.
    """

    def __init__(self, centers, position: Position, every: int = 10, factor: float = 100.0):
        super().__init__()
        self.centers, self.position = centers, position
        self.every, self.factor = every, factor
        self.first_length = longest(centers.numpy())

    def state(self) -> dict:
        return {"first_length": self.first_length}

    def restore(self, state: dict) -> None:
        self.first_length = state["first_length"]

    def on_train_batch_end(self, batch, logs=None):
        if self.position.step % self.every == 0 or not self.position.inside_epoch:
            self.check_weights()

    def check_weights(self) -> None:
        """Raise if the longest centre is too long; nothing that a checkpoint should keep."""
        now = longest(self.centers.numpy())
        if now > self.factor * self.first_length:
            raise ExplosionError(
                f"The class centres exploded: after step {self.position.step} the longest has "
                f"norm {now:.3g}, {now / self.first_length:.0f} times the {self.first_length:.3g} "
                "of the start. Checkpoints from before stay. Lower optimizer.learning_rate "
                "or set optimizer.clip_norm, and name another folder with --to"
            )


def spread(centers: np.ndarray) -> float:
    """Root mean square distance of the centres (K, D) from their mean."""
    return float(np.sqrt(np.mean(np.sum((centers - centers.mean(axis=0)) ** 2, axis=1))))


def longest(centers: np.ndarray) -> float:
    """The largest norm of the centres (K, D)."""
    return float(np.linalg.norm(centers, axis=1).max())
