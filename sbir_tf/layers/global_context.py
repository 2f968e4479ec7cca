"""Global context, a rival of squeeze-and-excitation."""

import keras
import tensorflow as tf

from sbir_tf.layers.reduction import check_reduction, reduced_channels


@keras.saving.register_keras_serializable(package="sbir_tf")
class GlobalContext(keras.layers.Layer):
    """Adds to every position one vector that an attention pooled from all of them.

    For features `x` with positions `j`:

        a = softmax over j of (x_j Wk)              attention, one weight a position
        z = sum_j a_j x_j                           context, (B, C)
        h = relu(layer_norm(z W1 + b1))             C -> C / r
        y_i = x_i + h W2 + b2                       C / r -> C

    `W2` and `b2` start at zero, so that the layer starts as the identity. All of it is
    computed in float32 under every precision policy.

    Args:
        reduction: `r`, by how much the bottleneck reduces the channels.
        smallest: The fewest channels of the bottleneck: the layer norm of one channel is a
            constant, and of two, two constants.

    Input and output shape: (B, H, W, C), the dtype of the layer's policy.

    Raises:
        UserError: If `reduction` is below 1, or above the number of channels.

    Reference:
        Cao et al., GCNet: Non-local Networks Meet Squeeze-Excitation Networks and Beyond,
        ICCV Workshops 2019, equation 5. There it stands in the last three stages.
    """

    def __init__(self, reduction=16, smallest=8, **kwargs):
        super().__init__(**kwargs)
        self.reduction = check_reduction(reduction)
        self.smallest = smallest

    def build(self, input_shape):
        channels = input_shape[-1]
        squeezed = max(reduced_channels(channels, self.reduction), min(self.smallest, channels))
        # No bias: the softmax would not see it.
        self.attention_kernel = self.add_weight(
            name="attention_kernel", shape=(channels, 1), initializer="glorot_uniform"
        )
        self.squeeze_kernel = self.add_weight(
            name="squeeze_kernel", shape=(channels, squeezed), initializer="glorot_uniform"
        )
        self.squeeze_bias = self.add_weight(
            name="squeeze_bias", shape=(squeezed,), initializer="zeros"
        )
        self.norm_scale = self.add_weight(name="norm_scale", shape=(squeezed,), initializer="ones")
        self.norm_shift = self.add_weight(name="norm_shift", shape=(squeezed,), initializer="zeros")
        self.excite_kernel = self.add_weight(
            name="excite_kernel", shape=(squeezed, channels), initializer="zeros"
        )
        self.excite_bias = self.add_weight(
            name="excite_bias", shape=(channels,), initializer="zeros"
        )
        super().build(input_shape)

    def call(self, features):
        wide = tf.cast(features, tf.float32)
        added = self.transform(self.context(wide))
        return tf.cast(wide + added[:, None, None, :], self.compute_dtype)

    def context(self, features):
        """The attention-pooled context of float32 features, (B, C)."""
        batch, channels = tf.shape(features)[0], features.shape[-1]
        positions = tf.reshape(features, (batch, -1, channels))
        attention = tf.nn.softmax(positions @ wide_of(self.attention_kernel), axis=1)
        return tf.reduce_sum(positions * attention, axis=1)

    def transform(self, context):
        """What is added to every position, (B, C)."""
        squeezed = context @ wide_of(self.squeeze_kernel) + wide_of(self.squeeze_bias)
        mean, variance = tf.nn.moments(squeezed, axes=-1, keepdims=True)
        normed = (squeezed - mean) * tf.math.rsqrt(variance + 1e-5)
        hidden = tf.nn.relu(normed * wide_of(self.norm_scale) + wide_of(self.norm_shift))
        return hidden @ wide_of(self.excite_kernel) + wide_of(self.excite_bias)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return super().get_config() | {"reduction": self.reduction, "smallest": self.smallest}


def wide_of(weight):
    """A weight in float32; under mixed precision Keras hands it out in half."""
    return tf.cast(weight, tf.float32)
