import numpy as np
import pytest
import tensorflow as tf

from sbir_tf.codes import learn_center_codes
from sbir_tf.codes.center_codes import mean_inner_product, random_map, straight_through_sign
from sbir_tf.errors import UserError


@pytest.fixture(scope="module")
def centers():
    return np.random.default_rng(0).standard_normal((20, 12)).astype(np.float32) + 0.5


@pytest.fixture(scope="module")
def learnt(centers):
    return learn_center_codes(centers, 16, steps=400)


def signs(bits):
    return np.where(bits, 1.0, -1.0).astype(np.float32)


def mean_over_pairs(codes):
    """The definition: the mean over ordered pairs of different centres."""
    count, bits = codes.shape
    pairs = [(i, j) for i in range(count) for j in range(count) if i != j]
    return sum(float(codes[i] @ codes[j]) for i, j in pairs) / bits / len(pairs)


def test_the_loss_is_the_mean_over_pairs_of_different_centers():
    # Of (1, 1), (1, -1), (-1, -1): inner products 0, -2, 0; over 2 bits 0, -1, 0; mean -1/3.
    by_hand = np.array([[1, 1], [1, -1], [-1, -1]], np.float32)
    assert float(mean_inner_product(tf.constant(by_hand))) == pytest.approx(-1 / 3)
    codes = signs(np.random.default_rng(1).integers(0, 2, (7, 24)))
    assert float(mean_inner_product(codes)) == pytest.approx(mean_over_pairs(codes), abs=1e-6)


def test_the_gradient_of_a_code_is_the_sum_of_the_others():
    codes = signs(np.random.default_rng(2).integers(0, 2, (6, 8)))
    with tf.GradientTape() as tape:
        watched = tf.Variable(codes)
        loss = mean_inner_product(watched)
    others = [2 * sum(codes[j] for j in range(6) if j != i) / (6 * 5 * 8) for i in range(6)]
    np.testing.assert_allclose(tape.gradient(loss, watched), others, atol=1e-7)


def test_the_sign_passes_its_gradient_straight_through():
    values = tf.Variable([-300.0, -0.5, 0.0, 0.5, 300.0])
    upstream = tf.constant([1.0, -2.0, 3.0, -4.0, 5.0])
    with tf.GradientTape() as tape:
        signed = straight_through_sign(values)
    assert signed.numpy().tolist() == [-1, -1, -1, 1, 1]
    np.testing.assert_array_equal(tape.gradient(signed, values, upstream), upstream)


def adams_first_step(gradient):
    """The learning rate in the gradient's direction, but for Keras's epsilon of 1e-7."""
    return 1e-3 * gradient / (np.abs(gradient) + 1e-7 / np.sqrt(1 - 0.999))


def test_one_step_is_adams_first_of_the_normalised_maps_gradient(centers):
    """In NumPy from the definition."""
    kernel, singular = (array.astype(np.float64) for array in random_map(12, 8, seed=3))
    left = kernel @ singular / np.linalg.norm(kernel @ singular)
    right = kernel.T @ left / np.linalg.norm(kernel.T @ left)
    sigma = left @ kernel @ right
    outputs = centers @ kernel / sigma
    codes = signs(outputs > 0)
    upstream = 2 * (codes.sum(axis=0) - codes) / (20 * 19 * 8)
    # d(C W / sigma) and d sigma = left dW right
    gradient = centers.T @ upstream / sigma
    gradient -= np.sum(upstream * outputs) / sigma * np.outer(left, right)
    moved = kernel - adams_first_step(gradient)
    learnt = learn_center_codes(centers, 8, steps=1, seed=3)
    np.testing.assert_allclose(learnt.kernel, moved / np.linalg.norm(moved, 2), atol=2e-6)
    np.testing.assert_allclose(learnt.bias, -adams_first_step(upstream.sum(axis=0)), atol=1e-6)


def test_learning_brings_the_codes_of_centers_apart(centers, learnt):
    kernel, _ = random_map(12, 16, seed=0)
    at_first = mean_over_pairs(signs(centers @ kernel > 0))
    after = mean_over_pairs(signs(learnt.bits(centers)))
    assert after < at_first - 0.05
    # -1 / (K - 1), the least that K codes can have: every bit is 1 for half of the centres.
    assert after == pytest.approx(-1 / 19, abs=0.01)


def test_the_codes_of_centers_are_distinct(centers, learnt):
    assert len(np.unique(learnt.pack(centers), axis=0)) >= 19


def test_the_map_is_spectrally_normalised(learnt):
    assert np.linalg.svd(learnt.kernel, compute_uv=False)[0] == pytest.approx(1, abs=1e-6)


def test_a_seed_gives_the_same_codes_again_and_another_seed_others(centers):
    one, same, other = (learn_center_codes(centers, 8, 20, seed=seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(one.kernel, same.kernel)
    np.testing.assert_array_equal(one.bias, same.bias)
    assert not np.array_equal(one.kernel, other.kernel)


def test_more_bits_than_dimensions_are_learnt_too(centers):
    codes = learn_center_codes(centers, 24, steps=5)
    assert codes.pack(centers).shape == (20, 3)
    assert codes.method == "centers"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"bits": 12}, "multiple of 8.*bits=12"),
        ({"bits": 8.0}, "bits=8.0"),
        ({"steps": 0}, "steps=0"),
        ({"centers": np.ones((1, 4), np.float32)}, "2 rows or more"),
        ({"centers": np.array([[1.0, np.nan], [0, 1]])}, "NaN"),
    ],
)
def test_wrong_arguments_are_refused(centers, change, said):
    with pytest.raises(UserError, match=said):
        learn_center_codes(**{"centers": centers, "bits": 8, "steps": 1} | change)
