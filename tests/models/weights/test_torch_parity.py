"""Imported networks compute what PyTorch's compute; golden/make_torch_parity.py wrote it down."""

from pathlib import Path

import numpy as np
import pytest

from sbir_tf.models import alexnet, efficientnet_lite, se_resnet18, se_resnet50, se_resnext101_32x4d
from sbir_tf.models.weights.fit import fit
from tests.models.weights.random_tensors import random_pictures, random_tensors

GOLDEN = Path(__file__).parent / "golden" / "torch_parity.npz"
NETWORKS = {
    "legacy_seresnet18": se_resnet18,
    "legacy_seresnet50": se_resnet50,
    "legacy_seresnext101_32x4d": se_resnext101_32x4d,
    "tf_efficientnet_lite0": efficientnet_lite,
    "alexnet": alexnet,
}


def golden(name):
    with np.load(GOLDEN, allow_pickle=False) as file:
        return {part: file[f"{name}/{part}"] for part in ("names", "shapes", "size", "features")}


def made_up(known):
    """The very state dict that the golden file's network had."""
    shapes = [tuple(map(int, filter(None, shape.split("x")))) for shape in known["shapes"]]
    return random_tensors(dict(zip(known["names"].tolist(), shapes, strict=True)))


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_pooled_features_of_both_domains_are_pytorchs(name):
    """With the default gates, DASE in most: the bit's row of zeros leaves PyTorch's SE."""
    known = golden(name)
    network = NETWORKS[name](image_size=int(known["size"]))
    fitted = fit(network, made_up(known), name)
    fitted.install()
    assert not [why for _, why in fitted.account.missing if "gate" not in why]
    expected, pictures = known["features"], random_pictures(int(known["size"]))
    size = np.abs(expected).max()
    # The two pictures' features lie far apart, so that the comparison says something.
    assert np.abs(expected[0] - expected[1]).max() > 0.05 * size
    for bit in (0, 1):
        features = network([pictures, np.full((2, 1), bit, np.float32)]).numpy()
        # Behind a ReLU a feature may be all but zero, and its rounding all of it.
        np.testing.assert_allclose(features, expected, rtol=1e-4, atol=1e-5 * size)


def test_the_golden_file_is_small_and_says_which_pytorch_wrote_it():
    assert GOLDEN.stat().st_size < 200_000
    with np.load(GOLDEN, allow_pickle=False) as file:
        assert str(file["torch"]).startswith("2.13.0")
