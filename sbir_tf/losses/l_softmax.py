"""L-Softmax: large-margin softmax."""

import keras
import tensorflow as tf

from sbir_tf.losses.annealed import MultipliedAngleLoss
from sbir_tf.losses.cross_entropy import cross_entropy


@keras.saving.register_keras_serializable(package="sbir_tf")
class LSoftmax(MultipliedAngleLoss):
    """Large-margin softmax: `m` times the angle, with free lengths.

    For an embedding `f` of class `y`, class weights `w` (no biases), angles `theta` between:

        z_j = ||w_j|| ||f|| cos(theta_j)            for j != y
        z_y = ||w_y|| ||f|| (lambda cos(theta_y) + psi(theta_y)) / (1 + lambda)
        psi(theta) = (-1)^k cos(m theta) - 2k,   theta in [k pi / m, (k + 1) pi / m]
        loss = -log softmax(z)_y

    Args:
        margin: `m`, a whole number, at least 1; 1 is softmax without biases.
        lambda_start: `lambda` at a training's first step.
        lambda_end: The `lambda` that the training falls to. The paper lets it fall to a small
            value of each experiment's own; the default is SphereFace's.
        name: Name of the loss.

    Call shapes: `y_true` (B,) or (B, 1) integer labels, `y_pred` (B, 3, K) the planes of
    `ClassAngles`: cosines, embeddings' lengths, classes' lengths. Gives (B,) before the
    reduction.

    Raises:
        UserError: If an argument is out of its range.

    Reference:
        Liu et al., Large-Margin Softmax Loss for Convolutional Neural Networks, ICML 2016,
        equations 4-6.
    """

    def __init__(self, margin=4, lambda_start=1000.0, lambda_end=5.0, name="l_softmax", **kwargs):
        super().__init__(margin, lambda_start, lambda_end, name, **kwargs)

    def call(self, y_true, y_pred):
        cosines, lengths, class_lengths = tf.unstack(tf.cast(y_pred, tf.float32), axis=1)
        own = class_lengths * lengths * self.margined(cosines)
        return cross_entropy(y_true, class_lengths * lengths * cosines, own)

    def scores(self, y_pred):
        """(B, K), higher is more likely."""
        return tf.reduce_prod(tf.cast(y_pred, tf.float32), axis=1)
