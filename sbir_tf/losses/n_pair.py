"""Multi-class N-pair loss over the positives of the batch."""

import keras
import tensorflow as tf

from sbir_tf.errors import UserError
from sbir_tf.losses.cross_entropy import labels_of
from sbir_tf.losses.whole_batch import whole_batch

# Stands for minus infinity, whose gradient would not be a number.
NO_LOGIT = -1e30


@keras.saving.register_keras_serializable(package="sbir_tf")
class NPair(keras.losses.Loss):
    """Multi-class N-pair loss: each positive against all negatives at once.

    For each ordered pair of different items `(i, p)` of one class in the batch:

        L = log(1 + sum over n of exp(f_i . f_n - f_i . f_p)),   n of every other class

    The loss is the mean over all such pairs, 0 if there is none, plus `lambda / 2` times the
    mean of `||f||^2`. With two items of each class it is the paper's, both of a pair taken as
    anchors and as negatives. Under several replicas they are the pairs of the whole batch.

    Args:
        weight: `lambda` of the embeddings' lengths, not negative.
        name: Name of the loss.

    Call shapes: `y_true` (B,) or (B, 1) integer labels, `y_pred` (B, D) embeddings. Gives a
    scalar, which the reduction leaves as it is.

    Raises:
        UserError: If `weight` is negative.

    Reference:
        Sohn, Improved Deep Metric Learning with Multi-class N-pair Loss Objective, NIPS 2016,
        section 3.2.
    """

    head = "embeddings"
    compares = "direction"

    def __init__(self, weight=0.002, name="n_pair", **kwargs):
        super().__init__(name=name, **kwargs)
        if not weight >= 0:
            raise UserError(f"`weight` must not be negative. Received: weight={weight}")
        self.weight = float(weight)

    def call(self, y_true, y_pred):
        labels, embeddings = whole_batch(labels_of(y_true), tf.cast(y_pred, tf.float32))
        products = tf.matmul(embeddings, embeddings, transpose_b=True)
        same = tf.equal(labels[:, None], labels[None, :])
        negatives = tf.reduce_logsumexp(tf.where(same, NO_LOGIT, products), 1, keepdims=True)
        positive = tf.cast(same, tf.float32) - tf.eye(tf.size(labels))
        pairs = positive * tf.nn.softplus(negatives - products)
        lengths = tf.reduce_mean(tf.reduce_sum(tf.square(embeddings), axis=1))
        mean = tf.reduce_sum(pairs) / tf.maximum(tf.reduce_sum(positive), 1)
        return mean + self.weight / 2 * lengths

    def get_config(self):
        return super().get_config() | {"weight": self.weight}
