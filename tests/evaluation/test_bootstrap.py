import numpy as np
import pytest
from scipy.stats import bootstrap as scipy_bootstrap

from sbir_tf.errors import UserError
from sbir_tf.evaluation import bootstrap


def test_the_interval_of_two_values_worked_by_hand():
    # Two draws of 0 and 1: the mean is 0, 1/2 or 1, with probability 1/4, 1/2 and 1/4. The middle
    # 40% of the means are all 1/2, the middle 60% reach from 0 to 1.
    assert vars(bootstrap([0.0, 1.0], confidence=0.4)) == {
        "mean": 0.5,
        "low": 0.5,
        "high": 0.5,
        "queries": 2,
    }
    wide = bootstrap([0.0, 1.0], confidence=0.6)
    assert (wide.low, wide.high) == (0, 1)


def test_the_interval_is_scipys_percentile_interval():
    values = np.random.default_rng(0).beta(1, 3, 400)
    ours = bootstrap(values)
    theirs = scipy_bootstrap(
        (values,), np.mean, method="percentile", n_resamples=10_000, rng=np.random.default_rng(9)
    ).confidence_interval
    # Ends of 10,000 resamples move by about 0.02 standard errors, which are 0.0097 here.
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-3)
    assert ours.mean == values.mean()


def test_19_of_20_intervals_hold_the_true_mean():
    generator = np.random.default_rng(1)
    held = 0
    for trial in range(300):
        interval = bootstrap(generator.beta(1, 3, 100), resamples=500, seed=trial)
        held += interval.low <= 0.25 <= interval.high
    # Binomial with p = .95 of 300: 285, give or take three standard deviations of 3.8; the
    # percentile interval is known to be a little short.
    assert 270 <= held <= 297


def test_queries_that_do_not_count_are_left_out():
    some = bootstrap([np.nan, 0.2, 0.4, np.nan])
    assert some == bootstrap([0.2, 0.4])
    assert some.queries == 2


def test_equal_seeds_give_equal_intervals_and_others_do_not():
    values = np.random.default_rng(2).random(50)
    assert bootstrap(values, seed=3) == bootstrap(values, seed=3) != bootstrap(values, seed=4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([np.nan, np.nan],), "`values` has no query that counts. Received: 2 values"),
        (([[1.0]],), r"a number a query. Received: shape \(1, 1\)"),
        (([1.0], 1.0), "between 0 and 1. Received: confidence=1.0"),
        (([1.0], 0.9, 0), "at least 1. Received: resamples=0"),
    ],
)
def test_what_cannot_be_resampled_is_named(arguments, message):
    with pytest.raises(UserError, match=message):
        bootstrap(*arguments)
