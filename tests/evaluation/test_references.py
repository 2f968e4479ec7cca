"""Every metric and convention against other people's definitions, written out or installed.

The references: scikit-learn; the metrics of torchmetrics' retrieval package, the average precision
of the PASCAL VOC development kit and of the field's evaluation scripts, all written here from their
documentation; and the mean over every order of tied items.
"""

import itertools
import math
import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    average_precision_score,
    label_ranking_average_precision_score,
    ndcg_score,
)

from sbir_tf.evaluation import (
    CONVENTIONS,
    TIES,
    average_precision,
    hit_at,
    ndcg_at,
    precision_at,
    recall_at,
    reciprocal_rank,
)

quick = settings(max_examples=100, deadline=None, derandomize=True)
tied_rankings = st.lists(st.tuples(st.integers(-1, 2), st.booleans()), min_size=1, max_size=6)
tied_rankings = tied_rankings.filter(lambda items: any(relevant for _, relevant in items))
orders = st.lists(st.booleans(), min_size=1, max_size=40).filter(any)


def columns(items):
    return [relevant for _, relevant in items], [distance for distance, _ in items]


def all_orders(items):
    """Every order of (distance, relevant) pairs that sorts by distance."""
    groups = [
        list(itertools.permutations([relevant for _, relevant in group]))
        for _, group in itertools.groupby(sorted(items), key=lambda item: item[0])
    ]
    return [list(itertools.chain(*parts)) for parts in itertools.product(*groups)]


# One order, nearest first, as torchmetrics' functional retrieval metrics score it: they cut the
# ranking, then divide AP by the hits that are left.


def torchmetrics_average_precision(order, k=None):
    positions = [place + 1 for place, hit in enumerate(order[:k]) if hit]
    if not positions:
        return 0.0
    return statistics.fmean((index + 1) / place for index, place in enumerate(positions))


def torchmetrics_precision(order, k):
    return sum(order[:k]) / k


def torchmetrics_recall(order, k):
    return sum(order[:k]) / sum(order)


def torchmetrics_hit_rate(order, k):
    return float(sum(order[:k]) > 0)


def torchmetrics_reciprocal_rank(order):
    return 1 / (order.index(True) + 1)


def torchmetrics_normalized_dcg(order, k):
    def dcg(target):
        return sum(hit / np.log2(place + 2) for place, hit in enumerate(target[:k]))

    return dcg(order) / dcg(sorted(order, reverse=True))


# The development kit of VOC 2010 and later: the area under the envelope of the curve.


def voc_average_precision(order):
    hits = np.cumsum(order)
    recall = np.concatenate([[0], hits / hits[-1], [1]])
    precision = np.concatenate([[0], hits / np.arange(1, len(order) + 1), [0]])
    for place in range(len(precision) - 2, -1, -1):
        precision[place] = max(precision[place], precision[place + 1])
    rises = np.flatnonzero(recall[1:] != recall[:-1])
    return float(np.sum((recall[rises + 1] - recall[rises]) * precision[rises + 1]))


def script_average_precision(order, k):
    """SAKE's and ZSE-SBIR's scripts at k: the envelope of the cut list, over min(k, R)."""
    top = np.asarray(order[:k], float)
    precision = np.cumsum(top) / np.arange(1, len(top) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float((envelope * top).sum() / min(k, sum(order)))


def discounted(order, k):
    return torchmetrics_normalized_dcg(list(order), k)


def reciprocal(order):
    return 1 / (list(order).index(True) + 1)


@quick
@given(orders, st.integers(1, 45))
def test_retrieved_and_the_metrics_at_k_are_those_of_torchmetrics(order, k):
    distances = list(range(len(order)))
    for cut in (None, k):
        value = average_precision(order, distances, cut, "retrieved")
        assert value == pytest.approx(torchmetrics_average_precision(order, cut), abs=1e-12)
    assert precision_at(order, distances, k) == pytest.approx(torchmetrics_precision(order, k))
    assert recall_at(order, distances, k) == pytest.approx(torchmetrics_recall(order, k))
    assert hit_at(order, distances, k) == torchmetrics_hit_rate(order, k)
    assert ndcg_at(order, distances, k) == pytest.approx(torchmetrics_normalized_dcg(order, k))
    assert reciprocal_rank(order, distances) == torchmetrics_reciprocal_rank(order)


@quick
@given(orders, st.integers(1, 45))
def test_the_interpolated_conventions_are_the_voc_kits_and_the_scripts(order, k):
    distances = list(range(len(order)))
    for convention in ("voc", "zse"):
        value = average_precision(order, distances, convention=convention)
        assert value == pytest.approx(voc_average_precision(order), abs=1e-12)
        value = average_precision(order, distances, k, convention)
        assert value == pytest.approx(script_average_precision(order, k), abs=1e-12)


@quick
@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=60))
def test_grouped_ties_are_scikit_learns(items):
    relevant, distances = columns(items)
    if not any(relevant):
        return
    scores = -np.asarray(distances, float)
    expected = average_precision_score(relevant, scores)
    assert average_precision(relevant, distances, ties="grouped") == pytest.approx(expected)
    if not all(relevant):  # the other of scikit-learn's that groups ties
        expected = label_ranking_average_precision_score([relevant], [scores])
        value = average_precision(relevant, distances, ties="grouped")
        assert value == pytest.approx(expected)


@quick
@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=60))
def test_the_expected_ndcg_is_scikit_learns_which_averages_over_ties(items):
    relevant, distances = columns(items)
    if not any(relevant):
        return
    for k in (1, 3, 10, 100):
        expected = ndcg_score([relevant], [-np.asarray(distances, float)], k=k)
        assert ndcg_at(relevant, distances, k) == pytest.approx(expected, abs=1e-12)


@quick
@given(tied_rankings, st.integers(1, 8))
def test_expected_recall_ndcg_and_reciprocal_rank_are_means_over_every_order(items, k):
    relevant, distances = columns(items)
    every = all_orders(items)
    expected = statistics.fmean(torchmetrics_recall(order, k) for order in every)
    assert recall_at(relevant, distances, k) == pytest.approx(expected)
    expected = statistics.fmean(discounted(order, k) for order in every)
    assert ndcg_at(relevant, distances, k) == pytest.approx(expected)
    expected = statistics.fmean(map(reciprocal, every))
    assert reciprocal_rank(relevant, distances) == pytest.approx(expected)


@quick
@given(tied_rankings, st.integers(1, 8))
def test_the_best_and_the_worst_order_bound_every_metric(items, k):
    relevant, distances = columns(items)
    every = all_orders(items)
    for ties, choose in (("optimistic", max), ("pessimistic", min)):
        extreme = choose(torchmetrics_recall(order, k) for order in every)
        assert recall_at(relevant, distances, k, ties) == pytest.approx(extreme)
        extreme = choose(discounted(order, k) for order in every)
        assert ndcg_at(relevant, distances, k, ties) == pytest.approx(extreme)
        assert reciprocal_rank(relevant, distances, ties) == choose(map(reciprocal, every))
        for convention in ("voc", "zse"):
            extreme = choose(map(voc_average_precision, every))
            value = average_precision(relevant, distances, None, convention, ties)
            assert value == pytest.approx(extreme)


def test_grouped_ties_worked_by_hand():
    # A miss, then two hits tied with a miss: all three stand at rank 4, with two hits up to there.
    ranking = [0, 1, 1, 0], [1, 2, 2, 2]
    assert average_precision(*ranking, ties="grouped") == pytest.approx(2 / 4)
    # Up to rank 3 the group is not whole: nothing is found.
    assert precision_at(*ranking, 3, ties="grouped") == recall_at(*ranking, 3, "grouped") == 0
    assert precision_at(*ranking, 4, ties="grouped") == 2 / 4
    assert reciprocal_rank(*ranking, "grouped") == 1 / 4
    assert (hit_at(*ranking, 3, "grouped"), hit_at(*ranking, 4, "grouped")) == (0, 1)
    # Both gain 1 / log2(5), of 1 / log2(2) + 1 / log2(3).
    expected = 2 / np.log2(5) / (1 + 1 / np.log2(3))
    assert ndcg_at(*ranking, 4, "grouped") == pytest.approx(expected)


def test_reciprocal_rank_and_ndcg_of_tied_items_worked_by_hand():
    # A miss; then three tied items, one of them relevant: rank 2, 3 or 4.
    ranking = [0, 1, 0, 0], [1, 2, 2, 2]
    assert reciprocal_rank(*ranking) == pytest.approx((1 / 2 + 1 / 3 + 1 / 4) / 3)
    assert recall_at(*ranking, 2) == pytest.approx(1 / 3)
    assert ndcg_at(*ranking, 3) == pytest.approx((1 / np.log2(3) + 1 / np.log2(4)) / 3)


@pytest.mark.parametrize(("before", "size", "hits"), [(0, 5000, 1), (7, 3000, 40), (0, 400, 399)])
def test_the_expected_reciprocal_rank_of_a_large_group_is_its_sum_of_binomials(before, size, hits):
    # The first hit is the j-th of the group where the other m - 1 are among the n - j behind it.
    ways = math.comb(size, hits)
    expected = math.fsum(
        math.comb(size - j, hits - 1) / ways / (before + j) for j in range(1, size - hits + 2)
    )
    relevant = np.arange(before + size) >= before + size - hits
    distances = np.arange(before + size) >= before
    assert reciprocal_rank(relevant, distances) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_where_nothing_ties_all_treatments_agree(convention):
    generator = np.random.default_rng(3)
    relevant, distances = generator.random(80) < 0.2, generator.permutation(80)
    for k in (None, 7):
        values = [average_precision(relevant, distances, k, convention, ties) for ties in TIES]
        assert values == pytest.approx([values[0]] * len(TIES), abs=1e-14)


def test_expected_values_of_large_tied_groups_are_the_mean_of_drawn_orders():
    # 40 distances for 4,000 items. The mean over 400 orders is within 5 of its standard errors.
    generator = np.random.default_rng(0)
    distances = generator.binomial(39, 0.5, 4000)
    relevant = generator.random(4000) < 0.1 * np.exp(-distances / 20)
    drawn = []
    for _ in range(400):
        order = np.lexsort((generator.random(4000), distances))
        drawn.append(average_precision(relevant[order], np.arange(4000)))
    error = np.std(drawn) / np.sqrt(len(drawn))
    assert abs(average_precision(relevant, distances) - np.mean(drawn)) < 5 * error
