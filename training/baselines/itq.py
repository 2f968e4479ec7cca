"""Iterative quantisation of frozen features: bits, learnt without labels."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from training.baselines.frozen import features


@dataclass(frozen=True)
class ITQ:
    """Signs of the features' principal components, rotated to lie near the corners of a cube.

    Attributes:
        size: Side of the pictures, pixels.
        bits: Of a code.
        unit: Scale features to unit length first.
        apart: Centre sketches and photos each on their own mean; published: on that of both.

    Reference:
        Gong and Lazebnik, Iterative Quantization: A Procrustean Approach to Learning Binary
        Codes, CVPR 2011.
    """

    size: int = 224
    bits: int = 64
    unit: bool = False
    apart: bool = False

    learns: ClassVar[bool] = True
    random: ClassVar[bool] = True
    binary: ClassVar[bool] = True

    def fit(self, sketches, photos, seed: int = 0):
        """Learn the codes; gives the function that codes items, (N, bits) uint8 of 0 and 1."""
        from sbir_tf.codes import learn_itq_codes

        views = [self.prepared(items) for items in (sketches, photos)]
        means = [view.mean(axis=0) if self.apart else 0 for view in views]
        centred = [view - mean for view, mean in zip(views, means, strict=True)]
        codes = learn_itq_codes(np.concatenate(centred), self.bits, seed=seed)
        return lambda items: codes.bits(self.prepared(items) - means[items.domain]).astype(np.uint8)

    def prepared(self, items) -> np.ndarray:
        """Features (N, 1280) float32."""
        rows = features(items)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True) if self.unit else rows
