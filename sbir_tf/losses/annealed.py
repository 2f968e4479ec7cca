"""What L-Softmax and SphereFace share: a multiplied angle, and its annealing."""

import math

import keras
import tensorflow as tf

from sbir_tf.errors import UserError


class MultipliedAngleLoss(keras.losses.Loss):
    """Losses that ask `m` times the angle of the true class.

    The true class's `cos(theta)` becomes `(lambda cos(theta) + psi(theta)) / (1 + lambda)`,

        psi(theta) = (-1)^k cos(m theta) - 2k,   theta in [k pi / m, (k + 1) pi / m]

    which falls over the whole half circle. A large `lambda` is plain softmax; the published
    trainings begin there and let it fall (see `current_lambda`).

    Args:
        margin: `m`, a whole number, at least 1.
        lambda_start: `lambda` at a training's first step.
        lambda_end: The `lambda` that the training falls to, not above `lambda_start`.
        name: Name of the loss.

    Attributes:
        current_lambda: Scalar float32 variable, the `lambda` in force. It starts at
            `lambda_end`; a `LambdaSchedule` callback moves it during training.

    Raises:
        UserError: If an argument is out of its range.
    """

    head = "angles"
    compares = "direction"

    def __init__(self, margin=4, lambda_start=1000.0, lambda_end=5.0, name=None, **kwargs):
        super().__init__(name=name, **kwargs)
        if not margin >= 1 or margin != int(margin):
            raise UserError(
                f"`margin` must be a whole number, at least 1. Received: margin={margin}"
            )
        if not 0 <= lambda_end <= lambda_start:
            raise UserError(
                "`lambda_end` must be from 0 to lambda_start. "
                f"Received: lambda_end={lambda_end}, lambda_start={lambda_start}"
            )
        self.margin = int(margin)
        self.lambda_start = float(lambda_start)
        self.lambda_end = float(lambda_end)
        self.current_lambda = tf.Variable(
            self.lambda_end, trainable=False, dtype=tf.float32, name="lambda"
        )

    def margined(self, cosines):
        """`(lambda cos(theta) + psi(theta)) / (1 + lambda)`."""
        softness = tf.convert_to_tensor(self.current_lambda)
        return (softness * cosines + psi(cosines, self.margin)) / (1 + softness)

    def get_config(self):
        return super().get_config() | {
            "margin": self.margin,
            "lambda_start": self.lambda_start,
            "lambda_end": self.lambda_end,
        }


def psi(cosines, margin: int):
    """`(-1)^k cos(m theta) - 2k` of `cos(theta)`, for a whole `m`."""
    # Chebyshev: cos(m theta) is a polynomial of cos(theta), with a gradient everywhere.
    before, multiplied = tf.ones_like(cosines), cosines
    for _ in range(margin - 1):
        before, multiplied = multiplied, 2 * cosines * multiplied - before
    # At the borders of k both sides agree in value and slope: rounding cannot matter.
    angles = tf.acos(tf.clip_by_value(tf.stop_gradient(cosines), -1.0, 1.0))
    k = tf.minimum(tf.floor(angles * margin / math.pi), margin - 1.0)
    return (1 - 2 * tf.math.floormod(k, 2.0)) * multiplied - 2 * k
