"""Softmax with centre loss."""

import keras
import tensorflow as tf

from sbir_tf.errors import UserError
from sbir_tf.losses.cross_entropy import cross_entropy, labels_of


@keras.saving.register_keras_serializable(package="sbir_tf")
class CenterLoss(keras.losses.Loss):
    """Softmax cross-entropy, plus a pull of each embedding to its class's centre.

    For an embedding `f` of class `y`, logits `z` of a linear classifier, class centres `c`:

        loss = -log softmax(z)_y + lambda / 2 ||f - c_y||^2

    The paper moves the centres by a rule of its own, a step of size alpha towards the mean of
    the batch's embeddings. Here they are weights that the optimizer moves along this loss's
    gradient, which is the same direction.

    Args:
        weight: `lambda`, not negative.
        name: Name of the loss.

    Call shapes: `y_true` (B,) or (B, 1) integer labels, `y_pred` (B, 2, K): logits, then
    squared distances to the class centres. Gives (B,) before the reduction.

    Raises:
        UserError: If `weight` is negative.

    Reference:
        Wen et al., A Discriminative Feature Learning Approach for Deep Face Recognition,
        ECCV 2016, equation 5.
    """

    head = "classifier_and_centers"
    compares = "distance"

    def __init__(self, weight=0.003, name="center", **kwargs):
        super().__init__(name=name, **kwargs)
        if not weight >= 0:
            raise UserError(f"`weight` must not be negative. Received: weight={weight}")
        self.weight = float(weight)

    def call(self, y_true, y_pred):
        squared = tf.cast(y_pred[:, 1], tf.float32)
        own = tf.gather(squared, labels_of(y_true), axis=1, batch_dims=1)
        return cross_entropy(y_true, self.scores(y_pred)) + self.weight / 2 * own

    def scores(self, y_pred):
        """(B, K), higher is more likely."""
        return tf.cast(y_pred[:, 0], tf.float32)

    def get_config(self):
        return super().get_config() | {"weight": self.weight}
