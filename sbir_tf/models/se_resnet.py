"""A residual network of basic blocks with a gate in each, at any width and depth."""

from collections.abc import Sequence

import keras

from sbir_tf.layers import DASE


def se_resnet(
    image_size: int,
    widths: Sequence[int] = (32, 64, 128, 256),
    depths: Sequence[int] = (1, 1, 1, 1),
    gate: str | None = "dase",
    reduction: int = 16,
    squeeze_activation: str = "relu",
    batch_norm_momentum: float = 0.99,
    name: str = "se_resnet",
) -> keras.Model:
    """SE-ResNet of basic blocks for small pictures: a 3x3 stem, every stage halves the side.

    Args:
        image_size: Side of the square input.
        widths: Channels of each stage.
        depths: Blocks of each stage, as many as `widths`.
        gate: "dase", "se" (the gate without the domain bit) or None.
        reduction: Reduction of the gates.
        squeeze_activation: Of the gates.
        batch_norm_momentum: Of the moving statistics. Short trainings want 0.9.
        name: Name of the model.

    Returns:
        A functional model: image (B, S, S, 3) with values 0-255 and domain (B, 1), to
        pooled features (B, widths[-1]).

    Reference:
        He et al., Deep Residual Learning, CVPR 2016; Hu et al., CVPR 2018, figure 3.
    """
    image = keras.Input((image_size, image_size, 3), name="image")
    domain = keras.Input((1,), name="domain")

    def conv_bn(x, channels, kernel, stride, prefix):
        x = keras.layers.Conv2D(
            channels,
            kernel,
            stride,
            padding="same",
            use_bias=False,
            kernel_initializer="he_normal",
            name=f"{prefix}_conv",
        )(x)
        return keras.layers.BatchNormalization(
            momentum=batch_norm_momentum, epsilon=1e-5, name=f"{prefix}_bn"
        )(x)

    def relu(x, prefix):
        return keras.layers.ReLU(name=f"{prefix}_relu")(x)

    def block(x, channels, stride, prefix):
        shortcut = x
        if stride > 1 or shortcut.shape[-1] != channels:
            shortcut = conv_bn(shortcut, channels, 1, stride, f"{prefix}_shortcut")
        x = relu(conv_bn(x, channels, 3, stride, f"{prefix}_1"), f"{prefix}_1")
        x = conv_bn(x, channels, 3, 1, f"{prefix}_2")
        if gate:
            x = DASE(reduction, squeeze_activation, gate == "dase", name=f"{prefix}_{gate}")(
                [x, domain]
            )
        x = keras.layers.Add(name=f"{prefix}_add")([shortcut, x])
        return relu(x, f"{prefix}_out")

    # Dark ink on white paper becomes bright on zero, so that padding looks like paper.
    x = keras.layers.Rescaling(-1 / 255.0, 1.0, name="normalize")(image)
    x = relu(conv_bn(x, widths[0], 3, 2, "stem"), "stem")
    for stage, (channels, blocks) in enumerate(zip(widths, depths, strict=True)):
        for number in range(blocks):
            stride = 2 if number == 0 and stage > 0 else 1
            x = block(x, channels, stride, f"stage{stage}_block{number}")
    features = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model([image, domain], features, name=name)
