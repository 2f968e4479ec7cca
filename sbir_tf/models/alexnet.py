"""AlexNet, the baseline of the papers."""

import keras

from sbir_tf.errors import UserError
from sbir_tf.layers import StepDropout
from sbir_tf.models.normalization import IMAGENET_MEAN, IMAGENET_SCALE, normalize

# Number in torchvision's list, channels, kernel, stride, whether pooled behind.
CONVOLUTIONS = (
    (0, 64, 11, 4, True),
    (3, 192, 5, 1, True),
    (6, 384, 3, 1, False),
    (8, 256, 3, 1, False),
    (10, 256, 3, 1, True),
)
HIDDEN = 4096
DROPOUT = 0.5
# Side of the last feature map that the first dense layer reads.
LAST_SIDE = 6


def alexnet(
    image_size: int = 224,
    gate: str | None = None,
    normalization: str = "own",
    seed: int = 0,
) -> keras.Model:
    """AlexNet in its one-tower form, to the second hidden layer.

    Layers are called as torchvision's, with underscores for dots. In mixed_bfloat16 on a CPU,
    TensorFlow sums the gradients of the convolutions' biases in bfloat16: train it in float32.

    Args:
        image_size: Side of the square input: one whose last feature map averages to 6 x 6.
        gate: None: it has no blocks to put gates in.
        normalization: "own" (ImageNet's mean and deviation) or "unit" (pixels in [0, 1]).
        seed: Of the dropout's masks.

    Returns:
        A functional model: image (B, S, S, 3) with values 0-255 and domain (B, 1), which it
        does not look at, to features (B, 4096).

    Raises:
        UserError: If a gate is asked for, or the size does not fit.

    Reference:
        Krizhevsky, One weird trick for parallelizing convolutional neural networks, 2014.
    """
    if gate is not None:
        raise UserError(f"alexnet has no gates: set gate to none. Received: gate={gate!r}")
    image = keras.Input((image_size, image_size, 3), name="image")
    domain = keras.Input((1,), name="domain")
    side = last_side(image_size)
    if side < LAST_SIDE or side % LAST_SIDE:
        raise UserError(
            f"alexnet's last feature map must be 6 x 6 or a multiple of it, as of pictures of "
            f"224. Received: a size of {image_size}, which gives {side} x {side}"
        )
    x = normalize(image, normalization, IMAGENET_MEAN, IMAGENET_SCALE)
    for number, channels, kernel, stride, pooled in CONVOLUTIONS:
        x = keras.layers.ZeroPadding2D(padding(kernel), name=f"features_{number}_pad")(x)
        x = keras.layers.Conv2D(
            channels, kernel, stride, activation="relu", name=f"features_{number}"
        )(x)
        if pooled:
            x = keras.layers.MaxPooling2D(3, 2, name=f"features_{number}_pool")(x)
    x = keras.layers.AveragePooling2D(side // LAST_SIDE, name="avgpool")(x)
    # PyTorch flattens channels first; so the published kernels need no other order.
    x = keras.layers.Permute((3, 1, 2), name="channels_first")(x)
    x = keras.layers.Flatten(name="flatten")(x)
    for number in (1, 4):
        # Each of the two has seeds of its own.
        x = StepDropout(DROPOUT, 2 * seed + number // 4, name=f"classifier_{number - 1}")(x)
        x = keras.layers.Dense(HIDDEN, activation="relu", name=f"classifier_{number}")(x)
    return keras.Model([image, domain], x, name="alexnet")


def padding(kernel: int) -> int:
    """As torchvision pads: the first convolution less than would keep the size."""
    return min(2, (kernel - 1) // 2)


def last_side(image_size: int) -> int:
    """Side of the last feature map."""
    side = image_size
    for _, _, kernel, stride, pooled in CONVOLUTIONS:
        side = (side + 2 * padding(kernel) - kernel) // stride + 1
        side = (side - 3) // 2 + 1 if pooled else side
    return side
