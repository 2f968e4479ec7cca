"""Euclidean margin softmax: the 2018 form of MEMS."""

import keras
import tensorflow as tf

from sbir_tf.losses.margin import MarginLoss

# Keeps the square root's gradient finite where an embedding sits on its centre.
SMALLEST_SQUARED_DISTANCE = 1e-12


@keras.saving.register_keras_serializable(package="sbir_tf")
class EMS(MarginLoss):
    """Euclidean margin softmax (EMS), on the distances themselves.

    For an embedding `f` of class `y`, class centres `c` and margin `m`:

        z_j = -||f - c_j||              for j != y
        z_y = -m ||f - c_y||
        loss = -log softmax(z)_y

    The decision boundary is that of MEMS; the gradient's length does not grow with the
    distance, which makes a short training steadier.

    Args:
        margin: `m`, at least 1; 1 is plain softmax over distances.
        name: Name of the loss.

    Call shapes: `y_true` (B,) or (B, 1) integer labels, `y_pred` (B, K) squared distances to
    the class centres (see `ClassCenters`). Gives (B,) before the reduction.

    Raises:
        UserError: If `margin` is below 1. Between 1 and 2 + sqrt(3) it warns.

    Reference:
        Lu et al., arXiv 1812.04275 version 1 (2018), there called EMS.
    """

    def __init__(self, margin=4.0, name="ems", **kwargs):
        super().__init__(margin, name, **kwargs)

    def call(self, y_true, y_pred):
        squared = tf.maximum(tf.cast(y_pred, tf.float32), SMALLEST_SQUARED_DISTANCE)
        return self.own_class_scaled(y_true, tf.sqrt(squared), self.current_margin)
