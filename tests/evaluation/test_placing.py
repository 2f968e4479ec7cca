"""Where hits stand, against a stable sort of the whole gallery."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbir_tf.evaluation.placing import Placer

quick = settings(max_examples=200, deadline=None, derandomize=True)
extremes = st.sampled_from([0.0, -0.0, 1e-320, 1e308, -1e308, 1.0, np.nextafter(1, 2)])
floats = st.floats(-1e308, 1e308) | st.integers(-3, 3).map(float) | extremes


def by_sorting(distances, relevant):
    """Places of the hits in a stable order, and start, size, hits of each group with a hit."""
    order = np.argsort(distances, kind="stable")
    places = np.flatnonzero(np.isin(order, relevant))
    groups = []
    for value in sorted(set(distances[relevant].tolist())):
        tied = np.flatnonzero(distances == value)
        groups.append(
            (int((distances < value).sum()), len(tied), int(np.isin(tied, relevant).sum()))
        )
    return order, places, groups


def check(placer, distances, relevant):
    placed = placer.place(distances, relevant)
    order, places, groups = by_sorting(distances, relevant)
    found = zip(placed.starts.tolist(), placed.sizes.tolist(), placed.hits.tolist(), strict=True)
    assert list(found) == groups
    np.testing.assert_array_equal(placed.places, places)
    np.testing.assert_array_equal(placed.top, order[: placer.kept])
    np.testing.assert_array_equal(placed.top_distances, distances[placed.top].astype(np.float32))


@quick
@given(st.lists(st.tuples(floats, st.booleans()), min_size=1, max_size=40), st.integers(0, 50))
@pytest.mark.filterwarnings("ignore:overflow encountered in cast:RuntimeWarning")
def test_floats_stand_where_a_stable_sort_puts_them(items, kept):
    distances = np.array([distance for distance, _ in items])
    relevant = np.flatnonzero([hit for _, hit in items])
    check(Placer(len(items), kept), distances, relevant)


@quick
@given(
    st.lists(st.tuples(st.integers(-5, 70_000), st.booleans()), min_size=1, max_size=40)
    | st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=40),
    st.integers(0, 50),
)
def test_whole_distances_stand_where_a_stable_sort_puts_them(items, kept):
    distances = np.array([distance for distance, _ in items], np.int32)
    relevant = np.flatnonzero([hit for _, hit in items])
    check(Placer(len(items), kept), distances, relevant)


@pytest.mark.parametrize("hits", [0, 1, 30, 5000])
@pytest.mark.parametrize("decimals", [1, 3, 16])
def test_a_large_gallery_with_few_or_many_ties(hits, decimals):
    generator = np.random.default_rng(hits)
    distances = generator.standard_normal(5000).round(decimals)
    relevant = np.sort(generator.choice(5000, hits, replace=False))
    check(Placer(5000, 200), distances, relevant)


def test_a_placer_keeps_nothing_of_the_query_before():
    generator = np.random.default_rng(1)
    placer = Placer(300, 10)
    for _ in range(5):
        distances = generator.standard_normal(300).round(1)
        check(placer, distances, np.sort(generator.choice(300, 40, replace=False)))
        whole = generator.integers(0, 9, 300).astype(np.int32)
        check(placer, whole, np.sort(generator.choice(300, 3, replace=False)))


def test_hits_that_are_all_farther_than_thousands_of_others():
    # The interval below the hits holds more items than are asked for, many times over.
    distances = np.concatenate([np.linspace(0, 1, 4000)[::-1], [5.0, 6.0]])
    check(Placer(4002, 7), distances, np.array([4000, 4001]))
