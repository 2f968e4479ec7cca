"""Contrastive loss over all pairs of the batch."""

import keras
import tensorflow as tf

from sbir_tf.errors import UserError
from sbir_tf.losses.addons import addons_losses
from sbir_tf.losses.cross_entropy import labels_of
from sbir_tf.losses.whole_batch import whole_batch


@keras.saving.register_keras_serializable(package="sbir_tf")
class Contrastive(keras.losses.Loss):
    """Contrastive loss: pairs of one class together, pairs of two classes a margin apart.

    For each pair of embeddings at distance `d` of the batch:

        L = d^2                     of one class
        L = max(0, m - d)^2         of two classes

    The loss is the mean over all pairs; a batch of one has none and gives 0. Under several
    replicas they are the pairs of the whole batch.

    Args:
        margin: `m`, positive.
        name: Name of the loss.

    Call shapes: `y_true` (B,) or (B, 1) integer labels, `y_pred` (B, D) embeddings. Gives a
    scalar, which the reduction leaves as it is.

    Raises:
        UserError: If `margin` is not positive, or tensorflow-addons is not installed.

    Reference:
        Hadsell et al., Dimensionality Reduction by Learning an Invariant Mapping, CVPR 2006,
        equation 4 (twice it, as in tensorflow-addons, whose function computes it).
    """

    head = "embeddings"
    compares = "distance"

    def __init__(self, margin=1.0, name="contrastive", **kwargs):
        super().__init__(name=name, **kwargs)
        if not margin > 0:
            raise UserError(f"`margin` must be positive. Received: margin={margin}")
        self.margin = float(margin)
        self.addons = addons_losses(name)

    def call(self, y_true, y_pred):
        labels, embeddings = whole_batch(labels_of(y_true), tf.cast(y_pred, tf.float32))
        distances = self.addons.metric_learning.pairwise_distance(embeddings)
        same = tf.equal(labels[:, None], labels[None, :])
        each = self.addons.contrastive_loss(same, distances, self.margin)
        items = tf.cast(tf.size(labels), tf.float32)
        # An item paired with itself is of one class at distance 0: it adds nothing.
        return tf.reduce_sum(each) / tf.maximum(items * (items - 1), 1)

    def get_config(self):
        return super().get_config() | {"margin": self.margin}
