"""What NumPy says of the same vectors, and whether an index agrees."""

import numpy as np

from serving.index import Model

MODEL = Model("test", "ab" * 32)


def numpy_distances(metric, queries, vectors):
    """(B, n) float64, from the definitions."""
    if metric == "hamming":
        bits = [np.unpackbits(rows, axis=1).astype(int) for rows in (queries, vectors)]
        return (bits[0][:, None] != bits[1][None]).sum(2).astype(float)
    queries, vectors = queries.astype(float), vectors.astype(float)
    if metric == "l2":
        return ((queries[:, None] - vectors[None]) ** 2).sum(2)
    norms = np.linalg.norm(queries, axis=1)[:, None] * np.linalg.norm(vectors, axis=1)[None]
    return 1 - queries @ vectors.T / np.where(norms > 0, norms, 1)


def check_answers(found, metric, queries, items, k):
    """That answers are NumPy's ranking of `items`, id -> vector; ties may come in any order."""
    names, vectors = list(items), np.array(list(items.values()))
    place = {name: row for row, name in enumerate(names)}
    assert len(found[0]) == len(found[1]) == len(queries)
    for query, ids, distances in zip(queries, *found, strict=True):
        assert len(ids) == len(distances) == len(set(ids)) == min(k, len(items))
        assert isinstance(ids, list)
        assert distances.dtype == np.float32
        if not items:
            continue
        true = numpy_distances(metric, query[None], vectors)[0]
        np.testing.assert_allclose(distances, np.sort(true)[:k], rtol=1e-5, atol=2e-6)
        of_ids = [true[place[name]] for name in ids]
        np.testing.assert_allclose(of_ids, distances, rtol=1e-5, atol=2e-6)


def random_vectors(metric, count, dimension, seed=0):
    random = np.random.default_rng(seed)
    if metric == "hamming":
        return random.integers(0, 256, (count, dimension // 8), np.uint8)
    vectors = random.normal(size=(count, dimension))
    return (vectors * random.uniform(0.2, 3, (count, 1))).astype(np.float32)
