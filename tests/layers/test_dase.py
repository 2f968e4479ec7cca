import keras
import numpy as np
import pytest
import tensorflow as tf

from sbir_tf.errors import UserError
from sbir_tf.layers import DASE

CHANNELS = 12


@pytest.fixture
def features():
    return np.random.default_rng(0).normal(size=(4, 5, 6, CHANNELS)).astype(np.float32)


@pytest.fixture
def domain():
    return np.array([[0], [1], [0], [1]], np.float32)


def gate_by_definition(features, domain, layer, activation):
    """METHOD's four lines, one channel at a time, in float64."""
    w1, b1, w2, b2 = (np.asarray(w, np.float64) for w in layer.get_weights())
    output = np.empty(features.shape)
    for item, (x, d) in enumerate(zip(features.astype(np.float64), domain, strict=True)):
        z = x.mean(axis=(0, 1))
        h = activation(w1.T @ z + b1)
        if layer.domain:
            h = np.append(h, d)
        g = 1 / (1 + np.exp(-(w2.T @ h + b2)))
        for channel in range(CHANNELS):
            output[item, :, :, channel] = x[:, :, channel] * g[channel]
    return output


@pytest.mark.parametrize("domain_aware", [True, False])
@pytest.mark.parametrize(
    ("name", "activation"),
    [("relu", lambda v: np.maximum(v, 0)), ("sigmoid", lambda v: 1 / (1 + np.exp(-v)))],
)
def test_the_gate_is_the_published_formula(features, domain, domain_aware, name, activation):
    layer = DASE(reduction=4, squeeze_activation=name, domain=domain_aware)
    layer([features, domain])
    rng = np.random.default_rng(1)
    layer.set_weights([rng.normal(size=w.shape).astype(np.float32) for w in layer.get_weights()])
    expected = gate_by_definition(features, domain, layer, activation)
    np.testing.assert_allclose(layer([features, domain]), expected, rtol=1e-5, atol=1e-6)


def test_the_bit_is_the_last_row_of_the_second_kernel(features, domain):
    layer = DASE(reduction=4)
    layer([features, domain])
    squeezed = CHANNELS // 4
    assert layer.excite_kernel.shape == (squeezed + 1, CHANNELS)
    kernel = layer.excite_kernel.numpy()
    kernel[-1] = 0
    layer.excite_kernel.assign(kernel)
    as_sketch, as_photo = (layer([features, np.full((4, 1), bit)]).numpy() for bit in (0, 1))
    np.testing.assert_array_equal(as_sketch, as_photo)
    kernel[-1] = 1
    layer.excite_kernel.assign(kernel)
    photo_gate = layer.gate(features, np.ones((4, 1))).numpy()
    assert (photo_gate > layer.gate(features, np.zeros((4, 1))).numpy()).all()


def test_without_domain_it_is_plain_se_and_the_bit_changes_nothing(features):
    layer = DASE(reduction=4, domain=False)
    outputs = [layer([features, np.full((4, 1), bit)]).numpy() for bit in (0, 1)]
    np.testing.assert_array_equal(*outputs)
    assert layer.excite_kernel.shape == (CHANNELS // 4, CHANNELS)


def test_identity_starts_as_the_identity_to_the_last_bit(features, domain):
    layer = DASE(reduction=4, identity=True)
    np.testing.assert_array_equal(layer([features, domain]).numpy(), features)


def test_gradients_reach_every_weight_even_from_the_identity_start(features, domain):
    inputs = [keras.Input((5, 6, CHANNELS)), keras.Input((1,))]
    layer = DASE(reduction=4, identity=True)
    model = keras.Model(inputs, layer(inputs))
    model.compile(keras.optimizers.SGD(0.5), "mse")
    start = [w.copy() for w in layer.get_weights()]
    model.fit([features, domain], 2 * features, epochs=2, verbose=0)
    moved = [
        np.abs(now - then).max() > 0 for now, then in zip(layer.get_weights(), start, strict=True)
    ]
    assert moved == [True] * 4


def test_half_precision_keeps_its_dtype(features, domain):
    layer = DASE(reduction=4, dtype="mixed_bfloat16")
    assert layer([features, domain]).dtype == "bfloat16"
    assert layer.excite_kernel.dtype == "float32"


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_squeezes_and_differentiates_in_float32(policy):
    """A bfloat16 sum of 112 x 112 equal terms stops growing early, and so would its mean."""
    x = np.full((1, 112, 112, 4), 1.25, np.float32)
    layer = DASE(reduction=1, domain=False, dtype=policy)
    layer([x, np.zeros((1, 1))])
    layer.set_weights([np.eye(4), np.zeros(4), np.eye(4), np.full(4, -1.25)])
    np.testing.assert_array_equal(layer.gate(x, None), [[0.5] * 4])  # sigmoid(1.25 - 1.25)
    with tf.GradientTape() as tape:
        total = tf.reduce_mean(tf.cast(layer([x, np.zeros((1, 1))]), tf.float32))
    # One channel in four is y = 1.25 sigmoid(b): its derivative at sigmoid = 1/2 is 1.25 / 4.
    received = tape.gradient(total, layer.excite_bias)
    np.testing.assert_allclose(received, [1.25 / 4 / 4] * 4, rtol=0.01)


@pytest.mark.parametrize("reduction", [0, -3, CHANNELS + 1])
def test_an_impossible_reduction_is_an_error_that_names_it(features, domain, reduction):
    with pytest.raises(UserError, match=f"`reduction` must.*Received: reduction={reduction}"):
        DASE(reduction=reduction)([features, domain])
