"""EfficientNet-Lite with a domain-aware gate in every block."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import keras

from sbir_tf.models.gates import STAGES as GATE_STAGES
from sbir_tf.models.gates import Gates
from sbir_tf.models.normalization import normalize

# kernel, stride, expansion, channels, repeats: the stages of EfficientNet-B0.
STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
STEM_CHANNELS = 32
HEAD_CHANNELS = 1280
# The mean and the scale that the published weights were trained with.
PIXEL_MEAN, PIXEL_SCALE = 127.0, 128.0


@dataclass(frozen=True)
class Variant:
    """Width and depth multipliers and the published picture size."""

    width: float
    depth: float
    image_size: int


VARIANTS = {
    "efficientnet_lite0": Variant(1.0, 1.0, 224),
    "efficientnet_lite1": Variant(1.0, 1.1, 240),
    "efficientnet_lite2": Variant(1.1, 1.2, 260),
}


def efficientnet_lite(
    variant: str = "efficientnet_lite0",
    image_size: int | None = None,
    gate: str | None = "dase",
    reduction: int = 4,
    batch_norm_momentum: float = 0.99,
    squeeze_activation: str = "relu",
    gate_stages: Sequence[int] = GATE_STAGES,
    normalization: str = "own",
    sync_batch_norm: bool = False,
) -> keras.Model:
    """EfficientNet-Lite's features, gated by domain at the end of every block.

    The gates start as the identity, so that with imported weights the network computes the
    pretrained features before the first step, for sketches and photos alike.

    Args:
        variant: "efficientnet_lite0", "efficientnet_lite1" or "efficientnet_lite2".
        image_size: Side of the square input; None takes the published one.
        gate: "dase", "se" (the gate without the domain bit), "gc", "non_local" or None.
        reduction: Reduction of the gates.
        batch_norm_momentum: Of the moving statistics. Short trainings want 0.9.
        squeeze_activation: Of the gates.
        gate_stages: The stages that have the gate, see `Gates`. Counted by resolution, as in
            a ResNet: 1 is the blocks at half and quarter size, 4 those at a 32nd.
        normalization: "own" (pretraining's mean and scale) or "unit" (pixels in [0, 1]).
        sync_batch_norm: Whether the norms' statistics are of all replicas' items together.

    Returns:
        A functional model: image (B, S, S, 3) with values 0-255 and domain (B, 1), to
        pooled features (B, 1280).

    Reference:
        Tan and Le, EfficientNet, ICML 2019, table 1; the Lite variants drop the
        squeeze-and-excitation gates, use ReLU6 and keep stem and head unscaled.
    """
    spec = VARIANTS[variant]
    size = image_size or spec.image_size
    image = keras.Input((size, size, 3), name="image")
    domain = keras.Input((1,), name="domain")
    gates = Gates(
        gate,
        domain,
        gate_stages,
        reduction,
        squeeze_activation,
        identity=True,
        batch_norm_momentum=batch_norm_momentum,
        sync_batch_norm=sync_batch_norm,
    )

    def batch_norm(x, name):
        return keras.layers.BatchNormalization(
            momentum=batch_norm_momentum, epsilon=1e-3, synchronized=sync_batch_norm, name=name
        )(x)

    def conv(x, channels, kernel, stride, name):
        return keras.layers.Conv2D(
            channels, kernel, stride, padding="same", use_bias=False, name=name
        )(x)

    def relu6(x, name):
        return keras.layers.ReLU(6.0, name=name)(x)

    def block(x, kernel, stride, expansion, channels, stage, name):
        shortcut = x
        if expansion > 1:
            x = conv(x, x.shape[-1] * expansion, 1, 1, f"{name}_expand")
            x = relu6(batch_norm(x, f"{name}_expand_bn"), f"{name}_expand_relu")
        x = keras.layers.DepthwiseConv2D(
            kernel, stride, padding="same", use_bias=False, name=f"{name}_depthwise"
        )(x)
        x = relu6(batch_norm(x, f"{name}_depthwise_bn"), f"{name}_depthwise_relu")
        x = batch_norm(conv(x, channels, 1, 1, f"{name}_project"), f"{name}_project_bn")
        x = gates.recalibrate(x, stage, name)
        if stride == 1 and shortcut.shape[-1] == channels:
            x = keras.layers.Add(name=f"{name}_add")([shortcut, x])
        return gates.attend(x, stage, name)

    x = normalize(image, normalization, PIXEL_MEAN, PIXEL_SCALE)
    x = relu6(batch_norm(conv(x, STEM_CHANNELS, 3, 2, "stem"), "stem_bn"), "stem_relu")
    index, halvings = 0, 1
    for kernel, first_stride, expansion, channels, repeats in block_stages(spec):
        halvings += first_stride == 2
        for repeat in range(repeats):
            stride = 1 if repeat else first_stride
            stage = max(1, halvings - 1)
            x = block(x, kernel, stride, expansion, channels, stage, f"block{index}")
            index += 1
    x = relu6(batch_norm(conv(x, HEAD_CHANNELS, 1, 1, "head"), "head_bn"), "head_relu")
    features = keras.layers.GlobalAveragePooling2D(name="pool", dtype="float32")(x)
    return keras.Model([image, domain], features, name=variant)


def block_stages(spec: Variant):
    """The stages of a variant: channels rounded to multiples of 8, middle repeats deepened."""
    last = len(STAGES) - 1
    for number, (kernel, stride, expansion, channels, repeats) in enumerate(STAGES):
        # The Lite variants leave the repeats of the first and the last stage unscaled.
        deepened = repeats if number in (0, last) else math.ceil(repeats * spec.depth)
        yield kernel, stride, expansion, round_channels(channels * spec.width), deepened


def round_channels(channels: float, divisor: int = 8) -> int:
    """The nearest multiple of `divisor`, at most 10% below `channels`."""
    rounded = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * channels else rounded
