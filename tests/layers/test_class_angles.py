import numpy as np
import pytest
import tensorflow as tf
from scipy.spatial.distance import cdist

from sbir_tf.errors import UserError
from sbir_tf.layers import ClassAngles

EMBEDDINGS = np.random.default_rng(0).normal(size=(7, 16)).astype(np.float32)


def test_the_planes_are_cosines_and_the_lengths_of_both_sides():
    layer = ClassAngles(5)
    cosines, lengths, class_lengths = np.moveaxis(layer(EMBEDDINGS).numpy(), 1, 0)
    vectors = layer.vectors.numpy()
    np.testing.assert_allclose(cosines, 1 - cdist(EMBEDDINGS, vectors, "cosine"), atol=1e-6)
    norms = np.linalg.norm(EMBEDDINGS, axis=1)
    np.testing.assert_allclose(lengths, np.tile(norms[:, None], 5), rtol=1e-6)
    np.testing.assert_allclose(class_lengths, [np.linalg.norm(vectors, axis=1)] * 7, rtol=1e-6)


def test_the_product_of_the_planes_is_the_inner_product():
    layer = ClassAngles(5)
    product = tf.reduce_prod(layer(EMBEDDINGS), axis=1)
    np.testing.assert_allclose(product, EMBEDDINGS @ layer.vectors.numpy().T, atol=1e-5)


def test_a_cosine_never_leaves_its_range():
    layer = ClassAngles(50)
    layer(EMBEDDINGS)
    cosines = layer(layer.vectors * 1e3).numpy()[:, 0]
    assert np.abs(cosines).max() <= 1
    np.testing.assert_allclose(np.diag(cosines), 1, rtol=1e-6)


def test_an_embedding_of_zeros_has_a_finite_gradient():
    layer, zeros = ClassAngles(3), tf.zeros((2, 16))
    with tf.GradientTape() as tape:
        tape.watch(zeros)
        value = tf.reduce_sum(layer(zeros))
    assert np.isfinite(tape.gradient(value, zeros)).all()


def test_angles_are_float32_under_mixed_precision():
    layer = ClassAngles(4, dtype="mixed_bfloat16")
    assert layer(EMBEDDINGS.astype("float16")).dtype == "float32"


def test_a_single_class_is_an_error_that_names_it():
    with pytest.raises(UserError, match=r"`classes` must be at least 2. Received: classes=1"):
        ClassAngles(1)
