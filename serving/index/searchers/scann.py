"""ScaNN finds candidates by short codes; the vectors themselves, mapped, put them in order.

ScaNN would keep a copy of all vectors in memory for that last step. Without it, it needs 64 bytes
an item of 128 dimensions (twice that with SOAR), opening copies nothing, and a batch takes less
time. Its traps stay on this side of the wall (see `saved.py` for those of its files):

- A k above the reorder depth is capped silently, and a depth just above k loses recall: the depth
  is raised with k.
- Short results are padded with row 0 at distance NaN: such queries are answered again exactly.
- Dot products lose the digits of vectors far from zero (at an offset of 10,000 nine of ten answers
  were wrong): a tree sees the vectors about their mean.
- SOAR exists for the dot product alone. ||q - x||^2 ranks as the dot product of (q, s) with
  (x, (mean - ||x||^2) / 2s); the scale s gives the added column the spread of the others.
- A NaN, a wrong shape or an empty batch never reaches it: `serving.index.validate`.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from serving.index.exact import among, nearest_points, nearest_units, threads, units_among
from serving.index.searchers.settings import Settings

_DEPTH_PER_NEIGHBOUR = 5  # recall@100 at 100,000: .71 at depth k, .997 at 5 k
_TRAINED_ON = 250_000
_PARALLEL_FROM = 64  # queries


@dataclass(frozen=True)
class View:
    """How ScaNN sees vectors: about a centre, and with a column that makes distances products.

    Args:
        centre: (D,) float32, or `None` for zero.
        scale: the added column's value in queries; 0 where there is none.
    """

    centre: np.ndarray | None = None
    scale: float = 0.0

    def of_queries(self, queries: np.ndarray) -> np.ndarray:
        """(B, D) or (B, D + 1) float32."""
        if self.centre is None:
            return queries
        if not self.scale:
            return queries - self.centre
        seen = np.empty((len(queries), queries.shape[1] + 1), np.float32)
        np.subtract(queries, self.centre, out=seen[:, :-1])
        seen[:, -1] = self.scale
        return seen


class ScannSearcher:
    """One ScaNN searcher over one array of vectors.

    Args:
        scann: the searcher that ScaNN built or loaded, without vectors of its own.
        metric: "l2" or "cosine".
        vectors: (n, D) float32, of length 1 for cosine.
        settings: what it was built with.
        view: how ScaNN sees the vectors.
    """

    def __init__(
        self, scann: Any, metric: str, vectors: np.ndarray, settings: Settings, view: View
    ):
        self.scann, self.settings, self.view = scann, settings, view
        self._vectors = np.asarray(vectors)
        self._among, self._exactly = among, nearest_points
        if metric == "cosine":
            self._among, self._exactly = units_among, nearest_units

    def at(self, reorder: int, leaves_to_search: int) -> "ScannSearcher":
        """The same structure, searched otherwise."""
        settings = replace(self.settings, reorder=reorder, leaves_to_search=leaves_to_search)
        metric = "cosine" if self._among is units_among else "l2"
        return ScannSearcher(self.scann, metric, self._vectors, settings, self.view)

    def search(self, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Finds each query's k nearest rows; see `Searcher`."""
        candidates = self._candidates(queries, k)
        rows, distances = self._among(queries, self._vectors, candidates, k)
        if (rows[:, -1] < 0).any():
            short = np.flatnonzero(rows[:, -1] < 0)
            rows[short], distances[short] = self._exactly(queries[short], self._vectors, k)
        return rows, distances

    def _candidates(self, queries: np.ndarray, k: int) -> np.ndarray:
        """(B, depth) int64 rows; -1 behind the last where there are fewer."""
        depth = max(self.settings.reorder, _DEPTH_PER_NEIGHBOUR * k)
        depth = min(len(self._vectors), depth)
        seen, leaves = self.view.of_queries(queries), self.settings.leaves_to_search or None
        if len(queries) == 1:  # takes a tenth less, and ends where the rows do
            found, _ = self.scann.search(seen[0], depth, depth, leaves)
            rows = np.full((1, depth), -1, np.int64)
            rows[0, : len(found)] = found
            return rows
        if len(queries) >= _PARALLEL_FROM and threads() > 1:
            rows, distances = self.scann.search_batched_parallel(seen, depth, depth, leaves)
        else:
            rows, distances = self.scann.search_batched(seen, depth, depth, leaves)
        rows = rows.astype(np.int64)
        if np.isnan(distances[:, -1]).any():
            rows[np.isnan(distances)] = -1
        return rows


def build_scann(metric: str, vectors: np.ndarray, settings: Settings) -> ScannSearcher:
    """Builds a searcher.

    Args:
        metric: "l2" or "cosine".
        vectors: (n, D) float32, checked; of length 1 for cosine.
        settings: hash or tree, that fit.

    Returns:
        The searcher.
    """
    vectors = np.asarray(vectors)
    view, seen = View(), vectors
    if metric == "l2" and settings.kind == "tree":
        view, seen = about_the_mean(vectors, settings.soar)
    product = metric == "cosine" or view.scale
    builder = scann_module().builder(seen, 10, "dot_product" if product else "squared_l2")
    builder.set_n_training_threads(threads())
    if settings.kind == "tree":
        spilling = {"soar_lambda": 1.5, "overretrieve_factor": 2.0} if settings.soar else {}
        builder = builder.tree(
            settings.leaves,
            settings.leaves_to_search,
            training_sample_size=min(len(vectors), _TRAINED_ON),
            **spilling,
        )
    # Anisotropic quantization is for products: of squared distances it costs recall.
    codes = builder.score_ah(2, anisotropic_quantization_threshold=0.2 if product else math.nan)
    scann = codes.build()
    return ScannSearcher(scann, metric, vectors, settings, view)


def about_the_mean(vectors: np.ndarray, as_products: bool) -> tuple[View, np.ndarray]:
    """Vectors about their mean, and how to see queries alike.

    Args:
        vectors: (n, D) float32.
        as_products: add the column that makes the nearest have the largest products.

    Returns:
        The view and (n, D) or (n, D + 1) float32.
    """
    centre = vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
    if not as_products:
        return View(centre), vectors - centre
    seen = np.empty((len(vectors), vectors.shape[1] + 1), np.float32)
    relative = np.subtract(vectors, centre, out=seen[:, :-1])
    norms = np.einsum("nd,nd->n", relative, relative)
    spread = max(float(relative.std()), 1e-12)
    scale = max(float(norms.std()) / 2 / spread, 1e-6)
    seen[:, -1] = (norms.mean() - norms) / (2 * scale)
    return View(centre, scale), seen


def scann_module() -> Any:
    """ScaNN brings TensorFlow along: seconds, so only when an index is built or opened."""
    from scann.scann_ops.py import scann_ops_pybind

    return scann_ops_pybind
