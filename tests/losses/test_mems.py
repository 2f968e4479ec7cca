import math

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbir_tf.errors import UserError
from sbir_tf.losses import GUARANTEED_MARGIN, MEMS
from tests.losses.reference import check_against, softmax_loss, value_and_gradient

SQUARED = np.array([[1.0, 4.0, 9.0], [0.0, 2.0, 0.5], [3.0, 3.0, 3.0]])
LABELS = np.array([0, 2, 1])


def by_definition(margin):
    def loss(labels, squared):
        losses = []
        for label, row in zip(labels, squared, strict=True):
            logits = [-(margin**2 if j == label else 1) * d for j, d in enumerate(row)]
            losses.append(softmax_loss(logits, label))
        return np.mean(losses)

    return loss


@pytest.mark.parametrize("margin", [4.0, 5.5])
def test_value_and_gradient_are_those_of_the_definition(margin):
    check_against(by_definition(margin), MEMS(margin), LABELS, SQUARED)


def test_a_number_worked_by_hand():
    # Two classes, own squared distance 0.25, other 4, m = 4: z = (-16 * 0.25, -4), so ln 2.
    np.testing.assert_allclose(MEMS(4.0)([0], [[0.25, 4.0]]), math.log(2), rtol=1e-6)


def test_labels_may_be_a_column():
    column = MEMS(4.0)(LABELS[:, None], SQUARED)
    np.testing.assert_allclose(column, MEMS(4.0)(LABELS, SQUARED))


def test_the_gradient_pulls_to_the_own_centre_and_pushes_from_the_others():
    _, gradient = value_and_gradient(MEMS(4.0), LABELS, SQUARED + 0.1)
    own = np.eye(3, dtype=bool)[LABELS]
    assert (gradient[own] > 0).all()
    assert (gradient[~own] < 0).all()


def test_used_alone_the_loss_has_its_full_margin_and_a_callback_may_move_it():
    loss = MEMS(4.0)
    full = float(loss(LABELS, SQUARED))
    loss.current_margin.assign(1.0)
    softmax = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(LABELS, -SQUARED)
    np.testing.assert_allclose(loss(LABELS, SQUARED), softmax, rtol=1e-6)
    assert full > float(softmax)


def test_the_margin_moves_inside_a_compiled_training():
    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Identity()])
    loss = MEMS(4.0)
    model.compile("sgd", loss)
    full = model.test_on_batch(SQUARED, LABELS)
    loss.current_margin.assign(1.0)
    expected = by_definition(1.0)(LABELS, SQUARED)
    np.testing.assert_allclose(model.test_on_batch(SQUARED, LABELS), expected, rtol=1e-5)
    assert full > expected


@pytest.mark.parametrize("margin", [1.0, 2.0, 3.73])
def test_a_margin_without_the_guarantee_warns_and_names_its_bound(margin):
    with pytest.warns(UserWarning, match=r"below 2 \+ sqrt\(3\) = 3.7321"):
        MEMS(margin)


def test_a_margin_with_the_guarantee_does_not_warn():
    MEMS(GUARANTEED_MARGIN)  # warnings are errors here


@pytest.mark.parametrize("margin", [0.5, -4.0, float("nan")])
def test_a_margin_below_one_is_an_error_that_names_it(margin):
    with pytest.raises(UserError, match=f"`margin` must be at least 1. Received: margin={margin}"):
        MEMS(margin)


# The guarantee. Points that satisfy the margin, `m |x - c_y| <= |x - c_j|` for every other j,
# fill an intersection of (Apollonius) balls around c_y: every ray from c_y leaves it once.


def points_that_satisfy(margin, centers, own, rng, rays=40):
    """On the border in random directions and along the lines to all other centres, and inside."""
    others = np.delete(centers, own, axis=0) - centers[own]
    directions = rng.normal(size=(rays, centers.shape[1]))
    directions = np.concatenate([directions, others, -others])
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    # m^2 t^2 = |t u - o|^2 = t^2 - 2 t u.o + |o|^2, solved for the positive t.
    square, along, apart = margin**2 - 1, directions @ others.T, np.sum(others**2, axis=1)
    reach = (-along + np.sqrt(along**2 + square * apart)) / square
    borders = directions * reach.min(axis=1, keepdims=True)
    insides = borders * rng.uniform(size=(len(borders), 1))
    return centers[own] + np.concatenate([borders, insides])


def distances(first, second):
    return np.linalg.norm(first[:, None] - second[None], axis=2)


def random_centers(classes, dimensions, seed):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(classes, dimensions)) * 10 ** rng.uniform(-2, 2), rng


places = {
    "classes": st.integers(2, 6),
    "dimensions": st.integers(1, 8),
    "seed": st.integers(0, 2**32 - 1),
}


@given(margin=st.floats(GUARANTEED_MARGIN + 1e-6, 30), **places)
@settings(deadline=None, derandomize=True)
def test_above_the_bound_every_class_is_narrower_than_its_distance_to_any_other(
    margin, classes, dimensions, seed
):
    centers, rng = random_centers(classes, dimensions, seed)
    points = [points_that_satisfy(margin, centers, own, rng) for own in range(classes)]
    for own in range(classes):
        widest_inside = distances(points[own], points[own]).max()
        for other in set(range(classes)) - {own}:
            assert widest_inside < distances(points[own], points[other]).min()


@given(margin=st.floats(1.01, GUARANTEED_MARGIN - 1e-6), **places | {"classes": st.just(2)})
@settings(deadline=None, derandomize=True)
def test_below_the_bound_two_classes_have_a_counter_example(margin, classes, dimensions, seed):
    centers, rng = random_centers(classes, dimensions, seed)
    first, second = (points_that_satisfy(margin, centers, own, rng) for own in range(2))
    assert distances(first, first).max() > distances(first, second).min()


@pytest.mark.parametrize("margin", [1.5, 4.0])
@pytest.mark.filterwarnings("ignore:margin=1.5 is below")
def test_what_satisfies_the_margin_is_what_the_loss_ranks_first(margin):
    """The border of the sampled balls is the loss's own: there, own and next logit are equal."""
    centers, rng = random_centers(4, 3, seed=0)
    points = points_that_satisfy(margin, centers, 2, rng)
    border, inside = np.split(points, 2)
    with_own_first = MEMS(margin)
    for sample, equal in ((border, True), (inside, False)):
        squared = distances(sample, centers) ** 2
        own = margin**2 * squared[:, 2]
        nearest_other = np.delete(squared, 2, axis=1).min(axis=1)
        assert (own <= nearest_other * (1 + 1e-9)).all()
        assert np.allclose(own, nearest_other) is equal
        losses = with_own_first.call(np.full(len(sample), 2), squared).numpy()
        assert (losses <= math.log(4) + 1e-4).all()
