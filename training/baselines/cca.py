"""Canonical correlation analysis of frozen features, two views: sketches and photos."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from training.baselines.frozen import features
from training.baselines.pairs import pair_rows


@dataclass(frozen=True)
class CCA:
    """The directions of sketches' and of photos' features that correlate most over pairs.

    Each view is projected on its first principal components, whose number is what regularises;
    scores have unit variance over the pairs, times their correlation to a power.

    Attributes:
        size: Side of the pictures, pixels.
        principal: Components of each view that CCA sees.
        components: Of the common space.
        pairs: Photos that each sketch is paired with.
        power: Of the correlations.

    Reference:
        Hotelling, Relations Between Two Sets of Variates, Biometrika 1936. The power: Gong et
        al., A Multi-View Embedding Space for Modeling Internet Images, IJCV 2014, section 3.
    """

    size: int = 224
    principal: int = 256
    components: int = 128
    pairs: int = 5
    power: float = 1.0

    learns: ClassVar[bool] = True
    random: ClassVar[bool] = True
    binary: ClassVar[bool] = False

    def fit(self, sketches, photos, seed: int = 0):
        """Learn the projections; gives the function that projects items."""
        views = [features(items) for items in (sketches, photos)]
        rows = pair_rows(sketches.labels, photos.labels, self.pairs, seed)
        paired = [view[chosen] for view, chosen in zip(views, rows, strict=True)]
        project = projections(*paired, self.principal, self.components, self.power)
        return lambda items: project[items.domain](features(items))


def projections(left, right, principal, components, power) -> tuple:
    """Functions that bring rows of each of two views to their common space.

    Whitened views correlate by the matrix C = L'R / n, whose singular vectors are the canonical
    directions and whose singular values are the correlations.

    Args:
        left, right: (pairs, D) and (pairs, E) float; equal rows belong together.
        principal: Components of each view that are kept, at most.
        components: Of the common space, at most as many.
        power: Of the correlations that scores are multiplied by.

    Returns:
        A function for each view, of rows to (N, components) float32.
    """
    from sklearn.decomposition import PCA

    most = min(principal, len(left) - 1)  # so many directions have a variance
    white = [PCA(min(most, rows.shape[1]), whiten=True, random_state=0) for rows in (left, right)]
    views = [space.fit_transform(rows) for space, rows in zip(white, (left, right), strict=True)]
    u, correlations, v = np.linalg.svd(views[0].T @ views[1] / (len(left) - 1))
    weights = np.clip(correlations, 0, 1)[:components] ** power

    def projection(space, directions):
        kept = directions[:, : len(weights)] * weights
        return lambda rows: (space.transform(rows) @ kept).astype(np.float32)

    return projection(white[0], u), projection(white[1], v.T)
