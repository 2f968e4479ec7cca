import keras
import numpy as np
import pytest

from sbir_tf.errors import UserError
from sbir_tf.layers import GlobalContext

CHANNELS = 16


@pytest.fixture
def features():
    return np.random.default_rng(0).normal(size=(3, 4, 5, CHANNELS)).astype(np.float32)


def context_by_definition(features, layer):
    """GCNet's equation 5, position by position, in float64."""
    attend, w1, b1, scale, shift, w2, b2 = (np.asarray(w, np.float64) for w in layer.get_weights())
    output = np.empty(features.shape)
    for item, x in enumerate(features.astype(np.float64)):
        positions = x.reshape(-1, CHANNELS)
        scores = [np.exp(position @ attend[:, 0]) for position in positions]
        context = sum(s * p for s, p in zip(scores, positions, strict=True)) / sum(scores)
        squeezed = context @ w1 + b1
        normed = (squeezed - squeezed.mean()) / np.sqrt(squeezed.var() + 1e-5)
        added = np.maximum(normed * scale + shift, 0) @ w2 + b2
        for row in range(x.shape[0]):
            for column in range(x.shape[1]):
                output[item, row, column] = x[row, column] + added
    return output


def test_it_is_the_published_formula(features):
    layer = GlobalContext(reduction=2)
    layer(features)
    rng = np.random.default_rng(1)
    layer.set_weights([rng.normal(size=w.shape).astype(np.float32) for w in layer.get_weights()])
    expected = context_by_definition(features, layer)
    np.testing.assert_allclose(layer(features), expected, rtol=1e-4, atol=1e-5)


def test_two_positions_worked_by_hand():
    """Scores ln 3 and 0 give weights 3/4 and 1/4: the context of 4 and 8 is 5."""
    layer = GlobalContext(reduction=1)
    x = np.array([[[[4.0, np.log(3)], [8.0, 0.0]]]], np.float32)
    layer(x)
    layer.attention_kernel.assign([[0.0], [1.0]])
    np.testing.assert_allclose(layer.context(x).numpy()[0, 0], 5.0, rtol=1e-6)


def test_it_starts_as_the_identity_to_the_last_bit(features):
    np.testing.assert_array_equal(GlobalContext(reduction=4)(features).numpy(), features)


def test_the_bottleneck_keeps_enough_channels_for_its_norm():
    for channels, reduction, expected in ((256, 16, 16), (32, 16, 8), (4, 4, 4)):
        layer = GlobalContext(reduction)
        layer(np.zeros((1, 2, 2, channels), np.float32))
        assert layer.squeeze_kernel.shape == (channels, expected)


def test_gradients_reach_every_weight_from_the_start(features):
    layer = GlobalContext(reduction=2)
    image = keras.Input((4, 5, CHANNELS))
    model = keras.Model(image, layer(image))
    model.compile(keras.optimizers.SGD(0.5), "mse")
    start = [w.copy() for w in layer.get_weights()]
    model.fit(features, features[:, ::-1] * 2 + 1, epochs=3, verbose=0)
    for now, then in zip(layer.get_weights(), start, strict=True):
        assert np.abs(now - then).max() > 0


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_keeps_its_dtype_and_pools_in_float32(policy):
    """A bfloat16 sum of 112 x 112 equal terms stops growing early: its mean would be wrong."""
    layer = GlobalContext(reduction=2, dtype=policy)
    x = np.full((1, 112, 112, CHANNELS), 1.25, np.float32)
    assert layer(x).dtype == policy.removeprefix("mixed_")
    np.testing.assert_allclose(layer.context(x), np.full((1, CHANNELS), 1.25), rtol=1e-4)


@pytest.mark.parametrize("reduction", [0, CHANNELS + 1])
def test_an_impossible_reduction_is_an_error_that_names_it(features, reduction):
    with pytest.raises(UserError, match=f"`reduction` must.*Received: reduction={reduction}"):
        GlobalContext(reduction)(features)
