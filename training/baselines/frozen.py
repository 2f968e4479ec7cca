"""An ImageNet network as it is: nothing is trained."""

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np

BATCH = 64


@dataclass(frozen=True)
class Frozen:
    """What EfficientNet-Lite0 with ImageNet's weights makes of a picture, before its classes.

    Attributes:
        size: Side of the pictures, pixels; 224 is what its weights were trained at.

    Reference:
        Tan and Le, EfficientNet, ICML 2019; the Lite variant.
    """

    size: int = 224

    learns: ClassVar[bool] = False
    random: ClassVar[bool] = False
    binary: ClassVar[bool] = False

    def fit(self, sketches, photos, seed: int = 0):
        """There is nothing to learn."""
        return features


def features(items) -> np.ndarray:
    """Pooled features (N, 1280) float32 of items."""
    rows = []
    for images in items.batches(BATCH):
        domain = np.full((len(images), 1), items.domain, np.float32)
        rows.append(network(images.shape[1]).predict_on_batch([images, domain]))
    return np.concatenate(rows)


@lru_cache
def network(size: int):
    """EfficientNet-Lite0 without gates, with ImageNet's weights."""
    from sbir_tf.models import efficientnet_lite, load_imagenet

    model = efficientnet_lite("efficientnet_lite0", size, gate=None)
    load_imagenet(model)
    return model
