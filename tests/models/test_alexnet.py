import numpy as np
import pytest

from sbir_tf.errors import UserError
from sbir_tf.models import alexnet
from sbir_tf.models.alexnet import last_side


@pytest.fixture(scope="module")
def network():
    return alexnet()


def test_the_number_of_weights_is_the_published_one(network):
    """With the classifier, as torchvision 0.28 counts alexnet()'s parameters."""
    assert network.count_params() + 4096 * 1000 + 1000 == 61_100_840


def test_feature_maps_are_as_large_as_pytorchs(network):
    layers = ("features_0", "features_3", "features_6", "features_8", "features_10", "avgpool")
    sides = [network.get_layer(name).output.shape[1] for name in layers]
    assert sides == [55, 27, 13, 13, 13, 6]


def test_the_first_dense_layer_reads_channels_first_as_pytorch_flattens(network):
    x = np.arange(2 * 3 * 4, dtype=np.float32).reshape(1, 2, 3, 4)
    permuted = np.asarray(network.get_layer("channels_first")(x))
    np.testing.assert_array_equal(permuted, x.transpose(0, 3, 1, 2))


def test_sizes_whose_last_map_does_not_average_to_six_are_errors_that_name_it():
    assert [last_side(size) for size in (224, 227, 64)] == [6, 6, 1]
    for size in (64, 256):
        with pytest.raises(UserError, match=rf"6 x 6.*of 224\. Received: a size of {size}, which"):
            alexnet(size)


def test_a_gate_is_an_error_that_says_what_to_set():
    with pytest.raises(UserError, match=r"no gates: set gate to none\. Received: gate='dase'"):
        alexnet(gate="dase")
