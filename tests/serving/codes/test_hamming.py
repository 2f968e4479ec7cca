import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.hamming import RANKERS
from serving.codes import nearest_codes
from serving.errors import ServingError


def by_definition(queries, gallery, k):
    """Unpacked bits, compared one by one; of equal distances the lower position first."""
    positions, distances = [], []
    for query in queries:
        bits = [np.unpackbits(query) != np.unpackbits(code) for code in gallery]
        ranked = sorted((int(different.sum()), at) for at, different in enumerate(bits))[:k]
        distances.append([distance for distance, _ in ranked])
        positions.append([at for _, at in ranked])
    return positions, distances


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 17), st.integers(1, 60), st.integers(0, 99), st.data())
def test_the_ranking_is_the_definitions(octets, count, seed, data):
    rng = np.random.default_rng(seed)
    values = data.draw(st.sampled_from([2, 256]))  # codes of few values tie a lot
    gallery = rng.integers(0, values, (count, octets), dtype=np.uint8)
    queries = rng.integers(0, values, (3, octets), dtype=np.uint8)
    k = data.draw(st.integers(1, count))
    positions, distances = nearest_codes(queries, gallery, k)
    expected = by_definition(queries, gallery, k)
    assert positions.tolist() == expected[0]
    assert distances.tolist() == expected[1]


@pytest.mark.parametrize("octets", [8, 16])
@pytest.mark.parametrize("ranker", RANKERS)
def test_every_way_that_is_compared_ranks_alike_ties_included(ranker, octets):
    rng = np.random.default_rng(octets)
    gallery = rng.integers(0, 4, (20_000, octets), dtype=np.uint8)
    gallery[::3] = gallery[0]
    queries = gallery[[0, 1, 19_999]]
    found = RANKERS[ranker](queries, gallery, 25)
    distances = np.unpackbits(queries[:, None] ^ gallery, axis=2).sum(axis=2)
    expected = np.argsort(distances, axis=1, kind="stable")[:, :25]
    np.testing.assert_array_equal(found[0], expected)
    np.testing.assert_array_equal(found[1], np.take_along_axis(distances, expected, 1))


def test_no_query_gives_no_rows():
    positions, distances = nearest_codes(np.empty((0, 2), np.uint8), np.ones((5, 2), np.uint8), 3)
    assert positions.shape == distances.shape == (0, 3)


CODES = np.zeros((4, 2), np.uint8)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((CODES, np.zeros((4, 3), np.uint8), 1), "16 and 24 bits"),
        ((CODES, np.zeros((4, 2), bool), 1), "dtype=bool"),
        ((CODES[0], CODES, 1), r"shape=\(2,\)"),
        ((CODES, CODES, 0), "k must be from 1 to 4"),
        ((CODES, CODES, 5), "k=5"),
    ],
)
def test_wrong_arguments_are_refused(arguments, said):
    with pytest.raises(ServingError, match=said):
        nearest_codes(*arguments)
