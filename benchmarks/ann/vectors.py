"""Vectors that look like those of the product, and vectors that look like nothing.

`clustered`: a class is a centre and its pictures lie around it. The shape is that of the icons
model's gallery: centres fill about 75 directions, a picture is .29 as far from its centre as the
centres are from their mean (the median class; classes differ by a factor of 7 or so), and classes
are of very different sizes. `uniform`: a cube, in which nothing is near anything.

Queries come in two kinds. `same`: as the gallery's. `shifted`: as sketches are from photographs:
off to one side, all of them, and farther from their centres than the pictures.
"""

from dataclasses import dataclass

import numpy as np

DIMENSION = 128
KINDS = ("clustered", "uniform")
PER_CLASS = 400
_BATCH = 100_000


@dataclass(frozen=True)
class Gallery:
    """Vectors to search, and what to search for.

    Args:
        vectors: (n, 128) float32.
        labels: (n,) int32 classes, or `None` where there are none.
        queries: of each kind, (Q, 128) float32.
        query_labels: their classes, likewise.
    """

    vectors: np.ndarray
    labels: np.ndarray | None
    queries: dict[str, np.ndarray]
    query_labels: dict[str, np.ndarray] | None

    @property
    def largest_class(self) -> int:
        """Items in the largest class; 0 without classes."""
        return 0 if self.labels is None else int(np.bincount(self.labels).max())


def make(kind: str, count: int, queries: int, seed: int = 0) -> Gallery:
    """Makes a gallery of a kind with queries that are not in it."""
    rng = np.random.default_rng(seed)
    return _uniform(rng, count, queries) if kind == "uniform" else _clustered(rng, count, queries)


def _uniform(rng: np.random.Generator, count: int, queries: int) -> Gallery:
    vectors = rng.random((count, DIMENSION), np.float32)
    asked = rng.random((2, queries, DIMENSION), np.float32)
    shift = rng.choice([-0.2, 0.2], DIMENSION).astype(np.float32)
    return Gallery(vectors, None, {"same": asked[0], "shifted": asked[1] + shift}, None)


def _clustered(rng: np.random.Generator, count: int, queries: int) -> Gallery:
    classes = max(25, count // PER_CLASS)
    axes = np.exp(-np.arange(DIMENSION) / 60)  # 75 directions and a tail
    axes /= np.sqrt((axes**2).sum())
    centres = rng.normal(size=(classes, DIMENSION)) * axes
    spreads = 0.29 * rng.lognormal(0, 0.5, classes) / np.sqrt(DIMENSION)
    sizes = rng.lognormal(0, 0.6, classes)
    share = sizes / sizes.sum()

    def around(total: int, wider: float) -> tuple[np.ndarray, np.ndarray]:
        labels = rng.choice(classes, total, p=share).astype(np.int32)
        found = np.empty((total, DIMENSION), np.float32)
        for start in range(0, total, _BATCH):
            some = labels[start : start + _BATCH]
            noise = rng.standard_normal((len(some), DIMENSION), np.float32)
            far = (wider * spreads[some, None]).astype(np.float32)
            found[start : start + _BATCH] = centres[some] + far * noise
        return found, labels

    vectors, labels = around(count, 1)
    same, same_labels = around(queries, 1)
    shifted, shifted_labels = around(queries, 1.5)
    side = rng.normal(size=DIMENSION) * axes
    shifted += (0.3 * side / np.sqrt((side**2).sum())).astype(np.float32)
    return Gallery(
        vectors,
        labels,
        {"same": same, "shifted": shifted},
        {"same": same_labels, "shifted": shifted_labels},
    )
