import itertools

import numpy as np
import pytest

from sbir_tf.errors import UserError
from sbir_tf.losses import Contrastive
from tests.losses.reference import check_against, value_and_gradient

EMBEDDINGS = np.random.default_rng(0).normal(size=(6, 3))
LABELS = np.array([0, 0, 1, 1, 2, 0])


def by_definition(margin):
    def loss(labels, embeddings):
        losses = []
        for i, j in itertools.combinations(range(len(labels)), 2):
            distance = np.sqrt(np.sum((embeddings[i] - embeddings[j]) ** 2))
            same = labels[i] == labels[j]
            losses.append(distance**2 if same else max(0, margin - distance) ** 2)
        return np.mean(losses)

    return loss


@pytest.mark.parametrize("margin", [1.0, 3.0])
def test_value_and_gradient_are_those_of_the_definition(margin):
    check_against(by_definition(margin), Contrastive(margin), LABELS, EMBEDDINGS)


def test_a_number_worked_by_hand():
    # Points 0, 1 and 3 on a line, the first two of one class, margin 2.5. Pairs: 1^2 = 1;
    # max(0, 2.5 - 3)^2 = 0; (2.5 - 2)^2 = 0.25. The mean of three: 1.25 / 3.
    points = np.array([[0.0], [1.0], [3.0]])
    np.testing.assert_allclose(Contrastive(2.5)([5, 5, 8], points), 1.25 / 3, rtol=1e-6)


def test_one_class_comes_together_and_two_classes_part():
    points = np.array([[0.0], [0.5]])
    for labels, sign in (([0, 0], 1), ([0, 1], -1)):
        _, gradient = value_and_gradient(Contrastive(), labels, points)
        np.testing.assert_array_equal(np.sign(gradient), [[-sign], [sign]])


def test_the_order_of_the_items_and_a_motion_of_all_change_nothing():
    order = [3, 1, 5, 0, 2, 4]
    moved = EMBEDDINGS[order] + 2.5
    np.testing.assert_allclose(
        Contrastive()(LABELS[order], moved), Contrastive()(LABELS, EMBEDDINGS), rtol=1e-5
    )


@pytest.mark.parametrize("margin", [0.0, -1.0, float("nan")])
def test_a_margin_that_is_not_positive_is_an_error_that_names_it(margin):
    with pytest.raises(UserError, match=f"`margin` must be positive. Received: margin={margin}"):
        Contrastive(margin)
