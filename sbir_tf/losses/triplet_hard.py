"""Triplet loss with the batch's hardest positives and negatives."""

import keras
import tensorflow as tf

from sbir_tf.errors import UserError
from sbir_tf.losses.addons import addons_losses
from sbir_tf.losses.cross_entropy import labels_of
from sbir_tf.losses.whole_batch import whole_batch


@keras.saving.register_keras_serializable(package="sbir_tf")
class TripletHard(keras.losses.Loss):
    """Triplet loss, batch-hard: the farthest positive against the nearest negative.

    For each anchor `a` of the batch, with distances `d` between embeddings:

        L = max(0, m + max over p of d(a, p) - min over n of d(a, n))

    `p` of its own class, `n` of another. The loss is the mean over anchors. One without a
    positive counts `d(a, p)` as 0, one without a negative takes its farthest item for it.
    Under several replicas the items are those of the whole batch.

    Args:
        margin: `m`, positive.
        name: Name of the loss.

    Call shapes: `y_true` (B,) or (B, 1) integer labels, `y_pred` (B, D) embeddings. Gives a
    scalar, which the reduction leaves as it is.

    Raises:
        UserError: If `margin` is not positive, or tensorflow-addons is not installed.

    Reference:
        Hermans et al., In Defense of the Triplet Loss for Person Re-Identification,
        arXiv 1703.07737, equation 5. tensorflow-addons computes it.
    """

    head = "embeddings"
    compares = "distance"

    def __init__(self, margin=0.2, name="triplet_hard", **kwargs):
        super().__init__(name=name, **kwargs)
        if not margin > 0:
            raise UserError(f"`margin` must be positive. Received: margin={margin}")
        self.margin = float(margin)
        self.addons = addons_losses(name)

    def call(self, y_true, y_pred):
        labels, embeddings = whole_batch(labels_of(y_true), tf.cast(y_pred, tf.float32))
        return self.addons.triplet_hard_loss(labels, embeddings, self.margin)

    def get_config(self):
        return super().get_config() | {"margin": self.margin}
