"""Selective kernel, a rival of squeeze-and-excitation."""

import keras
import tensorflow as tf

from sbir_tf.layers.reduction import check_reduction, reduced_channels


@keras.saving.register_keras_serializable(package="sbir_tf")
class SelectiveKernel(keras.layers.Layer):
    """Mixes branches of different kernel sizes, each channel by its own weights.

    For the branches' features `u_1 ... u_n`, here of a 3 x 3 convolution and of one dilated by
    2 that stands for 5 x 5, each with its batch-norm and ReLU:

        s = mean over H, W of sum_k u_k             fuse, (B, C)
        h = relu(batch_norm(s W))                   C -> max(C / r, smallest)
        g_k = softmax over k of h A_k               select, a weight a branch and channel
        y = sum_k g_k u_k

    The convolutions are layers of the network; this layer fuses and selects. It has no start
    as the identity, for it stands where a convolution stood. The means, the weights and the
    mixture are computed in float32 under every precision policy.

    Args:
        reduction: `r`, by how much the fused vector is reduced.
        smallest: The fewest channels of the fused vector; published is 32.
        batch_norm_momentum: Of the moving statistics.
        sync_batch_norm: Whether the norm's statistics are of all replicas' items together.

    Input shapes: two or more of (B, H, W, C).
    Output shape: (B, H, W, C), the dtype of the layer's policy.

    Raises:
        UserError: If `reduction` is below 1, or above the number of channels.

    Reference:
        Li et al., Selective Kernel Networks, CVPR 2019, equations 1-6.
    """

    def __init__(
        self,
        reduction=16,
        smallest=32,
        batch_norm_momentum=0.99,
        sync_batch_norm=False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.reduction = check_reduction(reduction)
        self.smallest = smallest
        self.batch_norm_momentum = batch_norm_momentum
        self.sync_batch_norm = sync_batch_norm
        self.norm = keras.layers.BatchNormalization(
            momentum=batch_norm_momentum,
            epsilon=1e-5,
            dtype="float32",
            name="norm",
            synchronized=sync_batch_norm,
        )

    def build(self, input_shape):
        channels = input_shape[0][-1]
        fused = max(reduced_channels(channels, self.reduction), self.smallest)
        self.fuse_kernel = self.add_weight(
            name="fuse_kernel", shape=(channels, fused), initializer="glorot_uniform"
        )
        self.select_kernel = self.add_weight(
            name="select_kernel",
            shape=(fused, len(input_shape) * channels),
            initializer="glorot_uniform",
        )
        self.norm.build((input_shape[0][0], fused))
        super().build(input_shape)

    def call(self, inputs, training=None):
        branches = tf.stack([tf.cast(branch, tf.float32) for branch in inputs], axis=1)
        weights = self.weights_of(branches, training)
        mixed = tf.reduce_sum(branches * weights[:, :, None, None, :], axis=1)
        return tf.cast(mixed, self.compute_dtype)

    def weights_of(self, branches, training=None):
        """The weight of each branch and channel, (B, n, C), from branches (B, n, H, W, C)."""
        fused = tf.reduce_mean(tf.reduce_sum(branches, axis=1), axis=(1, 2))
        hidden = self.norm(fused @ tf.cast(self.fuse_kernel, tf.float32), training=training)
        scores = tf.nn.relu(hidden) @ tf.cast(self.select_kernel, tf.float32)
        shape = (-1, branches.shape[1], branches.shape[-1])
        return tf.nn.softmax(tf.reshape(scores, shape), axis=1)

    def compute_output_shape(self, input_shape):
        return input_shape[0]

    def get_config(self):
        return super().get_config() | {
            "reduction": self.reduction,
            "smallest": self.smallest,
            "batch_norm_momentum": self.batch_norm_momentum,
            "sync_batch_norm": self.sync_batch_norm,
        }
