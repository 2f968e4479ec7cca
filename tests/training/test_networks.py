import typing

import pytest

from sbir_tf.errors import UserError
from training.config import Network, load_config
from training.networks import GATED, backbone_of, encoder_of


def test_every_backbone_of_a_configuration_has_its_builder():
    named = typing.get_args(typing.get_type_hints(Network)["backbone"])
    assert set(named) == set(GATED) | {"alexnet"}


def test_every_setting_reaches_the_network():
    config = load_config(
        "icons_tiny",
        [
            "data.size=32",
            "network.gate_stages=1,3",
            "network.reduction=5",
            "network.squeeze_activation=sigmoid",
            "network.normalization=unit",
            "network.batch_norm_momentum=0.6",
            "network.embedding_dim=7",
            "network.backbone=se_resnet18",
        ],
    )
    encoder = encoder_of(config, "float32")
    assert encoder.output_shape == (None, 7)
    assert encoder.inputs[0].shape[1] == 32
    gate = encoder.get_layer("layer3_0_dase")
    assert (gate.reduction, gate.squeeze_activation.__name__) == (5, "sigmoid")
    assert not encoder.get_layer("layer2_0_se").domain
    assert encoder.get_layer("layer4_1_bn2").momentum == 0.6
    assert encoder.get_layer("normalize").offset == 0


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["network.backbone=alexnet", "data.size=224"], "alexnet has no gates"),
        (
            ["network.backbone=efficientnet_lite1", "network.gate=sk"],
            "cannot start as the identity",
        ),
        (["network.reduction=25"], "the 24 channels.*Received: reduction=25"),
    ],
)
def test_what_a_backbone_cannot_have_is_an_error_that_names_it(overrides, said):
    with pytest.raises(UserError, match=said):
        backbone_of(load_config("icons_tiny", overrides))


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("network.gate=dasse", "Did you mean 'dase'"),
        ("network.backbone=se_resnet51", "Did you mean 'se_resnet5?1?8?0?'"),
        ("network.gate_stages=0,1", "gate_stages must be stages from 1 to 4"),
    ],
)
def test_an_unknown_part_names_the_nearest(override, said):
    with pytest.raises(UserError, match=said):
        load_config("icons_tiny", [override])
