import keras
import numpy as np
import pytest

from sbir_tf.errors import UserError
from sbir_tf.layers import SelectiveKernel

CHANNELS = 6


@pytest.fixture
def branches():
    rng = np.random.default_rng(0)
    return [rng.normal(size=(3, 4, 5, CHANNELS)).astype(np.float32) for _ in range(3)]


def mixture_by_definition(branches, layer):
    """SKNet's equations 1-6, channel by channel, in float64."""
    fuse, select = (np.asarray(w, np.float64) for w in (layer.fuse_kernel, layer.select_kernel))
    gamma, beta, mean, variance = (np.asarray(w, np.float64) for w in layer.norm.get_weights())
    branches = [branch.astype(np.float64) for branch in branches]
    output = np.zeros(branches[0].shape)
    for item in range(len(output)):
        s = sum(branch[item] for branch in branches).mean(axis=(0, 1))
        h = np.maximum(gamma * (s @ fuse - mean) / np.sqrt(variance + 1e-5) + beta, 0)
        for channel in range(CHANNELS):
            scores = [np.exp(h @ select[:, k * CHANNELS + channel]) for k in range(len(branches))]
            for score, branch in zip(scores, branches, strict=True):
                output[item, :, :, channel] += score / sum(scores) * branch[item, :, :, channel]
    return output


def test_it_is_the_published_formula(branches):
    layer = SelectiveKernel(reduction=2, smallest=4)
    layer(branches)
    rng = np.random.default_rng(1)
    layer.set_weights(
        [rng.uniform(0.2, 1, w.shape).astype(np.float32) for w in layer.get_weights()]
    )
    expected = mixture_by_definition(branches, layer)
    np.testing.assert_allclose(layer(branches), expected, rtol=1e-4, atol=1e-5)


def test_a_selection_worked_by_hand():
    """h = 1 and scores ln 3 and 0 give weights 3/4 and 1/4: of 4 and 8 that is 5."""
    layer = SelectiveKernel(reduction=1, smallest=1)
    x = [np.full((1, 1, 1, 1), value, np.float32) for value in (4.0, 8.0)]
    layer(x)
    layer.fuse_kernel.assign([[1 / 12 * np.sqrt(1 + 1e-5)]])
    layer.select_kernel.assign([[np.log(3), 0.0]])
    np.testing.assert_allclose(layer(x).numpy().item(), 5.0, rtol=1e-6)


def test_equal_branches_come_out_as_they_went_in(branches):
    output = SelectiveKernel(reduction=2)([branches[0]] * 2)
    np.testing.assert_allclose(output, branches[0], rtol=1e-6)


def test_the_fused_vector_is_never_shorter_than_the_published_32():
    for channels, expected in ((64, 32), (1024, 64)):
        layer = SelectiveKernel(reduction=16)
        layer([np.zeros((1, 2, 2, channels), np.float32)] * 2)
        assert layer.fuse_kernel.shape == (channels, expected)


def test_gradients_reach_every_weight(branches):
    inputs = [keras.Input((4, 5, CHANNELS)) for _ in branches]
    layer = SelectiveKernel(reduction=2, batch_norm_momentum=0.5)
    model = keras.Model(inputs, layer(inputs))
    model.compile(keras.optimizers.SGD(0.5), "mse")
    start = [w.copy() for w in layer.get_weights()]
    model.fit(branches, branches[0], epochs=2, verbose=0)
    for now, then in zip(layer.get_weights(), start, strict=True):
        assert np.abs(now - then).max() > 0


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_keeps_its_dtype_and_selects_in_float32(branches, policy):
    layer = SelectiveKernel(reduction=2, dtype=policy)
    assert layer(branches).dtype == policy.removeprefix("mixed_")
    weights = layer.weights_of(np.stack(branches, axis=1))
    assert weights.dtype == "float32"
    np.testing.assert_allclose(np.sum(weights, axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize("reduction", [0, CHANNELS + 1])
def test_an_impossible_reduction_is_an_error_that_names_it(branches, reduction):
    with pytest.raises(UserError, match=f"`reduction` must.*Received: reduction={reduction}"):
        SelectiveKernel(reduction)(branches)
