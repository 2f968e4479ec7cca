"""One contract for every kind of searcher, against NumPy and faiss."""

import faiss
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from serving.errors import ServingError
from serving.index import Index, Model, Parameters, searchers

MODEL = Model("test", "ab" * 32)
COUNT, DIMENSION = 1500, 16
# Set to compare with everything, the approximate kinds have to be exact.
EXHAUSTIVE = {
    "exact": Parameters("exact"),
    "hash": Parameters("hash", reorder=COUNT),
    "tree": Parameters("tree", reorder=COUNT, leaves=40, leaves_to_search=40),
}
REAL = {
    "hash": Parameters("hash", reorder=500),
    "tree": Parameters("tree", reorder=500, leaves=80, leaves_to_search=16),
}


def numpy_ranking(queries, vectors, k):
    distances = ((queries[:, None].astype(float) - vectors[None]) ** 2).sum(2)
    order = distances.argsort(1, kind="stable")[:, :k]
    return order, np.take_along_axis(distances, order, 1)


def positions(ids):
    return np.vectorize(lambda name: int(name.removeprefix("picture ")), otypes=[int])(ids)


def build(vectors, parameters=None):
    return Index.build([f"picture {row}" for row in range(len(vectors))], vectors, MODEL,
                       parameters=parameters)  # fmt: skip


@pytest.fixture(scope="module")
def data():
    random = np.random.default_rng(0)
    vectors = random.normal(size=(COUNT, DIMENSION)).astype(np.float32)
    vectors *= random.uniform(0.2, 3, (COUNT, 1)).astype(np.float32)  # norms differ: SOAR's trick
    queries = random.normal(0.4, 1, size=(30, DIMENSION)).astype(np.float32)
    return vectors, queries


@pytest.fixture(scope="module", params=EXHAUSTIVE)
def index(request, data):
    return build(data[0], EXHAUSTIVE[request.param])


@pytest.fixture(params=["in memory", "from disk"])
def opened(request, index, tmp_path):
    if request.param == "in memory":
        return index
    return Index.load(index.save(tmp_path / "index"))


@pytest.mark.parametrize("k", [1, 10, 600, COUNT])
def test_the_answer_is_numpys_ranking(opened, data, k):
    vectors, queries = data
    ids, distances = opened.search(queries, k)
    order, expected = numpy_ranking(queries, vectors, k)
    np.testing.assert_array_equal(positions(ids), order)
    np.testing.assert_allclose(distances, expected, rtol=1e-5)
    assert ids.shape == distances.shape == (len(queries), k)
    assert distances.dtype == np.float32


def test_the_answer_is_the_one_of_faiss(index, data):
    vectors, queries = data
    flat = faiss.IndexFlatL2(DIMENSION)
    flat.add(vectors)
    expected, order = flat.search(queries, 20)
    ids, distances = index.search(queries, 20)
    np.testing.assert_array_equal(positions(ids), order)
    np.testing.assert_allclose(distances, expected, rtol=1e-3)


def test_one_query_and_many_give_the_same(index, data):
    queries = data[1]
    together = index.search(queries, 5)[0]
    apart = np.concatenate([index.search(query[None], 5)[0] for query in queries])
    np.testing.assert_array_equal(together, apart)


def test_no_query_gives_no_answer(index):
    ids, distances = index.search(np.empty((0, DIMENSION), np.float32), 4)
    assert ids.shape == distances.shape == (0, 4)


@pytest.mark.parametrize("kind", REAL)
def test_real_settings_have_a_recall_floor(kind):
    random = np.random.default_rng(1)
    centres = random.normal(size=(40, 32))
    labels = random.integers(0, 40, 6000)
    vectors = (centres[labels] + 0.15 * random.normal(size=(6000, 32))).astype(np.float32)
    drawn = random.integers(0, 40, 100)
    queries = centres[drawn] + 0.3 * random.normal(size=(100, 32)) + 0.1
    ids, _ = build(vectors, REAL[kind]).search(queries, 10)
    order, _ = numpy_ranking(queries.astype(np.float32), vectors, 10)
    recall = np.mean(
        [len(set(a) & set(b)) / 10 for a, b in zip(positions(ids), order, strict=True)]
    )
    assert recall >= 0.95
    assert (labels[positions(ids)] == drawn[:, None]).mean() >= 0.99


def test_a_tree_that_finds_too_few_answers_exactly_instead_of_padding(data):
    """ScaNN pads short results with row 0 at distance NaN."""
    vectors, queries = data
    narrow = build(vectors, Parameters("tree", reorder=50, leaves=40, leaves_to_search=1))
    ids, distances = narrow.search(queries, 1000)
    order, expected = numpy_ranking(queries, vectors, 1000)
    np.testing.assert_array_equal(positions(ids), order)
    np.testing.assert_allclose(distances, expected, rtol=1e-5)


def test_k_above_the_reorder_depth_raises_the_depth(data, monkeypatch):
    """ScaNN caps k at the depth it was built with, silently; a depth just above k loses recall."""
    vectors, queries = data
    shallow = build(vectors, Parameters("hash", reorder=10))
    monkeypatch.setattr(searchers, "exact_positions", lambda *_: pytest.fail("answers were short"))
    for k in (30, 300):
        found = positions(shallow.search(queries, k)[0])
        order, _ = numpy_ranking(queries, vectors, k)
        pairs = zip(found, order, strict=True)
        assert np.mean([len(set(a) & set(b)) / k for a, b in pairs]) >= 0.95


@pytest.mark.parametrize("kind", EXHAUSTIVE)
def test_vectors_far_from_zero_keep_their_digits(kind):
    """ScaNN's brute force and dot products get nine of ten such answers wrong by themselves."""
    random = np.random.default_rng(3)
    vectors = (random.integers(-40, 40, (COUNT, 8)) / 4 + 10_000).astype(np.float32)
    queries = (random.integers(-40, 40, (20, 8)) / 4 + 10_000).astype(np.float32)
    distances = build(vectors, EXHAUSTIVE[kind]).search(queries, 10)[1]
    np.testing.assert_array_equal(distances, numpy_ranking(queries, vectors, 10)[1])


@pytest.mark.parametrize("kind", EXHAUSTIVE)
def test_duplicates_and_equal_vectors_are_all_found(kind):
    vectors = np.repeat(np.eye(6, 8, dtype=np.float32), 50, axis=0)
    parameters = {
        "exact": Parameters("exact"),
        "hash": Parameters("hash", 300),
        "tree": Parameters("tree", 300, 6, 6),
    }
    ids, distances = build(vectors, parameters[kind]).search(vectors[[0, 120]], 50)
    assert (distances == 0).all()
    assert {frozenset(row // 50) for row in positions(ids)} == {frozenset([0]), frozenset([2])}
    assert all(len(set(row)) == 50 for row in positions(ids))


@pytest.mark.parametrize("kind", EXHAUSTIVE)
def test_zero_vectors_are_vectors(kind, data):
    index = build(np.zeros((COUNT, DIMENSION), np.float32), EXHAUSTIVE[kind])
    ids, distances = index.search(data[1], 7)
    assert all(len(set(row)) == 7 for row in positions(ids))
    np.testing.assert_allclose(
        distances, np.repeat((data[1] ** 2).sum(1)[:, None], 7, 1), rtol=1e-5
    )


# Quarters: every distance below is an exact float32, so nothing needs a tolerance.
VALUES = st.integers(-400, 400).map(lambda quarters: quarters / 4)


def matrices(rows):
    return arrays.arrays(np.float32, st.tuples(st.integers(1, rows), st.just(3)), elements=VALUES)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(matrices(30), matrices(4), st.sampled_from([0, 1000, 100_000]), st.data())
def test_exact_search_agrees_with_numpy_on_anything(vectors, queries, offset, data):
    k = data.draw(st.integers(1, len(vectors)))
    vectors, queries = vectors + np.float32(offset), queries + np.float32(offset)
    ids, distances = build(vectors).search(queries, k)
    rows = positions(ids)
    np.testing.assert_array_equal(distances, numpy_ranking(queries, vectors, k)[1])
    np.testing.assert_array_equal(distances, ((queries[:, None] - vectors[rows]) ** 2).sum(2))
    assert all(len(set(row)) == k for row in rows)


@pytest.mark.parametrize("k", [0, -1, COUNT + 1, 2.0, True, None])
def test_a_wrong_k_is_refused_with_its_range(index, k, data):
    with pytest.raises(ServingError, match=rf"k must be from 1 to {COUNT} .*Received: k={k}"):
        index.search(data[1], k)


@pytest.mark.parametrize(
    ("queries", "message"),
    [
        (np.zeros((2, DIMENSION + 1), np.float32), "dimension 16.*shape=\\(2, 17\\)"),
        (np.zeros(DIMENSION, np.float32), "shape \\(n, D\\).*shape=\\(16,\\)"),
        (np.zeros((1, DIMENSION), int), "floating point.*int64"),
        (np.full((1, DIMENSION), np.nan), "finite"),
        (np.full((1, DIMENSION), np.inf, np.float32), "finite"),
        (np.full((1, DIMENSION), 1e30, np.float32), "finite and below 1e\\+18"),
        (np.full((1, DIMENSION), 1e300), "finite"),
    ],
)
def test_wrong_queries_are_refused(index, queries, message):
    with pytest.raises(ServingError, match=message):
        index.search(queries, 1)


def test_one_nan_row_among_good_ones_is_refused(index, data):
    """ScaNN answers such a row with row 0, silently."""
    queries = data[1].copy()
    queries[3, 2] = np.nan
    with pytest.raises(ServingError, match="row 3 has the norm nan, 1 of 30 rows"):
        index.search(queries, 1)


@pytest.mark.parametrize(
    ("ids", "vectors", "message"),
    [
        (["a", "b", "a"], np.ones((3, 2)), "an id must not occur twice. Received: 'a'"),
        (["a", "b"], np.ones((3, 2)), r"one id per vector \(3\). Received: 2 ids"),
        (["a", "x\ny"], np.ones((2, 2)), "line break"),
        (["a", "x" * 10_000], np.ones((2, 2)), "4096 bytes"),
        (["a", ""], np.ones((2, 2)), "not empty"),
        (["a", 7], np.ones((2, 2)), "must be a string"),
        (["a", "\udc80"], np.ones((2, 2)), "valid UTF-8"),
        ([], np.ones((0, 2)), "at least one vector"),
        (["a", "b"], np.array([[1, np.nan], [1, 1]]), "row 0 has the norm nan, 1 of 2 rows"),
        (["a", "b"], np.ones((2, 0)), "shape"),
        (["a"], np.ones(3), "shape"),
        (["a"], np.array([["x"]]), "floating point"),
    ],
)
def test_wrong_vectors_and_ids_are_refused(ids, vectors, message):
    with pytest.raises(ServingError, match=message):
        Index.build(ids, vectors, MODEL)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (Parameters("hnsw"), "exact, hash or tree. Received: kind='hnsw'"),
        (Parameters("hash", 0), "reorder=0"),
        (Parameters("tree", 5, 5000, 5), "leaves=5000"),
        (Parameters("tree", 5, 50, 51), "leaves_to_search=51"),
        (Parameters("tree", 5, 50, 0), "leaves_to_search=0"),
    ],
)
def test_parameters_that_scann_would_abort_on_are_refused(parameters, message, data):
    with pytest.raises(ServingError, match=message):
        build(data[0], parameters)


def test_hashing_too_few_vectors_is_refused(data):
    with pytest.raises(ServingError, match=r"256 vectors at least.*Received: 255"):
        build(data[0][:255], Parameters("hash", 10))
