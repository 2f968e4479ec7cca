"""SphereFace: softmax with a multiplicative angular margin (A-Softmax)."""

import keras
import tensorflow as tf

from sbir_tf.losses.annealed import MultipliedAngleLoss
from sbir_tf.losses.cross_entropy import cross_entropy


@keras.saving.register_keras_serializable(package="sbir_tf")
class SphereFace(MultipliedAngleLoss):
    """A-Softmax: `m` times the angle, with classes of unit length.

    For an embedding `f` of class `y` and its angles `theta` to the classes' directions:

        z_j = ||f|| cos(theta_j)            for j != y
        z_y = ||f|| (lambda cos(theta_y) + psi(theta_y)) / (1 + lambda)
        psi(theta) = (-1)^k cos(m theta) - 2k,   theta in [k pi / m, (k + 1) pi / m]
        loss = -log softmax(z)_y

    Published: `lambda = max(lambda_end, lambda_start / (1 + gamma t))` with 1000, 5 and 0.12,
    so that it rests after 1,658 of 28,000 steps. `LambdaSchedule` keeps the curve and chooses
    gamma so that it rests after a given number of steps.

    Args:
        margin: `m`, a whole number, at least 1; 1 is softmax over unit-length classes.
        lambda_start: `lambda` at a training's first step.
        lambda_end: The `lambda` that the training falls to.
        name: Name of the loss.

    Call shapes: `y_true` (B,) or (B, 1) integer labels, `y_pred` (B, 3, K) the planes of
    `ClassAngles`, of which it reads cosines and embeddings' lengths. Gives (B,) before the
    reduction.

    Raises:
        UserError: If an argument is out of its range.

    Reference:
        Liu et al., SphereFace: Deep Hypersphere Embedding for Face Recognition, CVPR 2017,
        equation 7.
    """

    def __init__(self, margin=4, lambda_start=1000.0, lambda_end=5.0, name="sphereface", **kwargs):
        super().__init__(margin, lambda_start, lambda_end, name, **kwargs)

    def call(self, y_true, y_pred):
        cosines, lengths, _ = tf.unstack(tf.cast(y_pred, tf.float32), axis=1)
        return cross_entropy(y_true, lengths * cosines, lengths * self.margined(cosines))

    def scores(self, y_pred):
        """(B, K), higher is more likely."""
        return tf.reduce_prod(tf.cast(y_pred[:, :2], tf.float32), axis=1)
