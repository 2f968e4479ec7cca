"""The non-local block, a rival of squeeze-and-excitation."""

import keras
import tensorflow as tf

from sbir_tf.layers.reduction import check_reduction, reduced_channels


@keras.saving.register_keras_serializable(package="sbir_tf")
class NonLocal(keras.layers.Layer):
    """Every position looks at every other one: embedded Gaussian attention, added.

    For features `x` and `s`, those features max-pooled 2 x 2:

        a_ij = softmax over j of (x_i W_theta) . (s_j W_phi) / sqrt(C / 2)
        y_i = sum_j a_ij (s_j W_g)                  C / 2 channels
        z_i = x_i + batch_norm(y_i W_z)             C / 2 -> C

    The batch-norm's scale starts at zero, so that the layer starts as the identity. The
    affinities and their softmax are computed in float32 under every precision policy. Dividing
    by the root is the authors' release's; the paper's equation has no scale.

    Args:
        reduction: By how much the embeddings reduce the channels; published is 2.
        batch_norm_momentum: Of the moving statistics.
        sync_batch_norm: Whether the norm's statistics are of all replicas' items together.

    Input and output shape: (B, H, W, C), the dtype of the layer's policy. The affinities take
    B x HW x HW / 4 values.

    Raises:
        UserError: If `reduction` is below 1, or above the number of channels.

    Reference:
        Wang et al., Non-local Neural Networks, CVPR 2018, equations 4-6 and section 3.3. There
        it stands behind the residual blocks of the second and third stages.
    """

    def __init__(self, reduction=2, batch_norm_momentum=0.99, sync_batch_norm=False, **kwargs):
        super().__init__(**kwargs)
        self.reduction = check_reduction(reduction)
        self.batch_norm_momentum = batch_norm_momentum
        self.sync_batch_norm = sync_batch_norm
        self.norm = keras.layers.BatchNormalization(
            momentum=batch_norm_momentum,
            synchronized=sync_batch_norm,
            epsilon=1e-5,
            gamma_initializer="zeros",
            dtype=self.dtype_policy,
            name="norm",
        )

    def build(self, input_shape):
        channels = input_shape[-1]
        inner = reduced_channels(channels, self.reduction)
        shapes = {"theta": (channels, inner), "phi": (channels, inner), "g": (channels, inner)}
        for name, shape in (shapes | {"z": (inner, channels)}).items():
            kernel = self.add_weight(
                name=f"{name}_kernel", shape=shape, initializer="glorot_uniform"
            )
            setattr(self, f"{name}_kernel", kernel)
        self.norm.build(input_shape)
        super().build(input_shape)

    def call(self, features, training=None):
        subsampled = tf.nn.max_pool2d(features, ksize=2, strides=2, padding="SAME")
        positions, pooled = flat(features), flat(subsampled)
        attention = self.attention(positions @ self.theta_kernel, pooled @ self.phi_kernel)
        seen = tf.cast(attention, features.dtype) @ (pooled @ self.g_kernel)
        seen = tf.reshape(seen @ self.z_kernel, tf.shape(features))
        return features + self.norm(seen, training=training)

    def attention(self, theta, phi):
        """How much each position looks at each pooled one, (B, HW, HW / 4) float32."""
        theta = tf.cast(theta, tf.float32) * theta.shape[-1] ** -0.5
        return tf.nn.softmax(tf.matmul(theta, tf.cast(phi, tf.float32), transpose_b=True))

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return super().get_config() | {
            "reduction": self.reduction,
            "batch_norm_momentum": self.batch_norm_momentum,
            "sync_batch_norm": self.sync_batch_norm,
        }


def flat(features):
    """(B, H, W, C) to (B, HW, C)."""
    return tf.reshape(features, (tf.shape(features)[0], -1, features.shape[-1]))
