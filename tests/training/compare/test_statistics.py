import numpy as np
import pytest
import scipy.stats

from training.compare.statistics import paired_difference


def test_a_constant_difference_has_no_spread():
    reference = np.random.default_rng(0).random((3, 40))
    assert paired_difference(reference + 0.125, reference) == pytest.approx((0.125,) * 3)


def test_seeds_are_averaged_before_queries_are_compared():
    # Seed means: (0.5, 0.5) against (0.25, 0.75): differences 0.25 and -0.25, mean 0.
    scores = np.array([[0.0, 1.0], [1.0, 0.0]])
    reference = np.array([[0.0, 1.0], [0.5, 0.5]])
    assert paired_difference(scores, reference) == pytest.approx((0.0, -0.25, 0.25))


def test_the_interval_is_scipys():
    generator = np.random.default_rng(1)
    reference = generator.random((2, 300))
    scores = np.clip(reference + generator.normal(0.02, 0.2, (2, 300)), 0, 1)
    differences = (scores - reference).mean(axis=0)
    theirs = scipy.stats.bootstrap(
        (differences,), np.mean, n_resamples=10_000, method="percentile", random_state=2
    ).confidence_interval
    mean, low, high = paired_difference(scores, reference)
    assert mean == pytest.approx(differences.mean())
    # The two draw different resamples: their ends differ by chance, by far less than the width.
    assert (low, high) == pytest.approx((theirs.low, theirs.high), abs=0.03 * (high - low))
