"""The published squeeze-and-excitation networks, layer by layer as their checkpoints are."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import keras

from sbir_tf.layers import GroupedConv2D
from sbir_tf.models.gates import STAGES, Gates
from sbir_tf.models.normalization import IMAGENET_MEAN, IMAGENET_SCALE, normalize

STAGE_CHANNELS = (64, 128, 256, 512)


@dataclass(frozen=True)
class Variant:
    """What tells the networks apart.

    Attributes:
        depths: Blocks of each stage.
        expansion: Channels that a block gives, for one of its stage; 1 is the basic block of
            two 3x3 convolutions, 4 the bottleneck of 1x1, 3x3, 1x1.
        groups: Of a bottleneck's 3x3 convolution.
        width: Channels of a bottleneck's 3x3 convolution, for one of its stage.
        stride_first: The stride is on a bottleneck's first 1x1 convolution, as in Caffe's
            ResNet, and not on the 3x3.
    """

    depths: tuple[int, ...]
    expansion: int = 4
    groups: int = 1
    width: int = 1
    stride_first: bool = False


VARIANTS = {
    "se_resnet18": Variant((2, 2, 2, 2), expansion=1),
    "se_resnet50": Variant((3, 4, 6, 3), stride_first=True),
    "se_resnext101_32x4d": Variant((3, 4, 23, 3), groups=32, width=2),
}


def senet(
    variant: str,
    image_size: int = 224,
    gate: str | None = "dase",
    reduction: int = 16,
    squeeze_activation: str = "relu",
    batch_norm_momentum: float = 0.9,
    gate_stages: Sequence[int] = STAGES,
    normalization: str = "own",
    sync_batch_norm: bool = False,
) -> keras.Model:
    """SE-ResNet-18, SE-ResNet-50 or SE-ResNeXt-101 (32x4d), with any gate.

    With gate="se" it is the published network to the last weight: layers are called as
    cadene's and timm's `legacy_seresnet50` call theirs, with underscores for dots, but for
    `se_module`, which is `se` (or `dase`, `gc`, ...). Convolutions pad on both sides alike, as
    PyTorch's do, and the first pooling takes its last window beyond the edge (ceil mode).

    Args:
        variant: "se_resnet18", "se_resnet50" or "se_resnext101_32x4d".
        image_size: Side of the square input.
        gate: "dase", "se" (the gate without the domain bit), "sk", "gc", "non_local" or None.
        reduction: Reduction of the gates.
        squeeze_activation: Of the gates.
        batch_norm_momentum: Of the moving statistics.
        gate_stages: The stages that have the gate, see `Gates`.
        normalization: "own" (ImageNet's mean and deviation) or "unit" (pixels in [0, 1]).
        sync_batch_norm: Whether the norms' statistics are of all replicas' items together.

    Returns:
        A functional model: image (B, S, S, 3) with values 0-255 and domain (B, 1), to
        pooled features (B, 2048), of SE-ResNet-18 (B, 512).

    Reference:
        Hu et al., Squeeze-and-Excitation Networks, CVPR 2018, table 1; Xie et al., CVPR 2017.
    """
    spec = VARIANTS[variant]
    image = keras.Input((image_size, image_size, 3), name="image")
    domain = keras.Input((1,), name="domain")
    gates = Gates(
        gate,
        domain,
        gate_stages,
        reduction,
        squeeze_activation,
        batch_norm_momentum=batch_norm_momentum,
        sync_batch_norm=sync_batch_norm,
    )
    blocks = Blocks(spec, gates, batch_norm_momentum, sync_batch_norm)
    x = normalize(image, normalization, IMAGENET_MEAN, IMAGENET_SCALE)
    x = blocks.conv_relu(x, STAGE_CHANNELS[0], 7, 2, "layer0", "1")
    x = max_pool_ceil(x, "layer0_pool")
    for stage, (channels, depth) in enumerate(zip(STAGE_CHANNELS, spec.depths, strict=True), 1):
        for number in range(depth):
            stride = 2 if number == 0 and stage > 1 else 1
            x = blocks.block(x, channels, stride, stage, f"layer{stage}_{number}")
    features = keras.layers.GlobalAveragePooling2D(name="pool", dtype="float32")(x)
    return keras.Model([image, domain], features, name=variant)


se_resnet18 = partial(senet, "se_resnet18")
se_resnet50 = partial(senet, "se_resnet50")
se_resnext101_32x4d = partial(senet, "se_resnext101_32x4d")


@dataclass(frozen=True)
class Blocks:
    """The residual blocks of one network."""

    spec: Variant
    gates: Gates
    batch_norm_momentum: float
    sync_batch_norm: bool = False

    def block(self, x, channels: int, stride: int, stage: int, name: str):
        """(B, H, W, C) to (B, H / stride, W / stride, channels * expansion)."""
        branch = self.basic if self.spec.expansion == 1 else self.bottleneck
        y = branch(x, channels, stride, stage, name)
        y = self.gates.recalibrate(y, stage, name)
        if stride > 1 or x.shape[-1] != y.shape[-1]:
            x = conv(x, y.shape[-1], 1, stride, f"{name}_downsample_0")
            x = self.norm(x, f"{name}_downsample_1")
        y = keras.layers.Add(name=f"{name}_add")([y, x])
        return self.gates.attend(keras.layers.ReLU(name=f"{name}_relu")(y), stage, name)

    def basic(self, x, channels, stride, stage, name):
        def first(dilation, suffix):
            return self.conv_relu(x, channels, 3, stride, name, f"1{suffix}", dilation=dilation)

        y = self.gates.convolve(stage, name, first)
        # With a ReLU before the gate, as timm's legacy_seresnet18 was trained.
        return self.conv_relu(y, channels, 3, 1, name, "2")

    def bottleneck(self, x, channels, stride, stage, name):
        spec, inner = self.spec, channels * self.spec.width
        first, second = (stride, 1) if spec.stride_first else (1, stride)
        x = self.conv_relu(x, inner, 1, first, name, "1")

        def middle(dilation, suffix):
            return self.conv_relu(
                x, inner, 3, second, name, f"2{suffix}", spec.groups, dilation=dilation
            )

        y = self.gates.convolve(stage, name, middle)
        y = conv(y, channels * spec.expansion, 1, 1, f"{name}_conv3")
        return self.norm(y, f"{name}_bn3")

    def conv_relu(self, x, channels, kernel, stride, block, number, groups=1, dilation=1):
        x = conv(x, channels, kernel, stride, f"{block}_conv{number}", groups, dilation)
        x = self.norm(x, f"{block}_bn{number}")
        return keras.layers.ReLU(name=f"{block}_relu{number}")(x)

    def norm(self, x, name):
        return keras.layers.BatchNormalization(
            momentum=self.batch_norm_momentum,
            epsilon=1e-5,
            synchronized=self.sync_batch_norm,
            name=name,
        )(x)


def conv(x, channels, kernel, stride, name, groups=1, dilation=1):
    """A convolution without bias, padded on both sides alike, as in PyTorch."""
    if dilation > 1 and stride > 1:  # which Keras refuses together
        x = conv(x, channels, kernel, 1, name, groups, dilation)
        return keras.layers.MaxPooling2D(1, stride, name=f"{name}_every")(x)
    padding = dilation * (kernel - 1) // 2
    if padding:
        x = keras.layers.ZeroPadding2D(padding, name=f"{name}_pad")(x)
    options = {"strides": stride, "dilation_rate": dilation, "name": name}
    if groups > 1:
        return GroupedConv2D(channels, kernel, groups=groups, **options)(x)
    return keras.layers.Conv2D(
        channels, kernel, use_bias=False, kernel_initializer="he_normal", **options
    )(x)


def max_pool_ceil(x, name):
    """3x3 at stride 2 whose last window may reach beyond the edge, as PyTorch's ceil mode.

    Beyond the edge nothing must win; behind a ReLU zeros never do.
    """
    beyond = [(0, (side - 3) % 2) for side in x.shape[1:3]]
    x = keras.layers.ZeroPadding2D(beyond, name=f"{name}_pad")(x)
    return keras.layers.MaxPooling2D(3, 2, name=name)(x)
