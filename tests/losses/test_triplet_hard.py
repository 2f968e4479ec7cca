import numpy as np
import pytest

from sbir_tf.errors import UserError
from sbir_tf.losses import TripletHard
from tests.losses.reference import check_against

EMBEDDINGS = np.random.default_rng(0).normal(size=(7, 3))
LABELS = np.array([0, 0, 1, 1, 2, 2, 1])


def by_definition(margin):
    def loss(labels, embeddings):
        items, losses = range(len(labels)), []
        for a in items:
            distances = [np.sqrt(np.sum((embeddings[a] - embeddings[j]) ** 2)) for j in items]
            same = [distances[p] for p in items if p != a and labels[p] == labels[a]]
            other = [distances[n] for n in items if labels[n] != labels[a]]
            losses.append(max(0, margin + max(same) - min(other)))
        return np.mean(losses)

    return loss


@pytest.mark.parametrize("margin", [0.2, 1.0])
def test_value_and_gradient_are_those_of_the_definition(margin):
    check_against(by_definition(margin), TripletHard(margin), LABELS, EMBEDDINGS)


def test_a_number_worked_by_hand():
    # Points 0, 1 | 3, 7 on a line, m = 2. From 0: 2 + 1 - 3 = 0. From 1: 2 + 1 - 2 = 1.
    # From 3: 2 + 4 - 2 = 4. From 7: 2 + 4 - 6 = 0. The mean: 5 / 4.
    points = np.array([[0.0], [1.0], [3.0], [7.0]])
    np.testing.assert_allclose(TripletHard(2.0)([0, 0, 1, 1], points), 1.25, rtol=1e-6)


def test_the_order_of_the_items_and_a_motion_of_all_change_nothing():
    order = [3, 1, 5, 0, 6, 2, 4]
    np.testing.assert_allclose(
        TripletHard()(LABELS[order], EMBEDDINGS[order] + 2.5),
        TripletHard()(LABELS, EMBEDDINGS),
        rtol=1e-5,
    )


@pytest.mark.parametrize("margin", [0.0, -1.0])
def test_a_margin_that_is_not_positive_is_an_error_that_names_it(margin):
    with pytest.raises(UserError, match=f"`margin` must be positive. Received: margin={margin}"):
        TripletHard(margin)
