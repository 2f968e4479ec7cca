from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import permutation_test, wilcoxon

from sbir_tf.errors import UserError
from sbir_tf.evaluation import bootstrap, compare, compare_rankings, rank


def test_the_test_of_three_queries_worked_by_hand():
    # Differences .1, .2, .3: of the 8 ways to sign them two (all plus, all minus) reach a sum of
    # .6 either way.
    paired = compare([0.6, 0.7, 0.8], [0.5, 0.5, 0.5])
    assert paired.p_value == 2 / 8
    assert paired.difference == pytest.approx(0.2)
    assert (paired.better, paired.equal, paired.worse, paired.left_out) == (3, 0, 0, 0)


@pytest.mark.parametrize("seed", range(5))
def test_few_queries_are_tested_exactly_as_scipy_does(seed):
    generator = np.random.default_rng(seed)
    first, second = generator.random(9), generator.random(9)
    expected = permutation_test(
        (first, second), lambda a, b: np.mean(a - b), permutation_type="samples", n_resamples=np.inf
    )
    assert compare(first, second).p_value == pytest.approx(expected.pvalue)


def test_many_queries_are_tested_by_random_signs():
    generator = np.random.default_rng(0)
    second = generator.random(300)
    first = second + generator.normal(0.02, 0.15, 300)
    p_value = compare(first, second).p_value
    normal = wilcoxon(first, second).pvalue  # another test, of the same question
    assert 0.2 * normal < p_value < 5 * normal
    assert compare(second, first).p_value == pytest.approx(p_value)


def test_models_that_do_not_differ_look_significant_one_time_in_twenty():
    generator = np.random.default_rng(4)
    found = 0
    for trial in range(400):
        values = generator.random((2, 40))
        found += compare(*values, resamples=400, seed=trial).p_value <= 0.05
    assert 8 <= found <= 33  # 20, give or take three standard deviations of 4.4


def test_a_model_is_equal_to_itself():
    values = np.random.default_rng(5).random(50)
    paired = compare(values, values)
    assert (paired.difference, paired.low, paired.high, paired.p_value) == (0, 0, 0, 1)
    assert paired.equal == 50


def test_the_interval_is_that_of_the_differences():
    first, second = np.random.default_rng(6).random((2, 60))
    interval = bootstrap(first - second)
    assert (interval.low, interval.high) == (
        compare(first, second).low,
        compare(first, second).high,
    )


def test_queries_count_where_both_models_have_a_value():
    paired = compare([0.9, np.nan, 0.5, np.nan], [0.1, 0.2, np.nan, np.nan])
    assert (paired.difference, paired.left_out) == (pytest.approx(0.8), 3)


def ranked(shift, **names):
    generator = np.random.default_rng(7)
    labels = generator.integers(0, 4, 30), generator.integers(0, 4, 90)
    centers = shift * generator.standard_normal((4, 8))
    queries, gallery = (centers[of] + generator.standard_normal((len(of), 8)) for of in labels)
    return rank(queries, labels[0], gallery, labels[1], **names)


def test_rankings_of_a_better_model_are_better():
    paired = compare_rankings(ranked(2), ranked(0.1))
    assert paired.difference > 0.2 and paired.p_value < 0.001
    at_k = compare_rankings(ranked(2), ranked(0.1), k=10, convention="retrieved")
    assert at_k.difference != paired.difference


def test_rankings_of_other_queries_are_not_compared():
    one = ranked(1)
    with pytest.raises(UserError, match="Received: 30 and 29 queries"):
        compare_rankings(one, replace(one, query_labels=one.query_labels[:-1]))
    other = replace(one, query_labels=np.roll(one.query_labels, 1))
    with pytest.raises(UserError, match=r"the classes of query \d+ differ. Received: '\d' and"):
        compare_rankings(one, other)
    named = [ranked(1, query_ids=[f"{side}{row}" for row in range(30)]) for side in "ab"]
    with pytest.raises(UserError, match=r"ids of query 0 differ. Received: 'a0' and 'b0'"):
        compare_rankings(*named)


def test_values_of_other_lengths_are_not_compared():
    with pytest.raises(UserError, match="Received: 2 and 3 values"):
        compare([0.1, 0.2], [0.1, 0.2, 0.3])
