"""Multiplicative Euclidean margin softmax."""

import keras
import tensorflow as tf

from sbir_tf.losses.margin import MarginLoss


@keras.saving.register_keras_serializable(package="sbir_tf")
class MEMS(MarginLoss):
    """Multiplicative Euclidean margin softmax (MEMS), on squared distances.

    For an embedding `f` of class `y`, class centres `c` and margin `m`:

        z_j = -||f - c_j||^2            for j != y
        z_y = -m^2 ||f - c_y||^2
        loss = -log softmax(z)_y

    so that the decision boundary asks `m ||f - c_y|| < ||f - c_j||` of every other class.
    For m > 2 + sqrt(3) that makes any two classes narrower than the gap between them: with
    centres D apart, the widest pair inside a class is `2 m D / (m^2 - 1)` apart, the closest
    pair of two classes `D (m - 1) / (m + 1)`.

    Args:
        margin: `m`, at least 1; 1 is plain softmax over squared distances.
        name: Name of the loss.

    Call shapes: `y_true` (B,) or (B, 1) integer labels, `y_pred` (B, K) squared distances to
    the class centres (see `ClassCenters`). Gives (B,) before the reduction.

    Raises:
        UserError: If `margin` is below 1. Between 1 and 2 + sqrt(3) it warns.

    Reference:
        Lu et al., Domain-Aware SE Network for Sketch-based Image Retrieval with
        Multiplicative Euclidean Margin Softmax, ACM Multimedia 2021, section 3.3.
    """

    def __init__(self, margin=4.0, name="mems", **kwargs):
        super().__init__(margin, name, **kwargs)

    def call(self, y_true, y_pred):
        squared = tf.cast(y_pred, tf.float32)
        return self.own_class_scaled(y_true, squared, tf.square(self.current_margin))
