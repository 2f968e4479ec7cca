"""Triplet loss with semi-hard negatives."""

import keras
import tensorflow as tf

from sbir_tf.errors import UserError
from sbir_tf.losses.addons import addons_losses
from sbir_tf.losses.cross_entropy import labels_of
from sbir_tf.losses.whole_batch import whole_batch


@keras.saving.register_keras_serializable(package="sbir_tf")
class TripletSemiHard(keras.losses.Loss):
    """Triplet loss: each positive against the nearest negative that is farther than it.

    Embeddings are first scaled to unit length. For each anchor `a` and each other item `p` of
    its class, with squared distances `d`:

        n = the nearest item of another class with d(a, n) > d(a, p),
            or, where there is none, the farthest of another class
        L = max(0, m + d(a, p) - d(a, n))

    The loss is the mean over all such pairs; a batch without any gives 0. In a batch of one
    class `d(a, n)` counts as 0. Under several replicas the items are those of the whole batch.

    Args:
        margin: `m`, positive.
        name: Name of the loss.

    Call shapes: `y_true` (B,) or (B, 1) integer labels, `y_pred` (B, D) embeddings. Gives a
    scalar, which the reduction leaves as it is.

    Raises:
        UserError: If `margin` is not positive, or tensorflow-addons is not installed.

    Reference:
        Schroff et al., FaceNet: A Unified Embedding for Face Recognition and Clustering,
        CVPR 2015, equation 2 and section 3.2. tensorflow-addons computes it.
    """

    head = "embeddings"
    compares = "direction"

    def __init__(self, margin=0.2, name="triplet_semi_hard", **kwargs):
        super().__init__(name=name, **kwargs)
        if not margin > 0:
            raise UserError(f"`margin` must be positive. Received: margin={margin}")
        self.margin = float(margin)
        self.addons = addons_losses(name)

    def call(self, y_true, y_pred):
        labels, embeddings = whole_batch(labels_of(y_true), tf.cast(y_pred, tf.float32))
        embeddings = tf.math.l2_normalize(embeddings, axis=1)
        same = tf.equal(labels[:, None], labels[None, :])
        # Without a pair of one class tensorflow-addons divides 0 by 0.
        return tf.cond(
            tf.math.count_nonzero(same) > tf.size(labels, tf.int64),
            lambda: self.addons.triplet_semihard_loss(
                labels, embeddings, self.margin, "squared-L2"
            ),
            lambda: 0.0 * tf.reduce_sum(embeddings),
        )

    def get_config(self):
        return super().get_config() | {"margin": self.margin}
