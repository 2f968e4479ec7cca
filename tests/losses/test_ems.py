import math

import keras
import numpy as np
import pytest

from sbir_tf.errors import UserError
from sbir_tf.losses import EMS, MEMS
from tests.losses.reference import check_against, softmax_loss, value_and_gradient

SQUARED = np.array([[1.0, 4.0, 9.0], [0.3, 2.0, 0.5], [3.0, 3.0, 3.0]])
LABELS = np.array([0, 2, 1])


def by_definition(margin):
    def loss(labels, squared):
        losses = []
        for label, row in zip(labels, squared, strict=True):
            logits = [-(margin if j == label else 1) * math.sqrt(d) for j, d in enumerate(row)]
            losses.append(softmax_loss(logits, label))
        return np.mean(losses)

    return loss


@pytest.mark.parametrize("margin", [4.0, 5.5])
def test_value_and_gradient_are_those_of_the_definition(margin):
    check_against(by_definition(margin), EMS(margin), LABELS, SQUARED)


def test_a_number_worked_by_hand():
    # Two classes, own distance 0.5, other 2, m = 4: z = (-4 * 0.5, -2), so the loss is ln 2.
    np.testing.assert_allclose(EMS(4.0)([0], [[0.25, 4.0]]), math.log(2), rtol=1e-6)


def test_its_boundary_is_that_of_mems():
    squared = np.random.default_rng(0).uniform(0, 9, (50, 2))
    labels = np.zeros(50, int)
    inside = [loss(4.0).call(labels, squared).numpy() < math.log(2) for loss in (EMS, MEMS)]
    np.testing.assert_array_equal(*inside)


def test_the_gradient_pulls_to_the_own_centre_and_pushes_from_the_others():
    _, gradient = value_and_gradient(EMS(4.0), LABELS, SQUARED)
    own = np.eye(3, dtype=bool)[LABELS]
    assert (gradient[own] > 0).all()
    assert (gradient[~own] < 0).all()


def test_the_margin_moves_inside_a_compiled_training():
    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Identity()])
    loss = EMS(4.0)
    model.compile("sgd", loss)
    model.test_on_batch(SQUARED, LABELS)
    loss.current_margin.assign(1.0)
    expected = by_definition(1.0)(LABELS, SQUARED)
    np.testing.assert_allclose(model.test_on_batch(SQUARED, LABELS), expected, rtol=1e-5)


def test_a_margin_below_one_is_an_error_that_names_it():
    with pytest.raises(UserError, match=r"`margin` must be at least 1. Received: margin=0.5"):
        EMS(0.5)
