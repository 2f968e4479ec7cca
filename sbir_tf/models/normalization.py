"""The pixel values that a backbone sees."""

from collections.abc import Sequence

import keras
import numpy as np

from sbir_tf.errors import UserError, nearest

NORMALIZATIONS = ("own", "unit")
# Of RGB pixels 0-255, as the published ImageNet weights of most networks were trained.
IMAGENET_MEAN = (123.675, 116.28, 103.53)
IMAGENET_SCALE = (58.395, 57.12, 57.375)


def normalize(
    image,
    normalization: str,
    mean: float | Sequence[float],
    scale: float | Sequence[float],
):
    """(image - mean) / scale, in float32 under every precision policy.

    Args:
        image: Pictures (B, S, S, 3) with values 0-255.
        normalization: "own" takes `mean` and `scale`, those that the backbone was pretrained
            with; "unit" gives [0, 1], as the authors' 2021 release.
        mean, scale: One number, or one a channel.

    Raises:
        UserError: If `normalization` is unknown.
    """
    if normalization not in NORMALIZATIONS:
        close = nearest(normalization, NORMALIZATIONS)
        raise UserError(f"There is no normalization {normalization!r}{close}")
    if normalization == "unit":
        mean, scale = 0.0, 255.0
    factor = 1 / np.asarray(scale)
    return keras.layers.Rescaling(
        factor.tolist(), (-np.asarray(mean) * factor).tolist(), dtype="float32", name="normalize"
    )(image)
