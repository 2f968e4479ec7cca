"""A residual network of basic blocks with a gate in each, at any width and depth."""

from collections.abc import Sequence

import keras

from sbir_tf.models.gates import STAGES, Gates
from sbir_tf.models.normalization import normalize


def se_resnet(
    image_size: int,
    widths: Sequence[int] = (32, 64, 128, 256),
    depths: Sequence[int] = (1, 1, 1, 1),
    gate: str | None = "dase",
    reduction: int = 16,
    squeeze_activation: str = "relu",
    batch_norm_momentum: float = 0.99,
    name: str = "se_resnet",
    gate_stages: Sequence[int] = STAGES,
    normalization: str = "own",
    gate_identity: bool = False,
    sync_batch_norm: bool = False,
) -> keras.Model:
    """SE-ResNet of basic blocks for small pictures: a 3x3 stem, every stage halves the side.

    Args:
        image_size: Side of the square input.
        widths: Channels of each stage.
        depths: Blocks of each stage, as many as `widths`.
        gate: "dase", "se" (the gate without the domain bit), "sk", "gc", "non_local" or None.
        reduction: Reduction of the gates.
        squeeze_activation: Of the gates.
        batch_norm_momentum: Of the moving statistics. Short trainings want 0.9.
        name: Name of the model.
        gate_stages: The stages that have the gate, see `Gates`.
        normalization: "own" (paper is 0, ink is 1) or "unit" (pixels in [0, 1]).
        gate_identity: SE and DASE gates start at 1 instead of near 1/2. GC and non-local always
            start as the identity, SK never does.
        sync_batch_norm: Whether the norms' statistics are of all replicas' items together.

    Returns:
        A functional model: image (B, S, S, 3) with values 0-255 and domain (B, 1), to
        pooled features (B, widths[-1]).

    Reference:
        He et al., Deep Residual Learning, CVPR 2016; Hu et al., CVPR 2018, figure 3.
    """
    image = keras.Input((image_size, image_size, 3), name="image")
    domain = keras.Input((1,), name="domain")
    gates = Gates(
        gate,
        domain,
        gate_stages,
        reduction,
        squeeze_activation,
        identity=gate_identity and gate != "sk",
        batch_norm_momentum=batch_norm_momentum,
        sync_batch_norm=sync_batch_norm,
    )

    def conv_bn(x, channels, kernel, stride, prefix, dilation=1):
        if dilation > 1 and stride > 1:
            x = conv_bn(x, channels, kernel, 1, prefix, dilation)
            return every(stride, x, prefix)
        x = keras.layers.Conv2D(
            channels,
            kernel,
            stride,
            padding="same",
            dilation_rate=dilation,
            use_bias=False,
            kernel_initializer="he_normal",
            name=f"{prefix}_conv",
        )(x)
        return keras.layers.BatchNormalization(
            momentum=batch_norm_momentum,
            epsilon=1e-5,
            synchronized=sync_batch_norm,
            name=f"{prefix}_bn",
        )(x)

    def every(stride, x, prefix):
        # The positions on which the strided, "same" padded 3x3 convolution is centred.
        offset = (x.shape[1] + 1) % 2
        x = keras.layers.Cropping2D(((offset, 0), (offset, 0)), name=f"{prefix}_crop")(x)
        return keras.layers.MaxPooling2D(1, stride, name=f"{prefix}_every")(x)

    def relu(x, prefix):
        return keras.layers.ReLU(name=f"{prefix}_relu")(x)

    def block(x, channels, stride, stage, prefix):
        shortcut = entry = x
        if stride > 1 or shortcut.shape[-1] != channels:
            shortcut = conv_bn(shortcut, channels, 1, stride, f"{prefix}_shortcut")

        def first(dilation, suffix):
            inner = f"{prefix}_1{suffix}"
            return relu(conv_bn(entry, channels, 3, stride, inner, dilation), inner)

        x = gates.convolve(stage, prefix, first)
        x = gates.recalibrate(conv_bn(x, channels, 3, 1, f"{prefix}_2"), stage, prefix)
        x = relu(keras.layers.Add(name=f"{prefix}_add")([shortcut, x]), f"{prefix}_out")
        return gates.attend(x, stage, prefix)

    # Dark ink on white paper becomes bright on zero, so that padding looks like paper.
    x = normalize(image, normalization, mean=255.0, scale=-255.0)
    x = relu(conv_bn(x, widths[0], 3, 2, "stem"), "stem")
    for stage, (channels, blocks) in enumerate(zip(widths, depths, strict=True)):
        for number in range(blocks):
            stride = 2 if number == 0 and stage > 0 else 1
            x = block(x, channels, stride, stage + 1, f"stage{stage}_block{number}")
    features = keras.layers.GlobalAveragePooling2D(name="pool", dtype="float32")(x)
    return keras.Model([image, domain], features, name=name)
