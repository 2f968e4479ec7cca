"""Domain-aware squeeze-and-excitation."""

import keras
import tensorflow as tf

from sbir_tf.layers.reduction import check_reduction, reduced_channels


@keras.saving.register_keras_serializable(package="sbir_tf")
class DASE(keras.layers.Layer):
    """Channel gate that also knows whether its input is a sketch or a photo.

    For features `x` and domain bit `d` (sketch 0, photo 1):

        z = mean over H, W of x
        h = a(z W1 + b1)                  C -> C / r
        g = sigmoid([h ; d] W2 + b2)      (C / r + 1) -> C
        y = x * g

    The bit joins after the reduction, so that `W2` has one row more than in plain SE; with
    that row at zero the gate is exactly the SE gate, for both domains. All of it is computed
    in float32 under every precision policy.

    Args:
        reduction: `r`, by how much the squeeze reduces the channels.
        squeeze_activation: `a`. The published SE checkpoints use "relu", the authors' 2021
            release "sigmoid".
        domain: False gives plain squeeze-and-excitation; the bit is then ignored.
        identity: Start as the identity, for a backbone that was pretrained without gates:
            `W2` and `b2` start at zero and `g = 2 sigmoid(.)`, which is exactly 1.

    Input shapes: features (B, H, W, C) float, domain (B, 1) numeric.
    Output shape: (B, H, W, C), the dtype of the layer's policy.

    Raises:
        UserError: If `reduction` is below 1, or above the number of channels.

    Reference:
        Lu et al., Domain-Aware SE Network for Sketch-based Image Retrieval with
        Multiplicative Euclidean Margin Softmax, ACM Multimedia 2021, section 3.2.
        Hu et al., Squeeze-and-Excitation Networks, CVPR 2018, equations 2-4.
    """

    def __init__(
        self, reduction=16, squeeze_activation="relu", domain=True, identity=False, **kwargs
    ):
        super().__init__(**kwargs)
        self.reduction = check_reduction(reduction)
        self.squeeze_activation = keras.activations.get(squeeze_activation)
        self.domain = domain
        self.identity = identity

    def build(self, input_shape):
        channels = input_shape[0][-1]
        squeezed = reduced_channels(channels, self.reduction)
        excite_init = "zeros" if self.identity else "glorot_uniform"
        self.squeeze_kernel = self.add_weight(
            name="squeeze_kernel", shape=(channels, squeezed), initializer="glorot_uniform"
        )
        self.squeeze_bias = self.add_weight(
            name="squeeze_bias", shape=(squeezed,), initializer="zeros"
        )
        self.excite_kernel = self.add_weight(
            name="excite_kernel",
            shape=(squeezed + int(self.domain), channels),
            initializer=excite_init,
        )
        self.excite_bias = self.add_weight(
            name="excite_bias", shape=(channels,), initializer="zeros"
        )
        super().build(input_shape)

    def call(self, inputs):
        features, domain = inputs
        # A product in half precision would sum the gate's gradient over H and W in it, too.
        gate = self.gate(features, domain)[:, None, None, :]
        return tf.cast(tf.cast(features, tf.float32) * gate, self.compute_dtype)

    def gate(self, features, domain):
        """The gate `g` of each channel, (B, C) float32, in (0, 1), or (0, 2) with `identity`."""
        # On a CPU a sum of bfloat16 stops growing once its terms are below half its last digit.
        squeezed = tf.reduce_mean(tf.cast(features, tf.float32), axis=(1, 2))
        w1, b1, w2, b2 = (tf.cast(weight, tf.float32) for weight in self.kernels_and_biases())
        hidden = self.squeeze_activation(squeezed @ w1 + b1)
        if self.domain:
            hidden = tf.concat([hidden, tf.cast(domain, tf.float32)], axis=-1)
        gate = tf.sigmoid(hidden @ w2 + b2)
        return 2 * gate if self.identity else gate

    def kernels_and_biases(self):
        """W1, b1, W2, b2; under mixed precision Keras hands them out in half."""
        return self.squeeze_kernel, self.squeeze_bias, self.excite_kernel, self.excite_bias

    def compute_output_shape(self, input_shape):
        return input_shape[0]

    def get_config(self):
        return super().get_config() | {
            "reduction": self.reduction,
            "squeeze_activation": keras.activations.serialize(self.squeeze_activation),
            "domain": self.domain,
            "identity": self.identity,
        }
