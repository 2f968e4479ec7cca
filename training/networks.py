"""A configuration made into its encoder."""

from functools import partial

import keras

from sbir_tf.models import (
    alexnet,
    build_encoder,
    efficientnet_lite,
    load_imagenet,
    load_weights,
    se_resnet,
    se_resnet18,
    se_resnet50,
    se_resnext101_32x4d,
)
from training.build import dtype_policy
from training.config import Config

# The backbones whose blocks have gates.
GATED = {
    "efficientnet_lite0": partial(efficientnet_lite, "efficientnet_lite0"),
    "efficientnet_lite1": partial(efficientnet_lite, "efficientnet_lite1"),
    "efficientnet_lite2": partial(efficientnet_lite, "efficientnet_lite2"),
    "se_resnet": se_resnet,
    "se_resnet18": se_resnet18,
    "se_resnet50": se_resnet50,
    "se_resnext101_32x4d": se_resnext101_32x4d,
}


def encoder_of(config: Config, precision: str, pretrained: bool = False) -> keras.Model:
    """The encoder of a configuration, computing in `precision`.

    Args:
        config: The configuration.
        precision: "float32", "mixed_bfloat16" or "mixed_float16".
        pretrained: Bring the weights that the configuration names, if any.

    Raises:
        UserError: If the file of weights cannot be read or is of another network.
    """
    with dtype_policy(precision):
        backbone = backbone_of(config)
        encoder = build_encoder(backbone, config.network.embedding_dim)
        weights = config.network.weights
        if pretrained and weights:
            load_imagenet(backbone) if weights == "imagenet" else load_weights(encoder, weights)
        if config.network.frozen_norms:
            freeze_norms(backbone)
        return encoder


def freeze_norms(backbone: keras.Model) -> None:
    """Make norms keep what they were pretrained with: they are then the same as when searching."""
    for layer in backbone.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False


def backbone_of(config: Config) -> keras.Model:
    """The backbone of a configuration, with random weights.

    Raises:
        UserError: If the backbone cannot have the gate, the reduction or the pictures' size.
    """
    network = config.network
    if network.backbone == "alexnet":
        return alexnet(config.data.size, network.gate, network.normalization, config.seed)
    settings = {
        "image_size": config.data.size,
        "gate": network.gate,
        "gate_stages": network.gate_stages,
        "reduction": network.reduction,
        "squeeze_activation": network.squeeze_activation,
        "normalization": network.normalization,
        "batch_norm_momentum": network.batch_norm_momentum,
        "sync_batch_norm": network.sync_batch_norm,
    }
    if network.backbone == "se_resnet":
        names = ("widths", "depths", "gate_identity")
        settings |= {name: getattr(network, name) for name in names}
    return GATED[network.backbone](**settings)
