import numpy as np
import pytest
import tensorflow as tf

from sbir_tf.errors import UserError
from sbir_tf.layers import GroupedConv2D, grouped_conv2d

SUPPORTED = grouped_conv2d.has_grouped_gradient("float32")


@pytest.fixture
def features():
    return np.random.default_rng(0).normal(size=(2, 7, 8, 6)).astype(np.float32)


def convolved_by_definition(features, kernel, groups, stride, dilation):
    """One output value at a time: its window, its group's channels."""
    side, _, depth, filters = kernel.shape
    batch, height, width, _ = features.shape
    reach = dilation * (side - 1)
    rows, columns = (height - reach - 1) // stride + 1, (width - reach - 1) // stride + 1
    output = np.zeros((batch, rows, columns, filters))
    for row in range(rows):
        for column in range(columns):
            top, left = row * stride, column * stride
            window = features[
                :, top : top + reach + 1 : dilation, left : left + reach + 1 : dilation
            ]
            for channel in range(filters):
                first = channel // (filters // groups) * depth
                part = window[..., first : first + depth]
                output[:, row, column, channel] = (part * kernel[..., channel]).sum(axis=(1, 2, 3))
    return output


@pytest.fixture(params=[True, False], ids=["TensorFlow's own", "group by group"])
def way(request, monkeypatch):
    monkeypatch.setattr(grouped_conv2d, "has_grouped_gradient", lambda dtype: request.param)


@pytest.mark.parametrize(("groups", "stride", "dilation"), [(3, 1, 1), (2, 2, 1), (3, 1, 2)])
def test_it_is_the_convolution_of_each_group(features, way, groups, stride, dilation):
    layer = GroupedConv2D(12, 3, stride, groups, dilation)
    output = layer(features)
    expected = convolved_by_definition(features, layer.kernel.numpy(), groups, stride, dilation)
    np.testing.assert_allclose(output, expected, rtol=1e-4, atol=1e-5)
    assert layer.compute_output_shape((None, 7, 8, 6)) == (None, *expected.shape[1:])


def test_it_trains_in_a_graph(features, way):
    """The gradient of a sum of outputs by a kernel's value is the sum of what it multiplied."""
    if grouped_conv2d.has_grouped_gradient("float32") and not SUPPORTED:
        pytest.skip("this TensorFlow has no gradient of its own")
    layer = GroupedConv2D(12, 3, groups=3)

    @tf.function
    def gradient(x):
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(layer(x))
        return tape.gradient(total, layer.kernel)

    layer(features)
    received = gradient(tf.constant(features)).numpy()
    # Row 0, column 1 of the kernel; input channel 1 of the group of output channel 5.
    expected = features[:, 0:5, 1:7, 2 + 1].sum()
    np.testing.assert_allclose(received[0, 1, 1, 5], expected, rtol=1e-4)


def test_float16_trains_on_this_machine(features):
    layer = GroupedConv2D(6, 3, groups=3, dtype="mixed_float16")
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(tf.cast(layer(features), tf.float32))
    assert np.isfinite(tape.gradient(total, layer.kernel).numpy()).all()


def test_channels_that_cannot_be_cut_are_errors_that_name_the_groups(features):
    with pytest.raises(UserError, match=r"multiple of groups=4\. Received: filters=6"):
        GroupedConv2D(6, 3, groups=4)
    with pytest.raises(UserError, match=r"divide the 6 channels.*Received: groups=4"):
        GroupedConv2D(8, 3, groups=4)(features)
