"""ArcFace: additive angular margin loss."""

import math

import keras
import tensorflow as tf

from sbir_tf.errors import UserError
from sbir_tf.losses.cross_entropy import cross_entropy

# Keeps the sine's gradient finite where an embedding points exactly along its class.
SMALLEST_SQUARED_SINE = 1e-12


@keras.saving.register_keras_serializable(package="sbir_tf")
class ArcFace(keras.losses.Loss):
    """Additive angular margin loss: a margin added to the true class's angle.

    For the angle `theta_j` between an embedding of class `y` and the direction of class j:

        z_j = s cos(theta_j)            for j != y
        z_y = s cos(theta_y + m)
        loss = -log softmax(z)_y

    Where `theta_y + m` passes pi, the cosine would rise again and reward the worst angles:
    there, as in the authors' release, `z_y = s (cos(theta_y) - m sin(m))`.

    Args:
        margin: `m`, radians, from 0 to below pi.
        scale: `s`, positive.
        name: Name of the loss.

    Call shapes: `y_true` (B,) or (B, 1) integer labels, `y_pred` (B, 3, K) the planes of
    `ClassAngles`, of which it reads the cosines. Gives (B,) before the reduction.

    Raises:
        UserError: If `margin` or `scale` is out of its range.

    Reference:
        Deng et al., ArcFace: Additive Angular Margin Loss for Deep Face Recognition,
        CVPR 2019, equation 3.
    """

    head = "angles"
    compares = "direction"

    def __init__(self, margin=0.5, scale=64.0, name="arcface", **kwargs):
        super().__init__(name=name, **kwargs)
        if not 0 <= margin < math.pi:
            raise UserError(f"`margin` must be from 0 to below pi. Received: margin={margin}")
        if not scale > 0:
            raise UserError(f"`scale` must be positive. Received: scale={scale}")
        self.margin = float(margin)
        self.scale = float(scale)

    def call(self, y_true, y_pred):
        cosines = self.scores(y_pred)
        return cross_entropy(y_true, self.scale * cosines, self.scale * self.margined(cosines))

    def margined(self, cosines):
        """`cos(theta + m)`, continued downwards where `theta + m` passes pi."""
        # By the sum formula: the arc cosine's own gradient is infinite at both ends.
        sines = tf.sqrt(tf.maximum(1 - tf.square(cosines), SMALLEST_SQUARED_SINE))
        turned = cosines * math.cos(self.margin) - sines * math.sin(self.margin)
        beyond = cosines - self.margin * math.sin(self.margin)
        return tf.where(cosines > -math.cos(self.margin), turned, beyond)

    def scores(self, y_pred):
        """(B, K), higher is more likely."""
        return tf.cast(y_pred[:, 0], tf.float32)

    def get_config(self):
        return super().get_config() | {"margin": self.margin, "scale": self.scale}
