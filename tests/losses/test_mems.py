import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import logsumexp

from sbir_tf.errors import UserError
from sbir_tf.losses import EMS, GUARANTEED_MARGIN, MEMS

SQUARED = np.array([[1.0, 4.0, 9.0], [0.0, 2.0, 0.5], [3.0, 3.0, 3.0]], np.float32)
LABELS = np.array([0, 2, 1])


def by_definition(labels, squared, margin, distance):
    """-log softmax of the logits, one item and one class at a time."""
    losses = []
    for label, row in zip(labels, squared.astype(np.float64), strict=True):
        logits = [
            -(margin if j == label else 1) * math.sqrt(value)
            if distance
            else -(margin**2 if j == label else 1) * value
            for j, value in enumerate(row)
        ]
        losses.append(logsumexp(logits) - logits[label])
    return np.array(losses)


@pytest.mark.parametrize("margin", [4.0, 5.5])
@pytest.mark.parametrize(("loss", "distance"), [(MEMS, False), (EMS, True)])
def test_the_loss_is_the_published_formula(loss, distance, margin):
    expected = by_definition(LABELS, SQUARED, margin, distance)
    each = loss(margin).call(LABELS, SQUARED)
    np.testing.assert_allclose(each, expected, rtol=1e-5)
    np.testing.assert_allclose(loss(margin)(LABELS, SQUARED), expected.mean(), rtol=1e-5)


def test_a_number_worked_by_hand():
    # Two classes, own squared distance 0.25, other 4, m = 4:
    # MEMS: z = (-16 * 0.25, -4) = (-4, -4), so the loss is ln 2.
    # EMS: z = (-4 * 0.5, -2) = (-2, -2): ln 2 again, the same boundary.
    squared = np.array([[0.25, 4.0]], np.float32)
    for loss in (MEMS(4.0), EMS(4.0)):
        np.testing.assert_allclose(loss([0], squared), math.log(2), rtol=1e-6)


def test_labels_may_be_a_column():
    column = MEMS(4.0)(LABELS[:, None], SQUARED)
    np.testing.assert_allclose(column, MEMS(4.0)(LABELS, SQUARED))


@pytest.mark.parametrize("loss", [MEMS, EMS])
def test_the_gradient_pulls_to_the_own_centre_and_pushes_from_the_others(loss):
    squared = tf.constant(SQUARED + 0.1)
    with tf.GradientTape() as tape:
        tape.watch(squared)
        value = loss(4.0)(LABELS, squared)
    gradient = tape.gradient(value, squared).numpy()
    own = np.eye(3, dtype=bool)[LABELS]
    assert (gradient[own] > 0).all()
    assert (gradient[~own] < 0).all()


@pytest.mark.parametrize("loss", [MEMS, EMS])
def test_the_gradient_is_finite_on_the_centre(loss):
    squared = tf.zeros((1, 3))
    with tf.GradientTape() as tape:
        tape.watch(squared)
        value = loss(4.0)([1], squared)
    assert np.isfinite(tape.gradient(value, squared)).all()


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
    expected = by_definition(LABELS, SQUARED, 1.0, False).mean()
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


@pytest.mark.parametrize(("margin", "guaranteed"), [(3.6, False), (3.8, True), (4.0, True)])
def test_the_margin_makes_classes_narrower_than_the_gap_between_them(margin, guaranteed):
    """The two Apollonius balls of centres one apart, walked along the line through both.

    m |x| <= |x - 1| on that line is -1/(m - 1) <= x <= 1/(m + 1); the other ball mirrors it.
    """
    widest_inside = 1 / (margin + 1) + 1 / (margin - 1)
    gap = 1 - 2 / (margin + 1)
    assert (widest_inside < gap) is guaranteed
