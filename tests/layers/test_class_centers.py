import numpy as np
import pytest
from scipy.spatial.distance import cdist

from sbir_tf.errors import UserError
from sbir_tf.layers import ClassCenters


def test_distances_are_those_of_scipy():
    embeddings = np.random.default_rng(0).normal(size=(7, 16)).astype(np.float32)
    layer = ClassCenters(5, radius=3.0, seed=1)
    squared = layer(embeddings).numpy()
    expected = cdist(embeddings, layer.centers.numpy(), "sqeuclidean")
    np.testing.assert_allclose(squared, expected, rtol=1e-5)


def test_a_distance_is_zero_on_the_centre_and_never_negative():
    layer = ClassCenters(50, radius=100.0, seed=1)
    layer(np.zeros((1, 64), np.float32))
    squared = layer(layer.centers).numpy()
    assert (squared >= 0).all()
    np.testing.assert_allclose(np.diag(squared), 0, atol=1e-2)  # 100^2 in float32


@pytest.mark.parametrize("radius", [1.0, 10.0])
def test_centres_start_on_a_sphere_in_different_directions(radius):
    layer = ClassCenters(20, radius=radius, seed=3)
    layer(np.zeros((1, 32), np.float32))
    centers = layer.centers.numpy()
    np.testing.assert_allclose(np.linalg.norm(centers, axis=1), radius, rtol=1e-5)
    assert len(np.unique(centers.round(3), axis=0)) == 20


def test_the_seed_gives_the_same_centres_again():
    first, second = (ClassCenters(4, seed=9) for _ in range(2))
    for layer in (first, second):
        layer(np.zeros((1, 8), np.float32))
    np.testing.assert_array_equal(first.centers, second.centers)


def test_distances_are_float32_under_mixed_precision():
    layer = ClassCenters(4, dtype="mixed_bfloat16")
    squared = layer(np.ones((2, 8), "float32").astype("float16"))
    assert squared.dtype == "float32"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [({"classes": 1}, "classes=1"), ({"classes": 3, "radius": 0.0}, "radius=0.0")],
)
def test_impossible_arguments_are_errors_that_name_them(arguments, said):
    with pytest.raises(UserError, match=said):
        ClassCenters(**arguments)
