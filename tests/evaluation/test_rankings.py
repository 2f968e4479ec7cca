import io
import json

import numpy as np
import pytest

from sbir_tf.errors import UserError
from sbir_tf.evaluation import (
    CONVENTIONS,
    TIES,
    Rankings,
    average_precision,
    evaluate_distances,
    hit_at,
    ndcg_at,
    precision_at,
    rank_distances,
    recall_at,
    reciprocal_rank,
)

CLASSES = ("ant", "bee", "cat", "dog", "eel")


@pytest.fixture(scope="module", params=["floats", "tied"])
def material(request):
    generator = np.random.default_rng(0)
    distances = generator.random((23, 157))
    if request.param == "tied":
        distances = (20 * distances).astype(np.int64)
    return distances, generator.integers(0, 5, 23), generator.integers(0, 4, 157)  # no gallery eel


@pytest.fixture(scope="module")
def rankings(material):
    distances, labels, gallery_labels = material
    blocks = (distances[start : start + 5] for start in range(0, 23, 5))
    return rank_distances(blocks, labels, gallery_labels, class_names=CLASSES)


def one_by_one(material, metric, *arguments, **names):
    distances, labels, gallery_labels = material
    values = [
        metric(gallery_labels == label, row, *arguments, **names) if label < 4 else np.nan
        for row, label in zip(distances, labels, strict=True)
    ]
    return np.array(values)


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize("k", [1, 7, 200])
def test_every_metric_of_all_queries_is_that_of_each(material, rankings, k, ties):
    for convention in CONVENTIONS:
        if (convention, ties) in (("voc", "expected"), ("zse", "expected")):
            continue
        for cut in (None, k):
            values = rankings.average_precision(cut, convention, ties)
            expected = one_by_one(material, average_precision, cut, convention, ties)
            np.testing.assert_allclose(values, expected, rtol=1e-12)
        values = rankings.precision_at(k, convention, ties)
        expected = one_by_one(material, precision_at, k, convention, ties)
        np.testing.assert_allclose(values, expected, rtol=1e-12)
    for name, metric in (("recall_at", recall_at), ("hit_at", hit_at), ("ndcg_at", ndcg_at)):
        expected = one_by_one(material, metric, k, ties=ties)
        np.testing.assert_allclose(getattr(rankings, name)(k, ties), expected, rtol=1e-12)
    expected = one_by_one(material, reciprocal_rank, ties=ties)
    np.testing.assert_allclose(rankings.reciprocal_rank(ties), expected, rtol=1e-12)


@pytest.mark.parametrize("ties", ["expected", "stable", "grouped"])
def test_the_result_is_that_of_evaluate(material, rankings, ties):
    distances, labels, gallery_labels = material
    names = np.array(CLASSES)
    expected = evaluate_distances([distances], names[labels], names[gallery_labels], ties=ties)
    assert json.loads(rankings.result(ties=ties).to_json()) == json.loads(expected.to_json())


def test_the_first_places_are_those_of_a_stable_sort(material, rankings):
    distances = material[0]
    order = np.argsort(distances, axis=1, kind="stable")
    np.testing.assert_array_equal(rankings.top, order)
    expected = np.take_along_axis(distances, order, axis=1).astype(np.float32)
    np.testing.assert_array_equal(rankings.top_distances, expected)


def test_each_class_has_the_means_of_its_own_queries(material, rankings):
    labels, gallery_labels = material[1:]
    result = rankings.result(ks=(10,))
    assert set(result.per_class) == set(CLASSES[:4])
    for label, name in enumerate(CLASSES[:4]):
        own = result.per_class[name]
        mine = labels == label
        assert own["queries"] == mine.sum()
        assert own["relevant"] == (gallery_labels == label).sum()
        assert own["map_all"] == pytest.approx(rankings.average_precision()[mine].mean())
        assert own["precision_at"][10] == pytest.approx(rankings.precision_at(10)[mine].mean())
        assert own["ndcg_at"][10] == pytest.approx(rankings.ndcg_at(10)[mine].mean())
    assert result.per_class_ap["ant"] == result.per_class["ant"]["map_all"]


def test_the_precision_at_a_recall_is_that_of_the_first_place_that_reaches_it():
    # Hits at ranks 2, 3, 6, 7: recall 1/4 at 2, 2/4 at 3, 3/4 at 6, 1 at 7.
    order = np.array([0, 1, 1, 0, 0, 1, 1])
    ranked = rank_distances([np.arange(7.0)[None]], [1], order)
    # Recall 0: the first place. .2: 1/2. .4: 2/3. .6: 3/6. .8 and 1: 4/7.
    expected = [0, 1 / 2, 2 / 3, 3 / 6, 4 / 7, 4 / 7]
    np.testing.assert_allclose(ranked.precision_recall(6), expected)


def test_the_precision_at_a_recall_under_ties_is_expected():
    # Two hits and two misses, all tied: half of each place is a hit.
    ranked = rank_distances([np.zeros((1, 4))], [1], [1, 0, 0, 1])
    np.testing.assert_allclose(ranked.precision_recall(3), [0.5, 0.5, 0.5])
    # Optimistic: hits at ranks 1 and 2. Grouped: both at rank 4.
    np.testing.assert_allclose(ranked.precision_recall(3, "optimistic"), [1, 1, 1])
    np.testing.assert_allclose(ranked.precision_recall(3, "grouped"), [0, 0.5, 0.5])


def test_recall_levels_are_averaged_over_the_queries_that_count(material, rankings):
    distances, labels, gallery_labels = material
    table = []
    for row, label in zip(distances, labels, strict=True):
        if label == 4:
            continue
        hits = (gallery_labels == label)[np.argsort(row, kind="stable")]
        found = np.cumsum(hits)
        precision = found / np.arange(1, 158)
        at = [np.argmax(found >= level * hits.sum() - 1e-9) for level in np.linspace(0, 1, 11)]
        table.append(precision[at])
    np.testing.assert_allclose(rankings.precision_recall(11, "stable"), np.mean(table, axis=0))


def test_rankings_come_back_from_their_file(material, tmp_path):
    distances, labels, gallery_labels = material
    ids = {"query_ids": [f"s{row}" for row in range(23)], "gallery_ids": list(map(str, range(157)))}
    before = rank_distances([distances], labels, gallery_labels, 5, class_names=CLASSES, **ids)
    before.save(tmp_path / "deep" / "rankings.npz")
    after = Rankings.load(tmp_path / "deep" / "rankings.npz")
    for name, value in vars(before).items():
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(getattr(after, name), value)
            assert getattr(after, name).dtype == value.dtype
        elif name != "groups":
            assert getattr(after, name) == value
    assert after.result(ties="stable").to_json() == before.result(ties="stable").to_json()
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["rankings.npz"]


def test_what_is_no_file_of_rankings_is_named(material, rankings, tmp_path):
    path = tmp_path / "rankings.npz"
    path.write_bytes(b"not a zip")
    with pytest.raises(UserError, match=r"rankings.npz is no file of rankings, or is damaged"):
        Rankings.load(path)
    rankings.save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match="damaged"):
        Rankings.load(path)
    np.savez(path, queries=np.zeros(3))
    with pytest.raises(UserError, match="is no file of rankings"):
        Rankings.load(path)


def test_rankings_whose_parts_do_not_fit_are_refused(rankings, tmp_path):
    path = tmp_path / "rankings.npz"
    rankings.save(path)
    with np.load(io.BytesIO(path.read_bytes())) as file:
        arrays = dict(file)
    arrays["starts"] = arrays["starts"][:-1]
    np.savez(path, **arrays)
    with pytest.raises(UserError, match=r"damaged \(its arrays do not fit together\)"):
        Rankings.load(path)


def test_rankings_of_a_newer_version_are_refused(rankings, tmp_path, monkeypatch):
    monkeypatch.setattr("sbir_tf.evaluation.rankings.FORMAT", 2)
    rankings.save(tmp_path / "rankings.npz")
    monkeypatch.undo()
    with pytest.raises(UserError, match="newer version"):
        Rankings.load(tmp_path / "rankings.npz")


def test_k_of_0_is_refused(rankings):
    for metric in ("average_precision", "precision_at", "recall_at", "hit_at", "ndcg_at"):
        with pytest.raises(UserError, match=r"k must be a whole number, 1 or more. Received: k=0"):
            getattr(rankings, metric)(0)
