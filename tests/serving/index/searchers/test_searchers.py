"""Every kind of searcher, after a round trip to disk, against the ranking that NumPy makes."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from serving.index import searchers
from serving.index.exact import unit
from serving.index.searchers import exact, saved
from serving.index.searchers.scann import ScannSearcher, build_scann, scann_module
from serving.index.searchers.settings import Settings

COUNT, DIMENSION = 1500, 16
# Set to compare with everything, the approximate kinds have to be exact.
TREE = {"kind": "tree", "reorder": COUNT, "leaves": 40, "leaves_to_search": 40}
EXHAUSTIVE = {
    "exact": {"kind": "exact"},
    "hash": {"kind": "hash", "reorder": COUNT},
    "tree": TREE | {"soar": False},
    "tree with SOAR": TREE | {"soar": True},
}
APPROXIMATE = sorted(set(EXHAUSTIVE) - {"exact"})


def numpy_ranking(metric, queries, vectors, k):
    queries, vectors = queries.astype(float), vectors.astype(float)
    if metric == "l2":
        distances = ((queries[:, None] - vectors[None]) ** 2).sum(2)
    else:
        norms = np.linalg.norm(queries, axis=1)[:, None] * np.linalg.norm(vectors, axis=1)[None]
        distances = 1 - queries @ vectors.T / np.where(norms > 0, norms, 1)
    order = distances.argsort(1, kind="stable")[:, :k]
    return order, np.take_along_axis(distances, order, 1)


def recall(found, order):
    pairs = zip(found.tolist(), order.tolist(), strict=True)
    return np.mean([len(set(a) & set(b)) / len(b) for a, b in pairs])


def built(folder, vectors, wanted, metric="l2", largest_class=0):
    folder.mkdir()
    report = searchers.build(vectors, metric, wanted, folder, largest_class)
    return searchers.load(folder, vectors, metric, report)


@pytest.fixture(scope="module")
def data():
    random = np.random.default_rng(0)
    vectors = random.normal(size=(COUNT, DIMENSION)).astype(np.float32)
    vectors *= random.uniform(0.2, 3, (COUNT, 1)).astype(np.float32)  # norms differ: SOAR's trick
    queries = random.normal(0.4, 1, size=(30, DIMENSION)).astype(np.float32)
    return vectors, queries


@pytest.fixture(scope="module", params=[(kind, m) for kind in EXHAUSTIVE for m in ("l2", "cosine")])
def each(request, data, tmp_path_factory):
    kind, metric = request.param
    folder = tmp_path_factory.mktemp("searcher") / "files"
    return built(folder, data[0], EXHAUSTIVE[kind], metric), metric


@pytest.mark.parametrize("k", [1, 10, 600, COUNT])
def test_the_answer_is_numpys_ranking(each, data, k):
    searcher, metric = each
    rows, distances = searcher.search(data[1], k)
    order, expected = numpy_ranking(metric, data[1], data[0], k)
    assert recall(rows, order) > 0.999  # float32 may swap two that are nearly equally far
    np.testing.assert_allclose(distances, expected, rtol=1e-5, atol=2e-6)
    assert rows.dtype == np.int64
    assert distances.dtype == np.float32


def test_one_query_and_many_give_the_same(each, data):
    searcher, _ = each
    together = searcher.search(data[1], 5)[1]
    apart = [searcher.search(query[None], 5)[1][0] for query in data[1]]
    np.testing.assert_allclose(together, apart, rtol=1e-5, atol=1e-6)


def test_a_batch_is_searched_in_threads_alike(data, tmp_path, monkeypatch):
    monkeypatch.setattr("serving.index.searchers.scann.threads", lambda: 2)
    searcher = built(tmp_path / "files", data[0], EXHAUSTIVE["tree with SOAR"])
    queries = np.tile(data[1], (5, 1))
    order, _ = numpy_ranking("l2", queries, data[0], 7)
    np.testing.assert_array_equal(searcher.search(queries, 7)[0], order)


@pytest.mark.parametrize("kind", ["hash", "tree", "tree with SOAR"])
def test_real_settings_have_a_recall_floor_and_find_the_class(kind, tmp_path):
    random = np.random.default_rng(1)
    centres = random.normal(size=(40, 32))
    labels = random.integers(0, 40, 6000)
    vectors = (centres[labels] + 0.15 * random.normal(size=(6000, 32))).astype(np.float32)
    drawn = random.integers(0, 40, 100)
    queries = centres[drawn] + 0.3 * random.normal(size=(100, 32)) + 0.1
    queries = queries.astype(np.float32)
    real = EXHAUSTIVE[kind] | {"reorder": 300}
    if kind != "hash":
        real |= {"leaves": 80, "leaves_to_search": 16}
    rows, _ = built(tmp_path / "files", vectors, real).search(queries, 10)
    assert recall(rows, numpy_ranking("l2", queries, vectors, 10)[0]) >= 0.95
    assert (labels[rows] == drawn[:, None]).mean() >= 0.99


def test_a_depth_below_the_largest_class_loses_the_neighbours_and_the_chosen_one_does_not(tmp_path):
    """30,000 vectors in classes of 1,000, tight: the class is right throughout, the rank is not."""
    random = np.random.default_rng(2)
    labels = np.repeat(np.arange(30), 1000)
    centres = random.normal(size=(30, 16))
    vectors = (centres[labels] + 0.02 * random.normal(size=(30_000, 16))).astype(np.float32)
    queries = (centres[:20] + 0.02 * random.normal(size=(20, 16))).astype(np.float32)
    order, _ = numpy_ranking("l2", queries, vectors, 10)
    shallow = built(tmp_path / "shallow", vectors, {"kind": "hash", "reorder": 50})
    chosen = built(tmp_path / "chosen", vectors, None, largest_class=1000)
    assert chosen.settings == Settings("hash", 1000)
    found = {"shallow": shallow.search(queries, 10)[0], "chosen": chosen.search(queries, 10)[0]}
    for rows in found.values():
        assert (labels[rows] == np.arange(20)[:, None]).all()
    assert recall(found["shallow"], order) < 0.7
    assert recall(found["chosen"], order) > 0.98


@pytest.mark.parametrize("soar", [False, True])
def test_a_tree_that_finds_too_few_answers_exactly_instead_of_padding(data, soar, tmp_path):
    vectors, queries = data
    narrow = TREE | {"reorder": 50, "leaves_to_search": 1, "soar": soar}
    searcher = built(tmp_path / "files", vectors, narrow)
    seen = searcher.view.of_queries(queries)
    rows, distances = searcher.scann.search_batched(seen, 1000, 1000)
    assert np.isnan(distances).any()  # ScaNN's own answer: row 0, silently
    assert (rows[np.isnan(distances)] == 0).all()
    rows, distances = searcher.search(queries, 1000)
    order, expected = numpy_ranking("l2", queries, vectors, 1000)
    assert recall(rows, order) > 0.999
    np.testing.assert_allclose(distances, expected, rtol=1e-5)
    for at in range(len(queries)):  # alone, ScaNN's answer ends early instead of being padded
        _, alone = searcher.search(queries[at : at + 1], 1000)
        np.testing.assert_allclose(alone[0], expected[at], rtol=1e-5)


def test_a_k_above_the_reorder_depth_raises_the_depth(data, tmp_path, monkeypatch):
    """ScaNN caps k at the depth, silently; a depth just above k loses recall."""
    vectors, queries = data
    capped = scann_module().builder(vectors, 10, "squared_l2").score_ah(2).reorder(10).build()
    assert np.isnan(capped.search_batched(queries, 30)[1][:, 10:]).all()
    shallow = built(tmp_path / "files", vectors, {"kind": "hash", "reorder": 10})
    monkeypatch.setattr(shallow, "_exactly", lambda *_: pytest.fail("answers were short"))
    for k in (30, 300):
        found = shallow.search(queries, k)[0]
        assert found.shape == (30, k)
        assert recall(found, numpy_ranking("l2", queries, vectors, k)[0]) >= 0.9


@pytest.mark.parametrize("queries", [3, 30])
@pytest.mark.parametrize("kind", EXHAUSTIVE)
def test_vectors_far_from_zero_keep_their_digits(kind, queries, tmp_path):
    """ScaNN's dot products and faiss's matrix products get most of them wrong by themselves."""
    random = np.random.default_rng(3)
    vectors = (random.integers(-40, 40, (COUNT, 8)) / 4 + 10_000).astype(np.float32)
    asked = (random.integers(-40, 40, (queries, 8)) / 4 + 10_000).astype(np.float32)
    _, distances = built(tmp_path / "files", vectors, EXHAUSTIVE[kind]).search(asked, 10)
    np.testing.assert_array_equal(distances, numpy_ranking("l2", asked, vectors, 10)[1])


@pytest.mark.parametrize("metric", ["l2", "cosine"])
@pytest.mark.parametrize("kind", EXHAUSTIVE)
def test_duplicates_are_all_found(kind, metric, tmp_path):
    vectors = np.repeat(np.eye(6, 8, dtype=np.float32), 50, axis=0)
    wanted = {
        "exact": {"kind": "exact"},
        "hash": {"kind": "hash", "reorder": 300},
        "tree": TREE | {"leaves": 6, "leaves_to_search": 6, "soar": False},
        "tree with SOAR": TREE | {"leaves": 6, "leaves_to_search": 6, "soar": True},
    }
    searcher = built(tmp_path / "files", vectors, wanted[kind], metric)
    rows, distances = searcher.search(vectors[[0, 120]], 50)
    np.testing.assert_allclose(distances, 0, atol=1e-6)
    assert [set(row // 50) for row in rows] == [{0}, {2}]
    assert all(len(set(row)) == 50 for row in rows)


@pytest.mark.parametrize("metric", ["l2", "cosine"])
@pytest.mark.parametrize("kind", EXHAUSTIVE)
def test_zero_vectors_are_vectors(kind, metric, data, tmp_path):
    zeros = np.zeros((COUNT, DIMENSION), np.float32)
    rows, distances = built(tmp_path / "files", zeros, EXHAUSTIVE[kind], metric).search(data[1], 7)
    assert all(len(set(row)) == 7 for row in rows)
    expected = (data[1] ** 2).sum(1) if metric == "l2" else np.ones(len(data[1]))
    np.testing.assert_allclose(distances, np.repeat(expected[:, None], 7, 1), rtol=1e-5)


@pytest.mark.parametrize("count", [1, 2, 15, 255])
def test_sets_too_small_for_codebooks_are_compared_exactly(count, data, tmp_path):
    vectors, queries = data[0][:count], data[1]
    report = searchers.build(vectors, "l2", EXHAUSTIVE["hash"], tmp_path)
    assert report["kind"] == "exact"
    assert f"256 vectors at least, not {count}" in report["why"]
    rows, _ = searchers.load(tmp_path, vectors, "l2", report).search(queries, count)
    np.testing.assert_array_equal(rows, numpy_ranking("l2", queries, vectors, count)[0])


def test_more_leaves_than_vectors_are_not_asked_of_scann(data, tmp_path):
    """Asked for when there were more vectors: an index that shrank must still be saved."""
    report = searchers.build(data[0], "l2", TREE | {"leaves": COUNT + 1}, tmp_path)
    assert report["kind"] == "exact"
    assert f"{COUNT + 1} leaves are more than {COUNT} vectors" in report["why"]


def test_codes_are_compared_by_their_bits(tmp_path):
    codes = np.random.default_rng(4).integers(0, 256, (COUNT, 8), np.uint8)
    searcher = built(tmp_path / "files", codes, None, "hamming")
    assert isinstance(searcher, exact.ExactSearcher)
    bits = np.unpackbits(codes, axis=1).astype(int)
    distances = (bits[:5, None] != bits[None]).sum(2)
    rows, found = searcher.search(codes[:5], 9)
    np.testing.assert_array_equal(found, np.sort(distances)[:, :9])
    np.testing.assert_array_equal(np.take_along_axis(distances, rows, 1), found)
    assert not list((tmp_path / "files").iterdir())  # 64 bits an item, and nothing beside them


def test_scann_keeps_codes_and_no_vectors_of_its_own(data, tmp_path):
    built(tmp_path / "files", data[0], EXHAUSTIVE["tree"])
    arrays = [np.load(path) for path in (tmp_path / "files").glob("*.npy")]
    assert sum(array.nbytes for array in arrays) < data[0].nbytes / 4


def test_unit_vectors_are_not_written_again(data, tmp_path):
    built(tmp_path / "units", unit(data[0]), None, "cosine")
    built(tmp_path / "others", data[0], None, "cosine")
    assert [path.name for path in tmp_path.rglob("*.npy")] == ["units.npy"]


@pytest.mark.parametrize("kind", APPROXIMATE)
def test_files_are_found_where_they_are_now(kind, data, tmp_path):
    """ScaNN's own folder holds absolute paths: moved, it fails to load."""
    vectors, queries = data
    wanted = EXHAUSTIVE[kind] | {"reorder": 100}
    (tmp_path / "before").mkdir()
    report = searchers.build(vectors, "l2", wanted, tmp_path / "before")
    expected = searchers.load(tmp_path / "before", vectors, "l2", report).search(queries, 9)
    strange = tmp_path / 'quote " and \\ and ü and\nline'
    shutil.move(tmp_path / "before", strange)
    found = searchers.load(strange, vectors, "l2", report).search(queries, 9)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not list(strange.glob("*.pkl"))
    assert not [path for path in strange.iterdir() if str(tmp_path).encode() in path.read_bytes()]


@pytest.mark.parametrize(
    "name", ["hashed_dataset.npy", "hashed_dataset_soar.npy", "datapoint_to_token.npy"]
)
def test_files_that_scann_cut_short_without_a_word_are_noticed(name, data, tmp_path, monkeypatch):
    searcher = build_scann("l2", data[0], Settings("tree", 100, 12, 6, soar=True))
    serialize = searcher.scann.serialize

    def cut_short(folder):
        serialize(folder)
        path = Path(folder) / name
        path.write_bytes(path.read_bytes()[:-1])

    monkeypatch.setattr(searcher.scann, "serialize", cut_short)
    with pytest.raises(OSError, match="ScaNN could not write its files; the disk may be full"):
        saved.save_scann(searcher, tmp_path)


def test_a_structure_can_be_searched_otherwise_without_building_it_again(data):
    vectors, queries = data
    narrow = build_scann("l2", vectors, Settings("tree", 10, 40, 1))
    wide = narrow.at(COUNT, 40)
    assert isinstance(wide, ScannSearcher)
    assert wide.settings == replace(narrow.settings, reorder=COUNT, leaves_to_search=40)
    order, _ = numpy_ranking("l2", queries, vectors, 10)
    assert recall(wide.search(queries, 10)[0], order) == 1
    assert recall(narrow.search(queries, 10)[0], order) < 0.9
