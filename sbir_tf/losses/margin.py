"""What MEMS and EMS share: a margin that a callback can move, and the logits' softmax."""

import math
import warnings

import keras
import tensorflow as tf

from sbir_tf.errors import UserError
from sbir_tf.losses.cross_entropy import cross_entropy

# From this margin on, every class is tighter than its distance to the next: see MEMS.
GUARANTEED_MARGIN = 2 + math.sqrt(3)


class MarginLoss(keras.losses.Loss):
    """Softmax cross-entropy over distances to class centres, the true class's enlarged.

    Args:
        margin: The final margin `m`, at least 1.
        name: Name of the loss.

    Attributes:
        current_margin: Scalar float32 variable, the margin in force. It starts at `margin`;
            a `MarginSchedule` callback moves it during training.

    Raises:
        UserError: If `margin` is below 1.
    """

    head = "centers"
    compares = "distance"

    def __init__(self, margin=4.0, name=None, **kwargs):
        super().__init__(name=name, **kwargs)
        if not margin >= 1:
            raise UserError(f"`margin` must be at least 1. Received: margin={margin}")
        if margin < GUARANTEED_MARGIN:
            warnings.warn(
                f"margin={margin} is below 2 + sqrt(3) = {GUARANTEED_MARGIN:.4f}: a class may be "
                "wider than its distance to the next. Use margin=4 for the published guarantee.",
                stacklevel=3,
            )
        self.margin = float(margin)
        self.current_margin = tf.Variable(
            self.margin, trainable=False, dtype=tf.float32, name="margin"
        )

    def own_class_scaled(self, y_true, distances, factor):
        """Cross-entropy (B,) of logits `-distances`, the true class's times `factor`."""
        return cross_entropy(y_true, -distances, -factor * distances)

    def scores(self, y_pred):
        """(B, K), higher is more likely: the nearest centre, whatever the margin."""
        return -tf.cast(y_pred, tf.float32)

    def get_config(self):
        return super().get_config() | {"margin": self.margin}
