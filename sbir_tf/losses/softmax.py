"""Plain softmax cross-entropy."""

import keras
import tensorflow as tf

from sbir_tf.losses.cross_entropy import cross_entropy


@keras.saving.register_keras_serializable(package="sbir_tf")
class Softmax(keras.losses.Loss):
    """Softmax cross-entropy over a linear classifier: the rival without any margin.

    For an embedding `f` of class `y`, class weights `w` and biases `b`:

        z_j = w_j . f + b_j
        loss = -log softmax(z)_y

    Args:
        name: Name of the loss.

    Call shapes: `y_true` (B,) or (B, 1) integer labels, `y_pred` (B, K) logits `z`. Gives (B,)
    before the reduction.

    Reference:
        Bridle, Probabilistic interpretation of feedforward classification network outputs,
        Neurocomputing, 1990.
    """

    head = "classifier"
    compares = "distance"

    def __init__(self, name="softmax", **kwargs):
        super().__init__(name=name, **kwargs)

    def call(self, y_true, y_pred):
        return cross_entropy(y_true, self.scores(y_pred))

    def scores(self, y_pred):
        """(B, K), higher is more likely."""
        return tf.cast(y_pred, tf.float32)
