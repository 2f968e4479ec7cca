"""CosFace: large margin cosine loss."""

import keras
import tensorflow as tf

from sbir_tf.errors import UserError
from sbir_tf.losses.cross_entropy import cross_entropy


@keras.saving.register_keras_serializable(package="sbir_tf")
class CosFace(keras.losses.Loss):
    """Large margin cosine loss: a margin taken off the true class's cosine.

    For the angle `theta_j` between an embedding of class `y` and the direction of class j:

        z_j = s cos(theta_j)            for j != y
        z_y = s (cos(theta_y) - m)
        loss = -log softmax(z)_y

    Args:
        margin: `m`, from 0 to below 2, the range of a cosine.
        scale: `s`, positive.
        name: Name of the loss.

    Call shapes: `y_true` (B,) or (B, 1) integer labels, `y_pred` (B, 3, K) the planes of
    `ClassAngles`, of which it reads the cosines. Gives (B,) before the reduction.

    Raises:
        UserError: If `margin` or `scale` is out of its range.

    Reference:
        Wang et al., CosFace: Large Margin Cosine Loss for Deep Face Recognition, CVPR 2018,
        equation 4.
    """

    head = "angles"
    compares = "direction"

    def __init__(self, margin=0.35, scale=64.0, name="cosface", **kwargs):
        super().__init__(name=name, **kwargs)
        if not 0 <= margin < 2:
            raise UserError(f"`margin` must be from 0 to below 2. Received: margin={margin}")
        if not scale > 0:
            raise UserError(f"`scale` must be positive. Received: scale={scale}")
        self.margin = float(margin)
        self.scale = float(scale)

    def call(self, y_true, y_pred):
        cosines = self.scores(y_pred)
        return cross_entropy(y_true, self.scale * cosines, self.scale * (cosines - self.margin))

    def scores(self, y_pred):
        """(B, K), higher is more likely."""
        return tf.cast(y_pred[:, 0], tf.float32)

    def get_config(self):
        return super().get_config() | {"margin": self.margin, "scale": self.scale}
