"""Which gate goes where, over the small network: the others ask the same file."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from sbir_tf.errors import UserError
from sbir_tf.models import add_class_centers, build_encoder, se_resnet
from training.build import dtype_policy

GATES = (None, "se", "dase", "sk", "gc", "non_local")
SKETCH, PHOTO = np.zeros((2, 1), np.float32), np.ones((2, 1), np.float32)


def pictures():
    return np.random.default_rng(0).uniform(0, 255, (2, 20, 20, 3)).astype(np.float32)


def network(gate, policy="float32", **options):
    keras.utils.set_random_seed(0)
    with dtype_policy(policy):
        return build_encoder(se_resnet(20, (8, 12), (1, 1), gate, 4, **options), 6)


def gated_layers(model):
    return [layer.name for layer in model.layers if layer.name.endswith(GATES[1:])]


@pytest.mark.parametrize("gate", GATES)
def test_the_domain_changes_the_embedding_where_the_gate_sees_it_alone(gate):
    encoder = network(gate)
    as_sketch, as_photo = (encoder([pictures(), bit]).numpy() for bit in (SKETCH, PHOTO))
    assert bool(np.abs(as_sketch - as_photo).max() > 1e-4) == (gate == "dase")


@pytest.mark.parametrize("gate", GATES[1:])
def test_every_block_has_the_gate_under_its_own_name(gate):
    assert gated_layers(network(gate)) == [f"stage0_block0_{gate}", f"stage1_block0_{gate}"]


def test_stages_that_are_not_named_have_plain_se_beside_dase_and_nothing_beside_the_others():
    assert gated_layers(network("dase", gate_stages=(1,))) == [
        "stage0_block0_dase",
        "stage1_block0_se",
    ]
    for gate in ("se", "sk", "gc", "non_local"):
        assert gated_layers(network(gate, gate_stages=(2,))) == [f"stage1_block0_{gate}"]


@pytest.mark.parametrize("size", [20, 18])  # whose second stage strides over 10 and 9 positions
def test_the_dilated_branch_of_sk_looks_at_the_places_of_the_other(size):
    model = se_resnet(size, (8, 8), (1, 1), "sk", 4)
    middle = np.zeros((3, 3, 8, 8), np.float32)
    middle[1, 1] = np.eye(8)
    names = ["stage1_block0_1_conv", "stage1_block0_1_dilated_conv"]
    for name in names:
        model.get_layer(name).set_weights([middle])
    branches = model.get_layer("stage1_block0_sk").input
    x = np.random.default_rng(0).uniform(0, 255, (1, size, size, 3)).astype(np.float32)
    one, other = keras.Model(model.inputs, branches)([x, SKETCH[:1]])
    assert one.shape == (1, 5, 5, 8)
    np.testing.assert_allclose(one, other, rtol=1e-6)
    assert np.ptp(one) > 0


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("gate", GATES)
def test_half_precision_runs_and_differentiates_with_float32_distances(gate, policy):
    reference, encoder = network(gate), network(gate, policy)
    encoder.set_weights(reference.get_weights())
    batch = [pictures(), np.array([[0.0], [1.0]], np.float32)]
    expected, received = reference(batch), encoder(batch)
    assert received.dtype == "float32"
    # bfloat16 keeps 8 bits, and a dozen roundings lie on the way.
    np.testing.assert_allclose(received, expected, atol=0.05 * np.abs(expected).max())
    model = add_class_centers(encoder, 3, seed=0)
    with tf.GradientTape() as tape:
        squared = model(batch, training=True)
        loss = tf.reduce_mean(squared)
    assert squared.dtype == "float32"
    gradients = tape.gradient(loss, model.trainable_variables)
    assert all(np.isfinite(gradient).all() for gradient in gradients)


@pytest.mark.parametrize("gate", GATES)
def test_a_network_saved_as_keras_comes_back_the_same(gate, tmp_path):
    encoder = network(gate, gate_stages=(2,), normalization="unit")
    encoder.save(tmp_path / "model.keras")
    batch = [pictures(), PHOTO]
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again(batch), encoder(batch), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"gate": "dasse"}, r"no gate 'dasse'\. Did you mean 'dase'\?"),
        ({"gate": "nonlocal"}, r"no gate 'nonlocal'\. Did you mean 'non_local'\?"),
        ({"gate": "se", "gate_stages": (0, 1)}, r"from 1 to 4\. Received: gate_stages=\(0, 1\)"),
        ({"gate": "dase", "reduction": 9}, "the 8 channels.*Received: reduction=9"),
        ({"gate": None, "normalization": "units"}, r"'units'\. Did you mean 'unit'\?"),
    ],
)
def test_a_wrong_argument_is_an_error_that_names_it(arguments, said):
    with pytest.raises(UserError, match=said):
        se_resnet(20, (8,), (1,), **arguments)
