"""The indexes that are compared: this one, ScaNN by itself, faiss, hnswlib, usearch.

Each is built into a folder, opened from it, and searched at points: settings of a search, from
careless to thorough. Searches use one thread each, so that what is compared is work.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol

import numpy as np

Point = dict[str, Any]
Search = Callable[[np.ndarray, int], Any]  # queries, k -> rows (Q, k), or ids

_DEPTHS = (50, 100, 150, 200, 300, 400, 600, 800, 1200, 1600, 2400, 3200, 6400, 12_800)
GRAPH_POINTS = [{"ef": ef} for ef in (10, 20, 40, 80, 160, 320, 640, 1280, 2560, 5120)]
_SHARES = (0.0025, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64)


class Opened(Protocol):
    """An index that is open."""

    points: list[Point]

    def at(self, point: Point) -> Search:
        """How to search it at a point."""
        ...


class Library(Protocol):
    """Makes and opens indexes of one kind."""

    name: str

    def build(self, vectors: np.ndarray, labels: np.ndarray | None, folder: Path) -> None:
        """Builds into a folder."""
        ...

    def open(self, folder: Path, vectors: np.ndarray) -> Opened:
        """Opens what was built."""
        ...


class Scann:
    """ScaNN by itself, with its own copy of the vectors to reorder by.

    Args:
        leaves: of the tree, as a multiple of the square root of the number of vectors; 0 for none.
        soar: with SOAR, by products of vectors with one added column.
    """

    def __init__(self, leaves: float = 0, soar: bool = False):
        self._leaves, self._soar = leaves, soar
        tree = f"tree, {leaves:g} √n leaves" if leaves else "codes alone"
        self.name = f"ScaNN: {tree}{', SOAR' if soar else ''}"

    def build(self, vectors, labels, folder):
        from serving.index.searchers.scann import about_the_mean, scann_module

        view = None
        if self._soar:
            view, vectors = about_the_mean(np.asarray(vectors), as_products=True)
        measure = "dot_product" if self._soar else "squared_l2"
        builder = scann_module().builder(np.asarray(vectors), 10, measure)
        if self._leaves:
            leaves = round(self._leaves * len(vectors) ** 0.5)
            spill = {"soar_lambda": 1.5, "overretrieve_factor": 2.0} if self._soar else {}
            sample = min(len(vectors), 250_000)
            builder = builder.tree(leaves, leaves // 10, training_sample_size=sample, **spill)
        codes = builder.score_ah(
            2, anisotropic_quantization_threshold=0.2 if self._soar else np.nan
        )
        codes.reorder(100).build().serialize(str(folder))
        if view:
            np.savez(folder / "view.npz", centre=view.centre, scale=view.scale)

    def open(self, folder, vectors):
        from serving.index.searchers.scann import scann_module

        scann = scann_module().load_searcher(str(folder))
        view = dict(np.load(folder / "view.npz")) if self._soar else None
        return _OpenedScann(scann, round(self._leaves * len(vectors) ** 0.5), view)


class _OpenedScann:
    def __init__(self, scann, leaves, view):
        self._scann, self._view = scann, view
        self.points = tree_points(leaves)

    def at(self, point):
        depth, leaves, view = point["depth"], point["leaves"] or None, self._view

        def search(queries, k):
            if view:
                added = np.full((len(queries), 1), view["scale"], np.float32)
                queries = np.hstack([queries - view["centre"], added])
            return self._scann.search_batched(queries, k, max(depth, k), leaves)[0]

        return search


class Faiss:
    """An index of faiss's factory.

    Args:
        name: what it is.
        factory: how the factory calls it; {lists} is 4 times the root of the number of vectors.
        points: settings of a search.
    """

    def __init__(self, name: str, factory: str, points: Iterable[Point]):
        self.name, self._factory, self._points = f"faiss: {name}", factory, list(points)

    def build(self, vectors, labels, folder):
        import faiss

        lists = round(4 * len(vectors) ** 0.5)
        index = faiss.index_factory(vectors.shape[1], self._factory.format(lists=lists))
        index.train(np.asarray(vectors[:: max(1, len(vectors) // (lists * 64))]))
        index.add(np.asarray(vectors))
        faiss.write_index(index, str(folder / "index.faiss"))

    def open(self, folder, vectors):
        import faiss

        faiss.omp_set_num_threads(1)
        return _OpenedFaiss(faiss.read_index(str(folder / "index.faiss")), self._points)


class _OpenedFaiss:
    def __init__(self, index, points):
        self._index, self.points = index, points

    def at(self, point):
        import faiss

        index = self._index

        def search(queries, k):
            if "ef" in point:
                index.hnsw.efSearch = max(point["ef"], k)
            if "probes" in point:
                faiss.downcast_index(index.base_index).nprobe = point["probes"]
                index.k_factor = point["factor"]
            return index.search(queries, k)[1]

        return search


class Hnswlib:
    """hnswlib, 16 neighbours, 200 candidates while building."""

    name = "hnswlib"

    def build(self, vectors, labels, folder):
        import hnswlib

        index = hnswlib.Index("l2", vectors.shape[1])
        index.init_index(len(vectors), M=16, ef_construction=200)
        index.add_items(vectors)
        index.save_index(str(folder / "index.bin"))

    def open(self, folder, vectors):
        import hnswlib

        index = hnswlib.Index("l2", vectors.shape[1])
        index.load_index(str(folder / "index.bin"))
        return _OpenedHnswlib(index)


class _OpenedHnswlib:
    def __init__(self, index):
        self._index, self.points = index, GRAPH_POINTS

    def at(self, point):
        def search(queries, k):
            self._index.set_ef(max(point["ef"], k))
            return self._index.knn_query(queries, k, num_threads=1)[0]

        return search


class Usearch:
    """usearch, its defaults: 16 neighbours, 128 candidates while building, float32."""

    name = "usearch"

    def build(self, vectors, labels, folder):
        index = self._empty(vectors.shape[1])
        index.add(np.arange(len(vectors)), np.asarray(vectors))
        index.save(str(folder / "index.usearch"))

    def open(self, folder, vectors):
        index = self._empty(vectors.shape[1])
        index.load(str(folder / "index.usearch"))
        return _OpenedUsearch(index)

    def _empty(self, dimension):
        from usearch.index import Index

        return Index(ndim=dimension, metric="l2sq", dtype="f32", connectivity=16)


class _OpenedUsearch:
    def __init__(self, index):
        self._index, self.points = index, GRAPH_POINTS

    def at(self, point):
        def search(queries, k):
            self._index.expansion_search = max(point["ef"], k)
            return np.atleast_2d(self._index.search(queries, k, threads=1).keys)

        return search


class Ours:
    """This index, ids and metadata included, its structure found by `tune`."""

    name = "this index"

    def build(self, vectors, labels, folder):
        from serving.index import Model, create_index

        index = create_index(folder / "index", "l2", vectors.shape[1], Model("bench", "0" * 64))
        for start in range(0, len(vectors), 10_000):
            rows = range(start, min(start + 10_000, len(vectors)))
            classes = [0 if labels is None else int(labels[row]) for row in rows]
            ids = [f"class {of}/{row}.png" for row, of in zip(rows, classes, strict=True)]
            index.add(ids, vectors[start : rows.stop], [metadata_of(row) for row in rows])
        index.save()
        index.close()

    def open(self, folder, vectors):
        from serving.index import open_index

        return _OpenedOurs(open_index(folder / "index"))


class _OpenedOurs:
    def __init__(self, index):
        self.index = index
        settings = index.info().settings
        self.points = (
            [{}] if settings["kind"] == "exact" else tree_points(settings.get("leaves", 0))
        )
        self._generation = index._open().view().generation
        self._searcher = self._generation.searcher

    def at(self, point):
        def search(queries, k):
            searcher = self._searcher
            if point:
                searcher = searcher.at(point["depth"], point["leaves"])
            self._generation.searcher = searcher
            return self.index.search(queries, k)[0]

        return search


def metadata_of(row: int) -> dict[str, Any]:
    """Fields that select a half, a hundredth and a ten thousandth of the items."""
    return {"half": row % 2, "hundredth": row % 100, "brand": f"brand {row % 10_000}"}


def tree_points(leaves: int) -> list[Point]:
    """Shares of the leaves by depths, or depths alone."""
    visited = sorted({max(1, round(share * leaves)) for share in _SHARES}) if leaves else [0]
    return [{"leaves": some, "depth": depth} for some in visited for depth in _DEPTHS]


FLAT = Faiss("Flat (exact)", "Flat", [{}])
PROBES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
FACTORS = (2, 5, 10, 20, 40, 80, 160, 320)
LIBRARIES: dict[str, Library] = {
    "ours": Ours(),
    "scann-codes": Scann(),
    "scann-tree-1": Scann(1),
    "scann-tree-2": Scann(2),
    "scann-soar-2": Scann(2, soar=True),
    "faiss-flat": FLAT,
    "faiss-ivf": Faiss(
        "IVF-PQ fast-scan, refined",
        "IVF{lists},PQ64x4fs,RFlat",
        [{"probes": probes, "factor": factor} for probes in PROBES for factor in FACTORS],
    ),
    "faiss-hnsw": Faiss("HNSW", "HNSW16,Flat", GRAPH_POINTS),
    "hnswlib": Hnswlib(),
    "usearch": Usearch(),
}
