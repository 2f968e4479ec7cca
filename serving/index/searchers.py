"""ScaNN behind a small wall: its traps stay on this side.

What ScaNN 1.3 does, and what is done about it here (see `saved.py` for its files):

- A k above the reorder depth is capped silently, and a depth just above k loses recall: the depth
  is raised with k.
- Short results are padded with row 0 at distance NaN: such rows are answered again exactly.
- Brute force and dot products lose the digits of vectors far from zero (at an offset of 10,000
  nine of ten answers were wrong): they see the vectors about their mean. A few more than k are
  fetched and put in order by true distances, which also settles near ties.
- SOAR exists for the dot product alone. ||q - x||^2 ranks as the dot product of (q, s) with
  (x, (mean - ||x||^2) / 2s); the scale s gives the added column the spread of the others.
"""

from typing import Any

import numpy as np

from serving.index.exact import distances_at, exact_positions, nearest
from serving.index.parameters import Parameters

_DEPTH_PER_NEIGHBOUR = 5  # recall@100 at 100,000: .71 at depth k, .997 at 5 k
_SPARE = 16


class Searcher:
    """One ScaNN searcher over one array of vectors, by squared Euclidean distance.

    Args:
        scann: the searcher that ScaNN built or loaded.
        vectors: (n, D) float32, what its rows number.
        parameters: what it was built with.
        centre: (D,) float32, what ScaNN's vectors are relative to; zero for hashing.
        scale: the added column's value in queries; 0 where there is none.
    """

    def __init__(
        self,
        scann: Any,
        vectors: np.ndarray,
        parameters: Parameters,
        centre: np.ndarray,
        scale: float = 0.0,
    ):
        self.scann = scann
        self.vectors = vectors
        self.parameters = parameters
        self.centre = centre
        self.scale = scale

    def search(self, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Finds each query's k nearest rows.

        Args:
            queries: (Q, D) float32, checked.
            k: from 1 to n.

        Returns:
            Positions (Q, k) int64 and squared distances (Q, k) float32, ascending.
        """
        if not len(queries):
            return np.empty((0, k), np.int64), np.empty((0, k), np.float32)
        fetched = min(len(self.vectors), k + _SPARE)
        asked = self._as_scann_sees(queries)
        positions, approximate = self.scann.search_batched(asked, fetched, self._depth(fetched))
        positions = positions.astype(np.int64)
        for row in np.flatnonzero(np.isnan(approximate).any(axis=1)):
            positions[row] = exact_positions(queries[row], self.vectors, fetched)
        return nearest(positions, distances_at(queries, self.vectors, positions), k)

    def _depth(self, k: int) -> int | None:
        if self.parameters.kind == "exact":
            return None
        return min(len(self.vectors), max(self.parameters.reorder, _DEPTH_PER_NEIGHBOUR * k))

    def _as_scann_sees(self, queries: np.ndarray) -> np.ndarray:
        relative = queries - self.centre
        if not self.scale:
            return relative
        return np.hstack([relative, np.full((len(queries), 1), self.scale, np.float32)])


def build_searcher(vectors: np.ndarray, parameters: Parameters) -> Searcher:
    """Builds a searcher.

    Args:
        vectors: (n, D) float32, checked.
        parameters: the kind and its depth.

    Returns:
        The searcher.
    """
    parameters.check(len(vectors))
    if parameters.kind == "tree":
        return _build_tree(vectors, parameters)
    if parameters.kind == "exact":
        return _build_exact(vectors, parameters)
    hashed = scann_module().builder(vectors, 10, "squared_l2").score_ah(2)
    scann = hashed.reorder(parameters.reorder).build()
    return Searcher(scann, vectors, parameters, np.zeros(vectors.shape[1], np.float32))


def _build_exact(vectors: np.ndarray, parameters: Parameters) -> Searcher:
    centre = vectors.mean(axis=0)
    builder = scann_module().builder(vectors - centre, 10, "squared_l2")
    return Searcher(builder.score_brute_force().build(), vectors, parameters, centre)


def _build_tree(vectors: np.ndarray, parameters: Parameters) -> Searcher:
    centre = vectors.mean(axis=0)
    relative = vectors - centre
    norms = np.einsum("nd,nd->n", relative, relative)
    scale = float(max(norms.std() / 2 / max(relative.std(), 1e-12), 1e-6))
    column = (norms.mean() - norms) / (2 * scale)
    builder = scann_module().builder(np.hstack([relative, column[:, None]]), 10, "dot_product")
    tree = builder.tree(
        parameters.leaves,
        parameters.leaves_to_search,
        training_sample_size=min(len(vectors), 250_000),
        soar_lambda=1.5,
        overretrieve_factor=2.0,
    )
    hashed = tree.score_ah(2, anisotropic_quantization_threshold=0.2)
    scann = hashed.reorder(parameters.reorder).build()
    return Searcher(scann, vectors, parameters, centre, scale)


def scann_module() -> Any:
    """ScaNN brings TensorFlow along: seconds, so only when an index is built or opened."""
    from scann.scann_ops.py import scann_ops_pybind

    return scann_ops_pybind
