"""Retrieval metrics, against definitions written as loops and against every order of tied items."""

import itertools
import json
import math
import statistics
import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from sbir_tf.errors import UserError
from sbir_tf.evaluation import (
    CONVENTIONS,
    average_precision,
    evaluate,
    evaluate_distances,
    hit_at,
    precision_at,
)
from sbir_tf.evaluation.distances import Distances, first_equal_rows
from sbir_tf.evaluation.tied_draws import hypergeometric

# Definitions, as loops over one order. `order` is a list of booleans, nearest item first.


def loop_ap(order, k=None, convention="exact"):
    top = order[:k]
    precisions = [sum(top[: place + 1]) / (place + 1) for place in range(len(top))]
    if convention in ("voc", "zse"):
        precisions = [max(precisions[place:]) for place in range(len(top))]
    gained = [p for p, hit in zip(precisions, top, strict=True) if hit]
    if convention == "retrieved":
        return sum(gained) / len(gained) if gained else 0.0
    return sum(gained) / min(len(order) if k is None else k, sum(order))


def loop_precision(order, k, convention="exact"):
    return sum(order[:k]) / (min(k, sum(order)) if convention == "zse" else k)


def all_orders(items):
    """Every order of (distance, relevant) pairs that sorts by distance."""
    groups = [
        list(itertools.permutations([relevant for _, relevant in group]))
        for _, group in itertools.groupby(sorted(items), key=lambda item: item[0])
    ]
    return [list(itertools.chain(*parts)) for parts in itertools.product(*groups)]


def columns(items):
    return [relevant for _, relevant in items], [distance for distance, _ in items]


few_distances = st.integers(-1, 2)
tied_rankings = st.lists(st.tuples(few_distances, st.booleans()), min_size=1, max_size=6).filter(
    lambda items: any(relevant for _, relevant in items)
)
quick = settings(max_examples=150, deadline=None, derandomize=True)


def test_the_ap_of_a_ranking_worked_by_hand():
    # Hits at ranks 1, 3 and 5 of 5: (1/1 + 2/3 + 3/5) / 3 = 34/45.
    ranking = [1, 0, 1, 0, 1], [10, 20, 30, 40, 50]
    assert average_precision(*ranking) == pytest.approx(34 / 45, abs=1e-15)
    # Cut at 4, two of the three are found: (1 + 2/3) / min(4, 3) = 5/9; over the two found, 5/6.
    assert average_precision(*ranking, k=4) == pytest.approx(5 / 9, abs=1e-15)
    assert average_precision(*ranking, 4, "retrieved") == pytest.approx(5 / 6, abs=1e-15)
    # Cut at 2: 1 / min(2, 3).
    assert average_precision(*ranking, k=2) == pytest.approx(1 / 2, abs=1e-15)
    assert precision_at(*ranking, 4) == 2 / 4
    assert precision_at(*ranking, 4, "zse") == pytest.approx(2 / 3)
    assert (hit_at([0, 1], [1, 2], 1), hit_at([0, 1], [1, 2], 2)) == (0, 1)


def test_the_interpolated_ap_of_a_ranking_worked_by_hand():
    # Hits at ranks 2, 3, 4: precisions 1/2, 2/3, 3/4, so the envelope is 3/4 at each.
    ranking = [0, 1, 1, 1], [1, 2, 3, 4]
    assert average_precision(*ranking, convention="voc") == pytest.approx(3 / 4)
    # Cut at 3 the envelope is 2/3 at two hits of min(3, 3).
    assert average_precision(*ranking, 3, "voc") == pytest.approx(4 / 9)


def test_the_expected_ap_of_tied_items_worked_by_hand():
    # Two tied items, one relevant: rank 1 or rank 2, (1 + 1/2) / 2.
    assert average_precision([0, 1], [5, 5]) == pytest.approx(3 / 4)
    # A hit, then a hit tied with a miss: (1 + 2/2) / 2 or (1 + 2/3) / 2, on average 11/12.
    assert average_precision([1, 0, 1], [1, 2, 2]) == pytest.approx(11 / 12)
    # Three tied, one relevant, the cut after two: a hit in two orders of three.
    assert hit_at([0, 0, 1], [5, 5, 5], 2) == pytest.approx(2 / 3)
    assert precision_at([0, 0, 1], [5, 5, 5], 2) == pytest.approx(1 / 3)
    # Over the hits retrieved: rank 1, 2 or 3 gives 1, 1/2 or nothing.
    assert average_precision([0, 0, 1], [5, 5, 5], 2, "retrieved") == pytest.approx(1 / 2)


def test_one_ranking_has_three_values_of_map_at_3_under_three_names():
    ranking = [0, 1, 1, 1], [1, 2, 3, 4]
    values = [average_precision(*ranking, 3, name) for name in ("exact", "voc", "retrieved")]
    # (1/2 + 2/3) / 3, (2/3 + 2/3) / 3, (1/2 + 2/3) / 2
    assert values == pytest.approx([7 / 18, 4 / 9, 7 / 12])


@quick
@given(tied_rankings, st.integers(1, 8))
def test_expected_values_are_the_mean_over_every_order_of_tied_items(items, k):
    relevant, distances = columns(items)
    orders = all_orders(items)

    def mean(metric, *arguments):
        return statistics.fmean(metric(order, *arguments) for order in orders)

    for cut, convention in itertools.product((None, k), ("exact", "retrieved")):
        expected = mean(loop_ap, cut, convention)
        assert average_precision(relevant, distances, cut, convention) == pytest.approx(expected)
    for convention in CONVENTIONS:
        expected = mean(loop_precision, k, convention)
        assert precision_at(relevant, distances, k, convention) == pytest.approx(expected)
    assert hit_at(relevant, distances, k) == pytest.approx(mean(lambda o: any(o[:k])))


@quick
@given(tied_rankings, st.integers(1, 8))
def test_optimistic_and_pessimistic_are_the_best_and_the_worst_order(items, k):
    relevant, distances = columns(items)
    orders = all_orders(items)
    for ties, choose in (("optimistic", max), ("pessimistic", min)):
        for cut in (None, k):
            extreme = choose(loop_ap(order, cut) for order in orders)
            assert average_precision(relevant, distances, cut, ties=ties) == pytest.approx(extreme)
        extreme = choose(loop_precision(order, k) for order in orders)
        assert precision_at(relevant, distances, k, ties=ties) == pytest.approx(extreme)
        assert hit_at(relevant, distances, k, ties) == choose(any(order[:k]) for order in orders)


@quick
@given(tied_rankings, st.integers(1, 8), st.sampled_from(sorted(CONVENTIONS)))
def test_stable_takes_tied_items_in_the_order_of_the_gallery(items, k, convention):
    relevant, distances = columns(items)
    order = [hit for _, hit in sorted(items, key=lambda item: item[0])]
    for cut in (None, k):
        value = average_precision(relevant, distances, cut, convention, "stable")
        assert value == pytest.approx(loop_ap(order, cut, convention))
    value = precision_at(relevant, distances, k, convention, "stable")
    assert value == pytest.approx(loop_precision(order, k, convention))


@quick
@given(st.permutations([True] * 3 + [False] * 5), st.integers(1, 9))
def test_without_ties_all_orders_of_ties_agree_and_so_does_the_definition(order, k):
    distances = range(len(order))
    for convention, ties in itertools.product(CONVENTIONS, ("expected", "stable", "pessimistic")):
        for cut in (None, k):
            value = average_precision(order, distances, cut, convention, ties)
            assert value == pytest.approx(loop_ap(order, cut, convention), abs=1e-12)


def test_exact_ap_is_scikit_learns_where_nothing_ties():
    # With ties scikit-learn scores a whole group by its last place: another definition.
    generator = np.random.default_rng(0)
    for _ in range(20):
        distances, relevant = generator.random(500), generator.random(500) < 0.1
        expected = average_precision_score(relevant, -distances)
        assert average_precision(relevant, distances) == pytest.approx(expected, abs=1e-12)


def test_interpolated_ap_of_tied_relevant_items_needs_no_order():
    assert average_precision([1, 1, 0], [1, 1, 2], convention="voc") == 1


@pytest.mark.parametrize("convention", ["voc", "zse"])
def test_interpolated_ap_of_mixed_ties_asks_for_an_order(convention):
    with pytest.raises(UserError, match=r"no closed form.*Choose ties='stable'"):
        average_precision([1, 0], [1, 1], convention=convention)
    assert average_precision([0, 1], [1, 1], convention=convention, ties="stable") == 0.5


@pytest.mark.parametrize(
    ("size", "hits", "drawn"),
    [(1, 1, 1), (7, 3, 4), (9, 8, 5), (5000, 3000, 2500), (10**5, 9, 200)],
)
def test_hypergeometric_probabilities_are_ratios_of_binomials(size, hits, drawn):
    counts, probabilities = hypergeometric(size, hits, drawn)
    ways = math.comb(size, drawn)
    exact = [
        float(Fraction(math.comb(hits, h) * math.comb(size - hits, drawn - h), ways))
        for h in counts.tolist()
    ]
    assert sum(exact) == pytest.approx(1)  # no possible count is left out
    np.testing.assert_allclose(probabilities, exact, rtol=1e-9, atol=1e-300)


# Whole evaluations.


def random_data(seed=0, queries=23, gallery=157, dimension=8, classes=5):
    generator = np.random.default_rng(seed)
    return (
        generator.standard_normal((queries, dimension)).astype(np.float32),
        generator.integers(0, classes, queries),
        generator.standard_normal((gallery, dimension)).astype(np.float32),
        generator.integers(0, classes, gallery),
    )


def tied_data(seed=0, queries=23, gallery=157, dimension=8, classes=5):
    """Codes of 0 and 1: their squared distances are Hamming distances and tie all the time."""
    generator = np.random.default_rng(seed)
    return (
        generator.integers(0, 2, (queries, dimension)),
        generator.integers(0, classes, queries),
        generator.integers(0, 2, (gallery, dimension)),
        generator.integers(0, classes, gallery),
    )


def numbers(result):
    at = [result.map_at, result.precision_at, result.hit_at]
    return [result.map_all, *(value for values in at for value in values.values())]


@pytest.mark.parametrize("data", [random_data(), tied_data()], ids=["floats", "codes"])
@pytest.mark.parametrize("convention", ["exact", "retrieved"])
def test_an_evaluation_is_the_mean_over_its_queries(data, convention):
    queries, query_labels, gallery, gallery_labels = data
    result = evaluate(*data, ks=(1, 10, 200), convention=convention)
    distances = [((gallery.astype(float) - query) ** 2).sum(axis=1) for query in queries]
    rankings = [
        (gallery_labels == label, near) for label, near in zip(query_labels, distances, strict=True)
    ]
    every_ap = [average_precision(*ranking, None, convention) for ranking in rankings]
    np.testing.assert_allclose(result.per_query_ap, every_ap, rtol=1e-12)
    assert result.map_all == pytest.approx(np.mean(every_ap), abs=1e-12)
    for k in (1, 10, 200):
        ap = [average_precision(*ranking, k, convention) for ranking in rankings]
        assert result.map_at[k] == pytest.approx(np.mean(ap), abs=1e-12)
        precision = [precision_at(*ranking, k) for ranking in rankings]
        assert result.precision_at[k] == pytest.approx(np.mean(precision), abs=1e-12)
        hit = [hit_at(*ranking, k) for ranking in rankings]
        assert result.hit_at[k] == pytest.approx(np.mean(hit), abs=1e-12)


def test_an_evaluation_of_four_pictures_worked_by_hand():
    # Query at 0, pictures at distances 1, 2, 3, 4: a hit, a miss, a hit, a miss.
    gallery, labels = [[3.0], [1.0], [-2.0], [4.0]], ["cat", "cat", "dog", "dog"]
    result = evaluate([[0.0]], ["cat"], gallery, labels, ks=(1, 3))
    assert result.map_all == pytest.approx((1 + 2 / 3) / 2)
    assert result.map_at == pytest.approx({1: 1, 3: (1 + 2 / 3) / 2})
    assert result.precision_at == pytest.approx({1: 1, 3: 2 / 3})
    assert result.hit_at == {1: 1, 3: 1}


@pytest.mark.parametrize("data", [random_data(), tied_data()], ids=["floats", "codes"])
@pytest.mark.parametrize("ties", ["expected", "stable", "optimistic", "pessimistic"])
def test_blocks_of_one_query_score_as_one_block_does(data, ties):
    one_block = evaluate(*data, ties=ties)
    blocks_of_one = evaluate(*data, ties=ties, block_bytes=1)
    np.testing.assert_array_equal(one_block.per_query_ap, blocks_of_one.per_query_ap)
    assert numbers(one_block) == numbers(blocks_of_one)


@quick
@given(st.integers(0, 2**32), st.permutations(range(20)))
def test_the_order_of_the_gallery_does_not_matter(seed, order):
    queries, query_labels, gallery, labels = tied_data(seed % 1000, 3, 20, 4, 2)
    if not set(query_labels) & set(labels):
        return
    plain = evaluate(queries, query_labels, gallery, labels, ks=(1, 5))
    shuffled = evaluate(queries, query_labels, gallery[order], labels[order], ks=(1, 5))
    assert numbers(plain) == pytest.approx(numbers(shuffled), abs=1e-12)
    assert all(0 <= number <= 1 + 1e-12 for number in numbers(plain))


def test_file_order_alone_moves_a_stable_score_of_a_gallery_sorted_by_class():
    queries, query_labels, gallery, labels = tied_data(queries=40, classes=2)
    first = query_labels == 0
    order = np.argsort(labels, kind="stable")
    data = queries[first], query_labels[first], gallery[order], labels[order]
    low, middle, high = (
        evaluate(*data, ties=ties).map_all for ties in ("pessimistic", "expected", "optimistic")
    )
    assert evaluate(*data, ties="stable").map_all == pytest.approx(high)
    assert low < middle < high


@pytest.mark.parametrize("queries", [1, 2, 64])
def test_equal_pictures_tie_however_their_distance_was_rounded(queries):
    # Each picture is in the gallery twice, once under each label. A plain matrix product rounds
    # some of the pairs apart: how many depends on the shapes.
    generator = np.random.default_rng(0)
    pictures = generator.standard_normal((503, 128)).astype(np.float32)
    order = generator.permutation(1006)
    gallery, labels = np.concatenate([pictures] * 2)[order], np.repeat([0, 1], 503)[order]
    drawn = generator.standard_normal((queries, 128)).astype(np.float32)
    result = evaluate(drawn, [0] * queries, gallery, labels)
    # 503 groups of one hit and one miss: the hit of the i-th has rank 2i - 1 or 2i.
    # Before it are i - 1 others, so that its precision is i / rank.
    expected = np.mean([(i / (2 * i - 1) + i / (2 * i)) / 2 for i in range(1, 504)])
    np.testing.assert_allclose(result.per_query_ap, expected, rtol=1e-12)


def test_zero_and_minus_zero_are_one_value():
    rows = np.array([[0.0, 1.0], [2.0, 1.0], [-0.0, 1.0]])
    assert first_equal_rows(rows).tolist() == [0, 1, 0]


def test_distances_are_the_squared_differences_and_never_negative():
    gallery = 1000 + np.random.default_rng(0).standard_normal((50, 16))
    gallery = gallery[np.arange(70) % 50]
    blocks = [block.copy() for block in Distances([gallery[:7]], [gallery], "euclidean").blocks(3)]
    exact = ((gallery[:7, None] - gallery) ** 2).sum(axis=2)
    assert [block.shape for block in blocks] == [(3, 70), (3, 70), (1, 70)]
    np.testing.assert_allclose(np.concatenate(blocks), exact, atol=1e-7)
    assert min(block.min() for block in blocks) >= 0


def test_near_pictures_far_from_the_origin_keep_their_order():
    # In float32, |q|^2 + |g|^2 - 2 q.g of points around 1000 is off by about 0.1.
    gallery = 1000 + np.arange(1, 101, dtype=np.float32)[:, None] / 1000
    result = evaluate(np.float32([[1000]]), [1], gallery, np.arange(100) < 50)
    assert result.map_all == 1


def test_labels_may_be_text_and_keep_their_meaning():
    queries, query_labels, gallery, labels = random_data()
    names = np.array(["ant", "bee", "cat", "dog", "eel"])
    numbered = evaluate(queries, query_labels, gallery, labels)
    named = evaluate(queries, names[query_labels], gallery, names[labels].astype(object))
    assert numbers(numbered) == numbers(named)


def test_queries_without_a_relevant_item_are_excluded_and_counted():
    queries, query_labels, gallery, labels = random_data()
    lost = query_labels.copy()
    lost[[2, 5]] = 99, -1  # behind and before all that the gallery has
    result = evaluate(queries, lost, gallery, labels)
    kept = np.delete(np.arange(len(queries)), [2, 5])
    fewer = evaluate(queries[kept], query_labels[kept], gallery, labels)
    assert (result.queries, result.excluded, result.gallery) == (23, 2, 157)
    assert np.flatnonzero(np.isnan(result.per_query_ap)).tolist() == [2, 5]
    assert numbers(result) == pytest.approx(numbers(fewer), abs=1e-12)
    assert result.chance == fewer.chance


def test_the_result_is_json_with_null_for_an_excluded_query():
    data = ([[0.0], [9.0]], ["a", "z"], [[1.0], [2.0]], ["a", "b"])
    result = json.loads(evaluate(*data, ks=(1, 2)).to_json())
    assert result == {
        "map_all": 1.0,
        "map_at": {"1": 1.0, "2": 1.0},
        "precision_at": {"1": 1.0, "2": 0.5},
        "hit_at": {"1": 1.0, "2": 1.0},
        "recall_at": {"1": 1.0, "2": 1.0},
        "ndcg_at": {"1": 1.0, "2": 1.0},
        "mrr": 1.0,
        "chance": {
            "map_all": 0.75,  # rank 1 or rank 2: (1 + 1/2) / 2
            "map_at": {"1": 0.5, "2": 0.75},
            "precision_at": {"1": 0.5, "2": 0.5},
            "hit_at": {"1": 0.5, "2": 1.0},
            "recall_at": {"1": 0.5, "2": 1.0},
            "ndcg_at": {"1": 0.5, "2": pytest.approx((1 + 1 / np.log2(3)) / 2)},
            "mrr": 0.75,
        },
        "per_query_ap": [1.0, None],
        "per_class": {
            "a": {
                "queries": 1,
                "relevant": 1,
                "map_all": 1.0,
                "map_at": {"1": 1.0, "2": 1.0},
                "precision_at": {"1": 1.0, "2": 0.5},
                "hit_at": {"1": 1.0, "2": 1.0},
                "recall_at": {"1": 1.0, "2": 1.0},
                "ndcg_at": {"1": 1.0, "2": 1.0},
                "mrr": 1.0,
            }
        },
        "queries": 2,
        "excluded": 1,
        "gallery": 2,
        "convention": "exact",
        "ties": "expected",
    }


@pytest.mark.parametrize("convention", ["exact", "retrieved", "zse"])
@pytest.mark.parametrize(("hits", "total"), [(1, 1), (1, 5), (3, 7), (6, 6), (2, 8)])
def test_chance_is_the_mean_over_every_ranking(hits, total, convention):
    labels = [1] * hits + [0] * (total - hits)
    data = [[0.0]], [1], np.arange(total)[:, None], labels
    chance = evaluate(*data, ks=(1, 3, 9), convention=convention).chance
    placements = [
        [place in chosen for place in range(total)]
        for chosen in itertools.combinations(range(total), hits)
    ]
    for k in (1, 3, 9):
        hit = statistics.fmean(any(order[:k]) for order in placements)
        assert chance.hit_at[k] == pytest.approx(hit)
        precision = statistics.fmean(loop_precision(o, k, convention) for o in placements)
        assert chance.precision_at[k] == pytest.approx(precision)
        if convention != "zse":
            ap = statistics.fmean(loop_ap(order, k, convention) for order in placements)
            assert chance.map_at[k] == pytest.approx(ap)
    if convention == "zse":
        assert chance.map_all is None and set(chance.map_at.values()) == {None}
    else:
        assert chance.map_all == pytest.approx(statistics.fmean(map(loop_ap, placements)))


def test_chance_is_its_closed_form_in_a_large_gallery():
    total, hits = 20_000, 80
    harmonic = math.fsum(1 / rank for rank in range(1, total + 1))
    expected = (harmonic + (hits - 1) * (total - harmonic) / (total - 1)) / total
    data = [[0.0]], [1], np.arange(total)[:, None], np.arange(total) < hits
    chance = evaluate(data[0], [True], data[2], data[3]).chance
    assert chance.map_all == pytest.approx(expected, rel=1e-12)
    missed = Fraction(math.comb(total - hits, 100), math.comb(total, 100))
    assert chance.hit_at[100] == pytest.approx(float(1 - missed), rel=1e-10)


def test_chance_is_averaged_over_queries_of_classes_of_different_size():
    data = np.zeros((3, 1)), [0, 0, 1], np.zeros((4, 1)), [0, 1, 1, 1]
    result = evaluate(*data, ks=(1,))
    assert result.chance.precision_at[1] == pytest.approx((1 / 4 + 1 / 4 + 3 / 4) / 3)
    # All distances are equal: the ranking is by chance, and the expected score says so.
    assert result.map_all == pytest.approx(result.chance.map_all)


def test_hamming_distances_of_any_integer_type_can_be_scored():
    queries, query_labels, gallery, labels = tied_data()
    hamming = (queries[:, None] != gallery).sum(axis=2).astype(np.uint8)
    blocks = (hamming[start : start + 5] for start in range(0, len(queries), 5))
    by_distances = evaluate_distances(blocks, query_labels, labels)
    assert numbers(by_distances) == numbers(evaluate(*tied_data()))


def test_memory_does_not_grow_with_queries_times_gallery():
    data = random_data(queries=400, gallery=4000, dimension=4)
    tracemalloc.start()
    try:
        evaluate(*data, block_bytes=1_000_000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 5_000_000 < 400 * 4000 * 8


def test_progress_sees_every_block_and_their_number():
    seen = []

    def progress(iterable, description, total):
        for item in iterable:
            seen.append((description, total, item.shape))
            yield item

    data = random_data(queries=5, gallery=10)
    evaluate(*data, block_bytes=2 * 8 * 10, progress=progress)
    assert seen == [("Ranking", 3, (rows, 10)) for rows in (2, 2, 1)]


BAD = np.zeros((120, 2))
BAD[[4, 17]] = np.nan
BAD[90] = np.inf


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"query_labels": [1]}, "`query_embeddings` and `query_labels`.*Received: 3 and 1"),
        ({"gallery_labels": [1]}, "`gallery_embeddings` and `gallery_labels`.*Received: 4 and 1"),
        ({"query_embeddings": np.zeros((3, 5))}, "same dimension. Received: 5 and 2"),
        ({"query_embeddings": np.zeros(3)}, r"`query_embeddings` must be a table.*shape \(3,\)"),
        ({"query_embeddings": [["a", "b"]] * 3}, "must be a table of numbers"),
        ({"gallery_embeddings": np.zeros((0, 2)), "gallery_labels": []}, "`gallery_embeddings` is"),
        ({"query_embeddings": np.zeros((0, 2)), "query_labels": []}, "`query_embeddings` is empty"),
        (
            {"gallery_embeddings": BAD, "gallery_labels": [1] * 120},
            r"`gallery_embeddings` has NaN, infinite or huge values in 3 of 120 rows: 4, 17, 90$",
        ),
        ({"query_embeddings": np.full((3, 2), 1e200)}, "huge values in 3 of 3 rows: 0, 1, 2"),
        ({"query_labels": [7, 8, 9]}, "no query has a relevant item.*7, 8, 9 against 1, 2"),
        ({"query_labels": ["1", "2", "1"]}, "of one kind, whole numbers or text"),
        ({"query_labels": [1.5, 2.0, 1.0]}, "`query_labels` must be a list of whole numbers"),
        ({"ks": (10, 0)}, "k must be a whole number, 1 or more. Received: k=0"),
        ({"ks": (2.5,)}, "Received: k=2.5"),
        ({"ks": (True,)}, "Received: k=True"),
        ({"convention": "coco"}, "one of exact, retrieved, voc, zse. Received: convention='coco'"),
        (
            {"ties": "random"},
            "one of expected, stable, optimistic, pessimistic, grouped. Rec.*'random'",
        ),
    ],
)
def test_bad_input_is_named(changes, message):
    arguments = {
        "query_embeddings": np.zeros((3, 2)),
        "query_labels": [1, 2, 1],
        "gallery_embeddings": np.zeros((4, 2)),
        "gallery_labels": [1, 2, 1, 2],
    }
    with pytest.raises(UserError, match=message) as error:
        evaluate(**{**arguments, **changes})
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ([np.zeros((1, 2))], "have 1 rows in all. Expected: 2"),
        ([np.zeros((3, 2))], "must have 2 rows in all"),
        ([np.zeros((2, 3))], r"2 columns. Received: a block of shape \(2, 3\)"),
        ([np.ones((1, 2)), [[0, -1]]], "negative, infinite or NaN for queries 1"),
        ([[[0, np.nan], [np.inf, 0]]], "negative, infinite or NaN for queries 0, 1"),
    ],
)
def test_bad_distances_are_named(blocks, message):
    with pytest.raises(UserError, match=message):
        evaluate_distances(blocks, [0, 1], [0, 1])


@pytest.mark.parametrize(
    ("relevant", "distances", "message"),
    [
        ([1, 0], [1], r"same length. Received: shapes \(2,\) and \(1,\)"),
        ([1, 0], [1, np.nan], "NaN at 1"),
        ([0, 0], [1, 2], "no relevant item"),
        ([], [], "no relevant item"),
    ],
)
def test_a_ranking_that_cannot_be_scored_is_named(relevant, distances, message):
    with pytest.raises(UserError, match=message):
        average_precision(relevant, distances)
