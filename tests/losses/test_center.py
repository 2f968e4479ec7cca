import numpy as np
import pytest

from sbir_tf.errors import UserError
from sbir_tf.losses import CenterLoss, Softmax
from tests.losses.reference import check_against, softmax_loss, value_and_gradient

RNG = np.random.default_rng(0)
# Logits of 3 classes, then squared distances to 3 centres.
PLANES = np.stack([RNG.normal(size=(4, 3)), RNG.uniform(0, 5, (4, 3))], axis=1)
LABELS = np.array([0, 2, 1, 2])


def by_definition(weight):
    def loss(labels, planes):
        return np.mean(
            [
                softmax_loss(logits, label) + weight / 2 * squared[label]
                for label, (logits, squared) in zip(labels, planes, strict=True)
            ]
        )

    return loss


@pytest.mark.parametrize("weight", [0.003, 1.5])
def test_value_and_gradient_are_those_of_the_definition(weight):
    check_against(by_definition(weight), CenterLoss(weight), LABELS, PLANES)


def test_a_number_worked_by_hand():
    # Equal logits of two classes: ln 2. Own squared distance 9, lambda 0.5: 0.25 * 9 = 2.25.
    planes = np.array([[[1.0, 1.0], [4.0, 9.0]]])
    np.testing.assert_allclose(CenterLoss(0.5)([1], planes), np.log(2) + 2.25, rtol=1e-6)


def test_only_the_own_centre_pulls():
    _, gradient = value_and_gradient(CenterLoss(0.5), LABELS, PLANES)
    own = np.eye(3, dtype=bool)[LABELS]
    np.testing.assert_allclose(gradient[:, 1][own], 0.5 / 2 / len(LABELS))
    np.testing.assert_array_equal(gradient[:, 1][~own], 0)


def test_with_weight_zero_it_is_softmax():
    np.testing.assert_allclose(CenterLoss(0)(LABELS, PLANES), Softmax()(LABELS, PLANES[:, 0]))


@pytest.mark.parametrize("weight", [-0.1, float("nan")])
def test_a_negative_weight_is_an_error_that_names_it(weight):
    with pytest.raises(
        UserError, match=f"`weight` must not be negative. Received: weight={weight}"
    ):
        CenterLoss(weight)
