"""The two distributions that a margin is about: to the own class centre, to the nearest other."""

import numpy as np
import tensorflow as tf

from training.explain.embedding import Embedder
from training.pictures import Items

DOMAINS = ("sketch", "photo")


class Distances:
    """Writes both distributions for each domain, and how many embeddings keep the margin.

    Args:
        embedder: Gives embeddings by the weights of the moment.
        items: Some sketches and photos of the training.
        centers: Variable (K, D) of the class centres.
        margin: Variable of the margin that the loss asks for now; None of a loss without.
    """

    def __init__(self, embedder: Embedder, items: tuple[Items, Items], centers, margin):
        self.embedder, self.items = embedder, items
        self.centers, self.margin = centers, margin

    def write(self, step: int) -> None:
        for name, items in zip(DOMAINS, self.items, strict=True):
            own, other = own_and_other(
                self.embedder(items, step, raw=True), items.labels, self.centers.numpy()
            )
            tf.summary.histogram(f"distances/{name}/own", own, step)
            tf.summary.histogram(f"distances/{name}/nearest_other", other, step)
            tf.summary.scalar(f"distances/{name}/own_mean", own.mean(), step)
            tf.summary.scalar(f"distances/{name}/nearest_other_mean", other.mean(), step)
            margin = 1.0 if self.margin is None else float(self.margin.numpy())
            kept = (margin * own < other).mean()
            tf.summary.scalar(f"distances/{name}/within_margin", kept, step)


def own_and_other(
    embeddings: np.ndarray, labels: np.ndarray, centers: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Distances of embeddings (N, D) to their own centre and to the nearest other one.

    Args:
        embeddings: (N, D).
        labels: (N,), rows of `centers`.
        centers: (K, D), K at least 2.
    """
    differences = [embedding - centers for embedding in embeddings.astype(np.float64)]
    distances = np.array([np.sqrt((rows**2).sum(axis=1)) for rows in differences])
    rows = np.arange(len(labels))
    own = distances[rows, labels]
    distances[rows, labels] = np.inf
    return own, distances.min(axis=1)
