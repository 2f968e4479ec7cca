import numpy as np
import pytest
from sklearn.decomposition import PCA

from sbir_tf.codes import learn_itq_codes
from sbir_tf.codes.itq import principal_components, rotate_to_corners
from sbir_tf.errors import UserError


@pytest.fixture(scope="module")
def embeddings():
    """Clusters in 24 dimensions, of different variances, far from zero."""
    rng = np.random.default_rng(0)
    middles = 3 * rng.standard_normal((10, 24)) + 7
    rows = middles[rng.integers(0, 10, 400)] + rng.standard_normal((400, 24))
    return (rows * np.linspace(1, 2, 24)).astype(np.float32)


def corners(values):
    return np.where(values > 0, 1.0, -1.0)


def error_after(projected, iterations):
    rotated = projected @ rotate_to_corners(projected, iterations, seed=0)
    return np.sum((corners(rotated) - rotated) ** 2)


def test_the_components_span_what_scikit_learns_do(embeddings):
    centred = embeddings - embeddings.mean(axis=0)
    ours = principal_components(centred.astype(np.float64), 8)
    theirs = PCA(8, svd_solver="full").fit(embeddings).components_.T
    np.testing.assert_allclose(np.abs(np.sum(ours * theirs, axis=0)), 1, atol=1e-4)


def test_the_quantisation_error_never_rises(embeddings):
    projected = embeddings[:, :8] - embeddings[:, :8].mean(axis=0)
    errors = [error_after(projected, iterations) for iterations in range(0, 50, 3)]
    assert np.all(np.diff(errors) <= 1e-6 * errors[0])
    assert errors[-1] < 0.99 * errors[0]


def test_the_rotation_is_orthogonal(embeddings):
    rotation = rotate_to_corners(embeddings[:, :16].astype(np.float64), 50, seed=1)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(16), atol=1e-10)


def test_each_rotation_is_scipys_procrustes_answer(embeddings):
    from scipy.linalg import orthogonal_procrustes

    projected = (embeddings[:, :8] - 7).astype(np.float64)
    before = rotate_to_corners(projected, 4, seed=0)
    expected, _ = orthogonal_procrustes(projected, corners(projected @ before))
    np.testing.assert_allclose(rotate_to_corners(projected, 5, seed=0), expected, atol=1e-9)


def test_the_codes_are_signs_of_the_centred_projected_and_rotated_embeddings(embeddings):
    codes = learn_itq_codes(embeddings, 16, seed=2)
    centred = (embeddings - embeddings.mean(axis=0, dtype=np.float64)).astype(np.float64)
    projected = centred @ principal_components(centred, 16)
    expected = projected @ rotate_to_corners(projected, 50, seed=2)
    certain = np.abs(expected) > 1e-3  # float32 may turn what is all but zero
    assert certain.mean() > 0.99
    np.testing.assert_array_equal(codes.bits(embeddings)[certain], (expected > 0)[certain])
    assert codes.method == "itq"


def test_as_many_bits_as_dimensions_are_possible_and_no_more(embeddings):
    assert learn_itq_codes(embeddings, 24).pack(embeddings).shape == (400, 3)
    with pytest.raises(UserError, match=r"one bit a dimension, 24 here. Received: bits=32"):
        learn_itq_codes(embeddings, 32)


def test_a_seed_gives_the_same_codes_again(embeddings):
    one, same, other = (learn_itq_codes(embeddings, 8, seed=seed).kernel for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize(
    ("rows", "bits", "said"),
    [
        (np.ones((5, 16)), 7, "bits=7"),
        (np.ones((1, 16)), 8, "2 rows or more"),
        (np.full((5, 16), np.nan), 8, "NaN"),
        (np.ones((5, 16), int), 8, "int64"),
    ],
)
def test_wrong_arguments_are_refused(rows, bits, said):
    with pytest.raises(UserError, match=said):
        learn_itq_codes(rows, bits)
