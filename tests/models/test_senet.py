from dataclasses import replace
from functools import partial

import keras
import numpy as np
import pytest

from sbir_tf.models import se_resnet18, se_resnet50, se_resnext101_32x4d, senet
from sbir_tf.models.senet import max_pool_ceil

BUILDERS = {
    "se_resnet18": se_resnet18,
    "se_resnet50": se_resnet50,
    "se_resnext101_32x4d": se_resnext101_32x4d,
}
# Of all parameters with the classifier of 1000, as timm 1.0.31 counts them:
#   sum(p.numel() for p in timm.create_model("legacy_seresnet50").parameters())
PUBLISHED = {
    "se_resnet18": 11_778_592,
    "se_resnet50": 28_088_024,
    "se_resnext101_32x4d": 48_955_416,
}


@pytest.fixture(scope="module", params=sorted(BUILDERS))
def published(request):
    return BUILDERS[request.param](gate="se")


def side_of(model, layer):
    return keras.Model(model.inputs, model.get_layer(layer).output).output_shape[1]


def test_the_number_of_weights_is_the_published_one(published):
    trainable = sum(int(np.prod(w.shape)) for w in published.trainable_weights)
    classifier = published.output_shape[-1] * 1000 + 1000
    assert trainable + classifier == PUBLISHED[published.name]


def test_feature_maps_are_as_large_as_pytorchs(published):
    layers = ("layer0_relu1", "layer0_pool", *(f"layer{stage}_0_relu" for stage in (1, 2, 3, 4)))
    assert [side_of(published, layer) for layer in layers] == [112, 56, 56, 28, 14, 7]


def test_the_stride_is_where_each_checkpoint_was_trained_with_it(published):
    expected = {"se_resnet18": [28, 28], "se_resnet50": [28, 28], "se_resnext101_32x4d": [56, 28]}
    sides = [side_of(published, f"layer2_0_conv{number}") for number in (1, 2)]
    assert sides == expected[published.name]


def test_layers_are_called_as_the_checkpoints_call_theirs(published):
    """The first block of `legacy_seresnet50`'s state dict, and the gate for its `se_module`."""
    convolutions = (1, 2) if published.name == "se_resnet18" else (1, 2, 3)
    parts = {f"{kind}{number}" for number in convolutions for kind in ("conv", "bn")} | {"se"}
    if published.name != "se_resnet18":  # whose first block gives as many channels as it takes
        parts |= {"downsample_0", "downsample_1"}
    with_weights = {layer.name for layer in published.layers if layer.weights}
    assert {n for n in with_weights if n.startswith("layer1_0")} == {f"layer1_0_{p}" for p in parts}
    assert {n for n in with_weights if n.startswith("layer0")} == {"layer0_conv1", "layer0_bn1"}


@pytest.mark.parametrize("side", [7, 8, 112])
def test_ceil_mode_pooling_takes_every_window_that_begins_inside(side):
    """Window by window: PyTorch's MaxPool2d(3, stride=2, ceil_mode=True), after a ReLU."""
    x = np.random.default_rng(0).uniform(0, 1, (1, side, side, 2)).astype(np.float32)
    starts = range(0, side - 1, 2)
    expected = [[x[0, i : i + 3, j : j + 3].max(axis=(0, 1)) for j in starts] for i in starts]
    image = keras.Input(x.shape[1:])
    received = keras.Model(image, max_pool_ceil(image, "pool"))(x)
    np.testing.assert_array_equal(received[0], expected)


@pytest.fixture
def shallow(monkeypatch):
    """The grouped network with one block a stage: every kind of layer, a ninth of the depth."""
    variant = replace(senet.VARIANTS["se_resnext101_32x4d"], depths=(1, 1, 1, 1))
    monkeypatch.setitem(senet.VARIANTS, "shallow", variant)
    return partial(senet.senet, "shallow", image_size=32)


@pytest.mark.parametrize("gate", ["sk", "gc", "non_local", None])
def test_the_rivals_fit_the_same_blocks(shallow, gate):
    """Grouped and strided, the convolution that SK replaces is the hardest one to fit."""
    model = shallow(gate=gate)
    names = {layer.name for layer in model.layers}
    assert (f"layer2_0_{gate}" in names) == (gate is not None)
    assert ("layer2_0_conv2_dilated" in names) == (gate == "sk")
    features = model([np.full((1, 32, 32, 3), 200, np.float32), np.zeros((1, 1))])
    assert features.shape == (1, 2048)
    assert np.isfinite(features).all()


def test_plain_se_weights_in_a_dase_network_give_the_same_features_for_both_domains():
    keras.utils.set_random_seed(0)
    plain = se_resnet18(image_size=32, gate="se")
    aware = se_resnet18(image_size=32, gate="dase")
    for layer in plain.layers:
        weights = layer.get_weights()
        if layer.name.endswith("_se"):
            weights[2] = np.concatenate([weights[2], np.zeros_like(weights[2][:1])])
        aware.get_layer(layer.name.replace("_se", "_dase")).set_weights(weights)
    x = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)).astype(np.float32)
    expected = plain([x, np.zeros((2, 1))])
    for bit in (0.0, 1.0):
        np.testing.assert_allclose(aware([x, np.full((2, 1), bit)]), expected, rtol=1e-6)


def test_the_grouped_network_trains_and_predicts_in_one_graph(shallow):
    """Some processors have no gradient of a grouped convolution, or none fused with its norm."""
    model = shallow(gate="dase")
    model.compile(keras.optimizers.SGD(1e-3), "mse")
    x = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)).astype(np.float32)
    batch = [x, np.array([[0.0], [1.0]])]
    convolution = model.get_layer("layer2_0_conv2")
    before = convolution.get_weights()[0].copy()
    assert np.isfinite(model.train_on_batch(batch, np.zeros((2, 2048), np.float32)))
    assert np.abs(convolution.get_weights()[0] - before).max() > 0
    np.testing.assert_allclose(model.predict_on_batch(batch), model(batch), rtol=1e-3, atol=1e-4)
