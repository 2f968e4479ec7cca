"""CCA, PLS, ITQ and CCA-ITQ on features made by hand instead of a network's."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cross_decomposition import CCA as TheirCCA
from sklearn.cross_decomposition import PLSRegression

from sbir_tf.codes import learn_itq_codes
from sbir_tf.errors import UserError
from sbir_tf.evaluation import evaluate
from training.baselines import cca, cca_itq, itq, pls
from training.baselines.pairs import pair_rows

CLASSES, DIMENSIONS = 12, 40


def two_views(seed=0, each=12):
    """Sketches and photos of the same classes, each domain seen through a mixing of its own."""
    generator = np.random.default_rng(seed)
    meaning = np.random.default_rng(7).normal(size=(CLASSES, 10))
    labels = np.repeat(np.arange(CLASSES), each).astype(np.int32)
    views = []
    for domain in (0, 1):
        mixing = np.random.default_rng(domain).normal(size=(10, DIMENSIONS))
        noise = 0.3 * generator.normal(size=(len(labels), DIMENSIONS))
        rows = (meaning[labels] @ mixing + noise + 3 * domain).astype(np.float32)
        views.append(SimpleNamespace(rows=rows, labels=labels, domain=domain))
    return views


@pytest.fixture(scope="module", autouse=True)
def given_features():
    with pytest.MonkeyPatch.context() as patch:
        for module in (cca, cca_itq, itq, pls):
            patch.setattr(module, "features", lambda items: items.rows)
        yield


def score(encode, seed=1):
    sketches, photos = two_views(seed)
    return evaluate(
        encode(sketches).astype(np.float32),
        sketches.labels,
        encode(photos).astype(np.float32),
        photos.labels,
        ks=(10,),
    ).map_all


@settings(max_examples=50, deadline=None, derandomize=True)
@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=20),
    st.lists(st.integers(0, 5), min_size=1, max_size=20),
    st.integers(1, 4),
)
def test_pairs_show_the_same_class_and_every_sketch_that_has_a_photo_is_in_them(left, right, each):
    left, right = np.array(left), np.array(right)
    wanted = np.flatnonzero(np.isin(left, right))
    if not len(wanted):
        with pytest.raises(UserError, match="no class has both a sketch and a photo"):
            pair_rows(left, right, each, seed=0)
        return
    rows, found = pair_rows(left, right, each, seed=0)
    assert np.array_equal(left[rows], right[found])
    assert np.array_equal(rows, np.repeat(wanted, each))


def test_every_photo_of_a_class_comes_up_in_pairs():
    _, found = pair_rows(np.array([3]), np.array([1, 3, 3, 2, 3]), each=50, seed=0)
    assert set(found) == {1, 2, 4}


def test_canonical_correlations_are_those_of_scikit_learn():
    sketches, photos = two_views()
    left, right = sketches.rows[:, :6], photos.rows[:, :6]
    theirs = TheirCCA(3, max_iter=10_000, tol=1e-10).fit(left, right).transform(left, right)
    expected = [np.corrcoef(*(view[:, n] for view in theirs))[0, 1] for n in range(3)]
    first, second = cca.projections(left, right, 6, 3, power=0.0)
    ours = np.array([first(left), second(right)])
    found = [np.corrcoef(*ours[:, :, n])[0, 1] for n in range(3)]
    assert found == pytest.approx(expected, abs=1e-3)
    # Scores of a view have unit variance and do not correlate with each other.
    assert np.allclose(np.cov(ours[0].T), np.eye(3), atol=1e-3)
    # With the power 1, the covariance of both views' scores is the correlation cubed.
    first, second = cca.projections(left, right, 6, 3, power=1.0)
    covariance = (first(left) * second(right)).sum(axis=0) / (len(left) - 1)
    assert covariance == pytest.approx(np.array(expected) ** 3, abs=2e-3)


def test_pairs_fewer_than_dimensions_leave_no_direction_without_variance():
    sketches, photos = two_views()
    first, _ = cca.projections(sketches.rows[::30], photos.rows[::30], 128, 64, power=0.0)
    assert np.abs(first(sketches.rows)).max() < 100


@pytest.mark.parametrize(
    "method",
    [
        cca.CCA(principal=10, components=8),
        pls.PLS(components=8, compare="predictions"),
        cca_itq.CCAITQ(bits=8, principal=10, views="pairs"),
        cca_itq.CCAITQ(bits=8, principal=20, views="labels"),
    ],
)
def test_what_pairs_or_labels_teach_beats_the_features_as_they_are(method):
    plain = score(lambda items: items.rows)
    assert score(method.fit(*two_views(), seed=0)) > plain + 0.2


def test_predictions_are_scikit_learns_about_the_photos_mean():
    sketches, photos = two_views()
    method = pls.PLS(components=4, pairs=1, compare="predictions")
    rows, found = pair_rows(sketches.labels, photos.labels, 1, seed=5)
    theirs = PLSRegression(4, max_iter=1000).fit(sketches.rows[rows], photos.rows[found])
    encode = method.fit(sketches, photos, seed=5)
    mean = photos.rows[found].mean(axis=0)
    assert np.allclose(encode(sketches), theirs.predict(sketches.rows) - mean, atol=1e-3)
    assert np.allclose(encode(photos), photos.rows - mean, atol=1e-3)


def test_scores_of_both_views_are_scikit_learns():
    sketches, photos = two_views()
    rows, found = pair_rows(sketches.labels, photos.labels, 1, seed=5)
    theirs = PLSRegression(4, max_iter=1000).fit(sketches.rows[rows], photos.rows[found])
    left, right = theirs.transform(sketches.rows, photos.rows)
    encode = pls.PLS(components=4, pairs=1).fit(sketches, photos, seed=5)
    assert np.allclose(encode(sketches), left, atol=1e-4)
    assert np.allclose(encode(photos), right, atol=1e-4)


def test_itq_codes_are_those_learnt_on_both_domains_together():
    sketches, photos = two_views()
    codes = learn_itq_codes(np.concatenate([sketches.rows, photos.rows]), 16, seed=3)
    encode = itq.ITQ(bits=16).fit(sketches, photos, seed=3)
    assert np.array_equal(encode(photos), codes.bits(photos.rows))


def test_domains_centred_apart_take_no_bit_to_tell_them_apart():
    # The photos lie 3 beside the sketches in every dimension: the first bit says just that.
    sketches, photos = two_views()

    def gap(method):
        encode = method.fit(sketches, photos, seed=0)
        return np.abs(encode(sketches).mean(axis=0) - encode(photos).mean(axis=0)).max()

    assert gap(itq.ITQ(bits=8, apart=True)) < 0.5 < gap(itq.ITQ(bits=8))


def test_fewer_classes_than_bits_are_refused():
    with pytest.raises(UserError, match="at most one bit a dimension, 11 here"):
        cca_itq.CCAITQ(bits=16).fit(*two_views(), seed=0)
