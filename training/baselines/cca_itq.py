"""CCA-ITQ: bits from canonical directions, so learnt with labels, rotated as ITQ does."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from training.baselines.cca import projections
from training.baselines.frozen import features
from training.baselines.pairs import pair_rows


@dataclass(frozen=True)
class CCAITQ:
    """Signs of canonical scores, rotated to lie near the corners of a cube.

    Attributes:
        size: Side of the pictures, pixels.
        bits: Of a code.
        views: What the features are correlated with: "labels" (published: pictures of both
            domains alike, with their classes), or "pairs" (sketches with photos of their class).
        principal: Components of each view that CCA sees.
        pairs: Photos that each sketch is paired with.
        power: Of the correlations that scores are multiplied by.

    Reference:
        Gong, Lazebnik, Gordo and Perronnin, Iterative Quantization: A Procrustean Approach to
        Learning Binary Codes for Large-Scale Image Retrieval, PAMI 2013, section 5.
    """

    size: int = 224
    bits: int = 64
    views: Literal["labels", "pairs"] = "labels"
    principal: int = 256
    pairs: int = 5
    power: float = 1.0

    learns: ClassVar[bool] = True
    random: ClassVar[bool] = True
    binary: ClassVar[bool] = True

    def fit(self, sketches, photos, seed: int = 0):
        """Learn the codes; gives the function that codes items, (N, bits) uint8 of 0 and 1."""
        from sbir_tf.codes import learn_itq_codes

        views = [features(items) for items in (sketches, photos)]
        project = self.spaces(views, sketches.labels, photos.labels, seed)
        scores = [of(view) for of, view in zip(project, views, strict=True)]
        codes = learn_itq_codes(np.concatenate(scores), self.bits, seed=seed)
        return lambda items: codes.bits(project[items.domain](features(items))).astype(np.uint8)

    def spaces(self, views, sketch_labels, photo_labels, seed: int) -> tuple:
        """The function of each domain to its canonical scores."""
        settings = self.principal, self.bits, self.power
        if self.views == "pairs":
            rows = pair_rows(sketch_labels, photo_labels, self.pairs, seed)
            paired = (view[chosen] for view, chosen in zip(views, rows, strict=True))
            return projections(*paired, *settings)
        labels = np.concatenate([sketch_labels, photo_labels])
        # The first class is where no other is: a column of its own would follow from theirs.
        classes = (labels[:, None] == np.unique(labels)[1:]).astype(np.float32)
        alike, _ = projections(np.concatenate(views), classes, *settings)
        return alike, alike
