"""A convolution of channel groups that trains on every device."""

import functools

import keras
import tensorflow as tf

from sbir_tf.errors import UserError


@keras.saving.register_keras_serializable(package="sbir_tf")
class GroupedConv2D(keras.layers.Layer):
    """Convolution in which each group of output channels sees one group of input channels.

    The same function and the same kernel as Keras' `Conv2D(groups=...)`, which compiles it with
    XLA: on a CPU its gradient took 400 times longer than TensorFlow's own. TensorFlow's own has
    no gradient on some CPUs (without oneDNN, or in float16), so that this layer asks once, and
    there convolves group by group. A SavedModel keeps the way that was chosen where it was
    exported: made with oneDNN, TensorFlow's default, it wants oneDNN where it is served.

    No padding and no bias: the networks pad before it and normalise behind.

    Args:
        filters: Number of output channels, a multiple of `groups`.
        kernel_size: Side of the square kernel.
        strides: Of both axes; 1 where dilated.
        groups: Into how many groups the channels are cut.
        dilation_rate: Of both axes.

    Input shape: (B, H, W, C), C a multiple of `groups`. Output shape: (B, H', W', filters).

    Raises:
        UserError: If the channels or the filters cannot be cut into `groups`.

    Reference:
        Xie et al., Aggregated Residual Transformations for Deep Neural Networks, CVPR 2017,
        figure 3c.
    """

    def __init__(self, filters, kernel_size, strides=1, groups=1, dilation_rate=1, **kwargs):
        super().__init__(**kwargs)
        if filters % groups:
            raise UserError(
                f"`filters` must be a multiple of groups={groups}. Received: filters={filters}"
            )
        self.filters = filters
        self.kernel_size = kernel_size
        self.strides = strides
        self.groups = groups
        self.dilation_rate = dilation_rate

    def build(self, input_shape):
        channels = input_shape[-1]
        if channels % self.groups:
            raise UserError(
                f"`groups` must divide the {channels} channels of the features. "
                f"Received: groups={self.groups}"
            )
        self.kernel = self.add_weight(
            name="kernel",
            shape=(self.kernel_size, self.kernel_size, channels // self.groups, self.filters),
            initializer="he_normal",
        )
        super().build(input_shape)

    def call(self, features):
        kernel = tf.convert_to_tensor(self.kernel)
        if has_grouped_gradient(features.dtype.name):
            return self.convolve(features, kernel)
        parts = tf.split(features, self.groups, axis=-1)
        kernels = tf.split(kernel, self.groups, axis=-1)
        return tf.concat([self.convolve(*pair) for pair in zip(parts, kernels, strict=True)], -1)

    def convolve(self, features, kernel):
        return tf.nn.convolution(
            features, kernel, self.strides, "VALID", dilations=self.dilation_rate
        )

    def compute_output_shape(self, input_shape):
        reach = self.dilation_rate * (self.kernel_size - 1)
        sides = (
            None if side is None else (side - reach - 1) // self.strides + 1
            for side in input_shape[1:3]
        )
        return (input_shape[0], *sides, self.filters)

    def get_config(self):
        return super().get_config() | {
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "groups": self.groups,
            "dilation_rate": self.dilation_rate,
        }


@functools.cache
def has_grouped_gradient(dtype: str) -> bool:
    """Whether TensorFlow differentiates a grouped convolution of this type on this machine."""
    # Out of the graph that is being built, where no tape records: an answer, not an operation.
    with tf.init_scope():
        kernel, above = tf.ones((3, 3, 2, 4), dtype), tf.ones((1, 1, 1, 4), dtype)
        convolution = {"out_backprop": above, "strides": [1, 1, 1, 1], "padding": "VALID"}
        try:
            tf.raw_ops.Conv2DBackpropInput(input_sizes=(1, 3, 3, 4), filter=kernel, **convolution)
            tf.raw_ops.Conv2DBackpropFilter(
                input=tf.ones((1, 3, 3, 4), dtype), filter_sizes=kernel.shape, **convolution
            )
        except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError):
            return False
    return True
