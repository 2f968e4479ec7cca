"""Searches among some rows: never fewer than k where k exist, and the nearest of them."""

import json
import sqlite3

import numpy as np
import pytest

from serving.index import searchers
from serving.index.exact import nearest_among
from serving.index.searchers import filtered
from serving.index.searchers.allowed import Mask, Selections
from serving.index.searchers.filtered import search_allowed

COUNT, DIMENSION = 3000, 16
WANTED = {
    "exact": {"kind": "exact"},
    "hash": {"kind": "hash", "reorder": 400},
    "tree": {"kind": "tree", "reorder": 400, "leaves": 50, "leaves_to_search": 50},
}


@pytest.fixture(scope="module")
def data():
    random = np.random.default_rng(0)
    vectors = random.normal(size=(COUNT, DIMENSION)).astype(np.float32)
    return vectors, random.normal(size=(25, DIMENSION)).astype(np.float32)


@pytest.fixture(scope="module", params=WANTED)
def searcher(request, data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("searcher")
    report = searchers.build(data[0], "l2", WANTED[request.param], folder)
    return searchers.load(folder, data[0], "l2", report)


@pytest.fixture(autouse=True)
def few(monkeypatch):
    monkeypatch.setattr(filtered, "FEW", 100)


@pytest.fixture(scope="module")
def table():
    table = sqlite3.connect(":memory:")
    table.execute("CREATE TABLE items (row INTEGER PRIMARY KEY, metadata TEXT)")
    rows = ((row, json.dumps({"in": row % 1000})) for row in range(COUNT))
    table.executemany("INSERT INTO items VALUES (?, ?)", rows)
    yield table
    table.close()


def check(found, data, rows, k, recall=0.95):
    """That `k` of `rows`, or all, are found in order, and that nearly all are the nearest."""
    vectors, queries = data
    k = min(k, len(rows))
    _, limits = nearest_among("l2", queries, vectors, rows, k)
    assert found[0].shape == found[1].shape == (len(queries), k)
    assert np.isin(found[0], rows).all()
    assert all(len(set(row)) == k for row in found[0])
    assert (np.diff(found[1], axis=1) >= 0).all()
    expected = ((queries[:, None] - vectors[found[0]]) ** 2).sum(2)
    np.testing.assert_allclose(found[1], expected, rtol=1e-5)
    assert (found[1] <= limits[:, -1:] * 1.00001).mean() >= recall


@pytest.mark.parametrize("k", [1, 10, 200])
@pytest.mark.parametrize("share", [0.999, 0.5, 0.05, 0.01, 0.001])
def test_k_are_found_of_any_share(searcher, data, share, k):
    mask = np.random.default_rng(1).random(COUNT) < share
    found = search_allowed(searcher, data[0], "l2", data[1], k, Mask(mask))
    check(found, data, np.flatnonzero(mask), k)


@pytest.mark.parametrize("k", [10, 200])
@pytest.mark.parametrize(
    ("where", "part"),
    [
        ({"in": {"<": 500}}, range(500)),
        ({"in": {"<": 10}}, range(10)),
        ({"in": 3}, [3]),
        ({"in": -1}, []),
    ],
)
def test_k_are_found_by_any_filter_with_and_without_removed_rows(
    searcher, data, table, where, part, k
):
    kept = np.random.default_rng(2).random(COUNT) < 0.8
    for allowed in (None, kept):
        selected = Selections(table, COUNT).by(where, allowed)
        rows = np.flatnonzero(np.isin(np.arange(COUNT) % 1000, list(part)))
        rows = rows if allowed is None else rows[kept[rows]]
        found = search_allowed(searcher, data[0], "l2", data[1], k, selected)
        if len(rows):
            check(found, data, rows, k)
        else:
            assert found[0].shape == (25, 0)


def test_rows_that_are_all_far_from_the_query_are_found(searcher, data):
    """Half of the rows are allowed, and none of them is among the 2,000 nearest of any query."""
    vectors, queries = data
    one = queries[:1]
    order = ((vectors - one) ** 2).sum(1).argsort()
    mask = np.zeros(COUNT, bool)
    mask[order[2000:]] = True
    found = search_allowed(searcher, vectors, "l2", one, 10, Mask(mask))
    check(found, (vectors, one), np.flatnonzero(mask), 10, recall=1)


def test_a_wide_filter_asks_for_the_rows_that_a_search_met_alone(data, table, tmp_path):
    report = searchers.build(data[0], "l2", WANTED["hash"], tmp_path)
    searcher = searchers.load(tmp_path, data[0], "l2", report)
    selections = Selections(table, COUNT)
    selections.rows = lambda _: pytest.fail("all of half the rows were selected")
    selected = selections.by({"in": {"<": 500}}, None)
    assert search_allowed(searcher, data[0], "l2", data[1], 10, selected)[0].shape == (25, 10)


def test_what_a_narrow_filter_selects_is_remembered(table):
    selections = Selections(table, COUNT)
    first = selections.rows({"in": 7})
    assert first.tolist() == [7, 1007, 2007]
    assert selections.rows({"in": 7}) is first
    for number in range(40):
        selections.rows({"in": number + 100})
    assert selections.rows({"in": 7}) is not first  # but not for ever


@pytest.mark.parametrize("metric", ["cosine", "hamming"])
def test_other_metrics_are_filtered_alike(metric, tmp_path):
    random = np.random.default_rng(3)
    if metric == "hamming":
        vectors = random.integers(0, 256, (COUNT, 8), np.uint8)
    else:
        vectors = random.normal(size=(COUNT, DIMENSION)).astype(np.float32)
    report = searchers.build(vectors, metric, None, tmp_path)
    searcher = searchers.load(tmp_path, vectors, metric, report)
    for share in (0.5, 0.01):
        mask = random.random(COUNT) < share
        _, distances = search_allowed(searcher, vectors, metric, vectors[:5], 10, Mask(mask))
        _, expected = nearest_among(metric, vectors[:5], vectors, np.flatnonzero(mask), 10)
        np.testing.assert_allclose(distances, expected, rtol=1e-5, atol=1e-6)
