"""Partial least squares regression from sketches' frozen features to photos'."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from training.baselines.frozen import features
from training.baselines.pairs import pair_rows


@dataclass(frozen=True)
class PLS:
    """What a photo's features would be, told from a sketch's by few latent variables.

    Attributes:
        size: Side of the pictures, pixels.
        components: Latent variables.
        pairs: Photos that each sketch is paired with.
        compare: The "scores" of both views on the latent variables, or the photo that a sketch
            "predicts", in the photos' own features.

    Reference:
        Sharma and Jacobs, Bypassing Synthesis: PLS for Face Recognition with Pose, Low-Resolution
        and Sketch, CVPR 2011.
    """

    size: int = 224
    components: int = 32
    pairs: int = 1
    compare: Literal["scores", "predictions"] = "scores"

    learns: ClassVar[bool] = True
    random: ClassVar[bool] = True
    binary: ClassVar[bool] = False

    def fit(self, sketches, photos, seed: int = 0):
        """Learn the regression; gives the function that projects items."""
        from sklearn.cross_decomposition import PLSRegression

        views = [features(items) for items in (sketches, photos)]
        rows = pair_rows(sketches.labels, photos.labels, self.pairs, seed)
        paired = [view[chosen] for view, chosen in zip(views, rows, strict=True)]
        model = PLSRegression(self.components, max_iter=1000).fit(*paired)
        return lambda items: self.project(model, items)

    def project(self, model, items) -> np.ndarray:
        """Rows (N, components or D) float32, both views' alike."""
        rows = features(items)
        if self.compare == "predictions":
            # Both about the photos' mean, so that directions can be compared.
            found = (model.predict(rows) if items.domain == 0 else rows) - model.intercept_
        elif items.domain == 0:
            found = model.transform(rows)
        else:
            # Only the photos' scores are wanted, but they come with a sketch's.
            found = model.transform(np.zeros((len(rows), model.n_features_in_)), rows)[1]
        return found.astype(np.float32)
