import keras
import numpy as np
import pytest

from sbir_tf.errors import UserError
from sbir_tf.layers import NonLocal

CHANNELS = 6


@pytest.fixture
def features():
    return np.random.default_rng(0).normal(size=(2, 5, 4, CHANNELS)).astype(np.float32)


def pooled_two_by_two(x):
    """The largest of each 2 x 2 window, windows cut off at the edge."""
    height, width = x.shape[:2]
    return np.array(
        [
            x[row : row + 2, column : column + 2].max(axis=(0, 1))
            for row in range(0, height, 2)
            for column in range(0, width, 2)
        ]
    )


def block_by_definition(features, layer):
    """Wang et al.'s equations 4-6, one pair of positions at a time, in float64."""
    theta, phi, g, z = (
        np.asarray(getattr(layer, f"{name}_kernel"), np.float64)
        for name in ("theta", "phi", "g", "z")
    )
    gamma, beta, mean, variance = (np.asarray(w, np.float64) for w in layer.norm.get_weights())
    output = np.empty(features.shape)
    for item, x in enumerate(features.astype(np.float64)):
        pooled = pooled_two_by_two(x)
        for row in range(x.shape[0]):
            for column in range(x.shape[1]):
                query = x[row, column] @ theta
                weights = np.array(
                    [np.exp(query @ (p @ phi) / np.sqrt(len(query))) for p in pooled]
                )
                seen = sum(w * (p @ g) for w, p in zip(weights, pooled, strict=True))
                seen = seen / weights.sum() @ z
                seen = gamma * (seen - mean) / np.sqrt(variance + 1e-5) + beta
                output[item, row, column] = x[row, column] + seen
    return output


def test_it_is_the_published_formula(features):
    layer = NonLocal()
    layer(features)
    rng = np.random.default_rng(1)
    layer.set_weights(
        [rng.uniform(0.2, 1, w.shape).astype(np.float32) for w in layer.get_weights()]
    )
    expected = block_by_definition(features, layer)
    np.testing.assert_allclose(layer(features), expected, rtol=1e-4, atol=1e-5)


def test_a_single_position_worked_by_hand():
    """One position sees itself alone: 3 W_g W_z = 3 * 2 * 5 = 30, added to 3."""
    layer = NonLocal(reduction=1)
    x = np.full((1, 1, 1, 1), 3.0, np.float32)
    layer(x)
    layer.g_kernel.assign([[2.0]])
    layer.z_kernel.assign([[5.0]])
    layer.norm.gamma.assign([np.sqrt(1 + 1e-5)])  # undoes the division by the variance's root
    np.testing.assert_allclose(layer(x).numpy().item(), 33.0, rtol=1e-6)


def test_it_starts_as_the_identity_to_the_last_bit(features):
    layer = NonLocal()
    for training in (False, True):
        np.testing.assert_array_equal(layer(features, training=training).numpy(), features)


def test_gradients_reach_every_weight_from_the_start(features):
    layer = NonLocal(batch_norm_momentum=0.5)
    image = keras.Input((5, 4, CHANNELS))
    model = keras.Model(image, layer(image))
    model.compile(keras.optimizers.SGD(0.5), "mse")
    start = [w.copy() for w in layer.get_weights()]
    model.fit(features, 2 * features, epochs=3, verbose=0)
    for now, then in zip(layer.get_weights(), start, strict=True):
        assert np.abs(now - then).max() > 0


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_keeps_its_dtype_and_attends_in_float32(features, policy):
    layer = NonLocal(dtype=policy)
    half = policy.removeprefix("mixed_")
    assert layer(features).dtype == half
    # Affinities of 90,000: beyond float16's largest number.
    long = np.full((1, 2, 2), 300.0 * 2**0.25, np.float32)
    attention = layer.attention(long, long)
    assert attention.dtype == "float32"
    np.testing.assert_array_equal(attention, np.full((1, 2, 2), 0.5))


@pytest.mark.parametrize("reduction", [0, CHANNELS + 1])
def test_an_impossible_reduction_is_an_error_that_names_it(features, reduction):
    with pytest.raises(UserError, match=f"`reduction` must.*Received: reduction={reduction}"):
        NonLocal(reduction)(features)
