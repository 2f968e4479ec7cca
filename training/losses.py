"""A configuration's loss: made, with the head it needs and what moves beside it."""

import inspect

import keras
import tensorflow as tf

from sbir_tf import losses
from sbir_tf.errors import UserError
from sbir_tf.layers import ClassCenters
from sbir_tf.losses.cross_entropy import labels_of
from sbir_tf.models import add_head
from training.build import dtype_policy
from training.callbacks import LambdaSchedule, MarginSchedule
from training.config import Config
from training.guards import CollapseGuard, ExplosionGuard
from training.keeping import kept_near_its_start
from training.position import Position

LOSSES = {
    "mems": losses.MEMS,
    "ems": losses.EMS,
    "softmax": losses.Softmax,
    "center": losses.CenterLoss,
    "contrastive": losses.Contrastive,
    "triplet_semi_hard": losses.TripletSemiHard,
    "triplet_hard": losses.TripletHard,
    "n_pair": losses.NPair,
    "l_softmax": losses.LSoftmax,
    "sphereface": losses.SphereFace,
    "cosface": losses.CosFace,
    "arcface": losses.ArcFace,
    "prototypical": losses.Prototypical,
}
# Settings of `training.config.Loss` that are arguments of the losses that have them.
SETTINGS = ("margin", "scale", "weight", "lambda_end")


def loss_of(config: Config) -> keras.losses.Loss:
    """The loss of a configuration, over (labels, what the training head outputs).

    Raises:
        UserError: If a setting is out of its range, or the loss does not have it.
    """
    kind = LOSSES[config.loss.name]
    known = settings_of(config.loss.name)
    chosen = {name: getattr(config.loss, name) for name in SETTINGS}
    chosen = {name: value for name, value in chosen.items() if value is not None}
    for name, value in chosen.items():
        if name not in known:
            have = ", ".join(f"loss.{setting}" for setting in known) or "no setting"
            raise UserError(
                f"The loss {config.loss.name} has {have}: set loss.{name}=none. "
                f"Received: loss.{name}={value}"
            )
    return kind(**chosen)


def settings_of(name: str) -> tuple[str, ...]:
    """The settings that a loss has."""
    arguments = inspect.signature(LOSSES[name]).parameters
    return tuple(setting for setting in SETTINGS if setting in arguments)


def training_model(config: Config, encoder: keras.Model, classes: int) -> keras.Model:
    """The encoder with the head that the loss needs."""
    # Keras scales the loss of a model whose own policy is mixed_float16.
    with dtype_policy(config.precision):
        head, encoder = LOSSES[config.loss.name].head, kept_near_its_start(config, encoder)
        return add_head(encoder, head, classes, config.loss.center_radius, config.seed)


def compared_by_direction(config: Config) -> bool:
    """Whether embeddings are scaled to unit length before they are compared."""
    compares = config.loss.compare or LOSSES[config.loss.name].compares
    return compares == "direction"


def metrics_of(loss: keras.losses.Loss) -> list[keras.metrics.Metric]:
    """The accuracy, of a loss that has class scores."""
    return [OwnClassFirst(loss.scores)] if hasattr(loss, "scores") else []


def callbacks_of(
    config: Config,
    loss: keras.losses.Loss,
    model: keras.Model,
    position: Position,
    accuracy: tf.Variable | None = None,
) -> list[keras.callbacks.Callback]:
    """What moves the loss's margin or lambda, and watches its centres."""
    anneal = round(config.loss.anneal * config.steps)
    centers = class_centers(model)
    callbacks = [] if centers is None else [ExplosionGuard(centers, position)]
    if hasattr(loss, "current_margin"):
        power = config.loss.earn_power
        return [
            MarginSchedule(loss, config.loss.schedule, anneal, power=power, accuracy=accuracy),
            CollapseGuard(centers, steps_per_epoch=config.steps_per_epoch),
            *callbacks,
        ]
    if hasattr(loss, "current_lambda") and config.loss.schedule != "constant":
        return [LambdaSchedule(loss, anneal), *callbacks]
    return callbacks


def class_centers(model: keras.Model) -> tf.Variable | None:
    """The variable (K, D) of a model's class centres, or None."""
    layers = (layer for layer in model.layers if isinstance(layer, ClassCenters))
    return next((layer.centers for layer in layers), None)


class OwnClassFirst(keras.metrics.Mean):
    """Share of items whose own class has the highest score: the accuracy.

    Args:
        scores: Function of what the head outputs, to (B, K), higher is more likely.
    """

    def __init__(self, scores, name="accuracy", **kwargs):
        super().__init__(name=name, **kwargs)
        self.scores = scores

    def update_state(self, y_true, y_pred, sample_weight=None):
        first = tf.argmax(self.scores(y_pred), axis=-1)
        right = tf.cast(tf.equal(first, labels_of(y_true)), tf.float32)
        return super().update_state(right, sample_weight)
