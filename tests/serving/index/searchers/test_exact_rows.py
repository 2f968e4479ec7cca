import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from serving.index import exact

# Quarters: every distance below is an exact float32, so nothing needs a tolerance.
VALUES = st.integers(-400, 400).map(lambda quarters: quarters / 4)


def matrices(rows):
    return arrays.arrays(np.float32, st.tuples(st.integers(1, rows), st.just(3)), elements=VALUES)


def by_definition(queries, vectors, k):
    """Squared differences, summed; of equal distances the lower row first."""
    distances = ((queries[:, None].astype(float) - vectors[None]) ** 2).sum(2)
    order = distances.argsort(1, kind="stable")[:, :k]
    return order, np.take_along_axis(distances, order, 1)


@pytest.mark.parametrize("shares", [1, 3])
@settings(max_examples=40, deadline=None, derandomize=True)
@given(matrices(30), matrices(40), st.sampled_from([0, 1000, 100_000]), st.data())
def test_distances_agree_with_numpy_on_anything(shares, vectors, queries, offset, data):
    """From 20 queries on by matrix products; in one thread or split among three."""
    k = data.draw(st.integers(1, len(vectors)))
    vectors, queries = vectors + np.float32(offset), queries + np.float32(offset)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exact, "_LEAST_SHARE", 1)
        patch.setattr(exact, "threads", lambda: shares)
        rows, distances = exact.nearest_rows("l2", queries, vectors, k)
    np.testing.assert_array_equal(distances, by_definition(queries, vectors, k)[1])
    np.testing.assert_array_equal(distances, ((queries[:, None] - vectors[rows]) ** 2).sum(2))
    assert all(len(set(row)) == k for row in rows)


@pytest.mark.parametrize("metric", ["l2", "cosine", "hamming"])
@pytest.mark.parametrize("queries", [2, 30])
def test_some_rows_are_searched_as_if_there_were_no_others(metric, queries, monkeypatch):
    monkeypatch.setattr(exact, "_BLOCK", 16 * 50)  # 50 rows at a time
    random = np.random.default_rng(0)
    if metric == "hamming":
        vectors = random.integers(0, 256, (400, 16), np.uint8)
    else:
        vectors = random.normal(size=(400, 16)).astype(np.float32)
    rows = np.sort(random.choice(400, 130, replace=False))
    found, distances = exact.nearest_among(metric, vectors[:queries], vectors, rows, 9)
    places, expected = exact.nearest_rows(metric, vectors[:queries], vectors[rows], 9)
    np.testing.assert_array_equal(found, rows[places])
    np.testing.assert_allclose(distances, expected, rtol=1e-5, atol=1e-6)


def test_each_query_may_have_its_own_list_which_ends_at_a_row_below_0():
    vectors = np.arange(5, dtype=np.float32)[:, None]
    queries = np.array([[0.0], [4.0]], np.float32)
    rows, distances = exact.among(queries, vectors, np.array([[3, 1, 4], [2, 0, -1]]), 3)
    assert rows.tolist() == [[1, 3, 4], [2, 0, -1]]
    assert distances[0].tolist() == [1, 9, 16]
    assert distances[1, :2].tolist() == [4, 16]
    rows, distances = exact.units_among(queries, vectors, np.array([[0, 1], [1, 0]]), 1)
    assert rows[1].tolist() == [1]


def test_a_zero_vector_has_the_cosine_0_to_all():
    vectors = np.array([[0, 0], [3, 4], [-3, -4]], np.float32)
    rows, distances = exact.nearest_rows("cosine", np.array([[6, 8]], np.float32), vectors, 3)
    assert rows.tolist() == [[1, 0, 2]]
    np.testing.assert_allclose(distances, [[0, 1, 2]], atol=1e-6)


@pytest.mark.parametrize(("asked", "at_most"), [("1", 1), ("9999", 9999), ("", 9999), ("x", 9999)])
def test_threads_are_the_cores_that_there_are_or_fewer(asked, at_most, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", asked)
    assert 1 <= exact.threads.__wrapped__() <= at_most
