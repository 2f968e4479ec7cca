import numpy as np
import pytest

from sbir_tf.errors import UserError
from sbir_tf.losses import TripletSemiHard
from tests.losses.reference import check_against

EMBEDDINGS = np.random.default_rng(0).normal(size=(7, 3))
LABELS = np.array([0, 0, 1, 1, 2, 0, 1])


def by_definition(margin):
    def loss(labels, embeddings):
        unit = embeddings / np.sqrt(np.sum(embeddings**2, axis=1, keepdims=True))
        items, losses = range(len(labels)), []
        for a in items:
            squared = [np.sum((unit[a] - unit[j]) ** 2) for j in items]
            negatives = [squared[n] for n in items if labels[n] != labels[a]]
            for p in items:
                if p != a and labels[p] == labels[a]:
                    farther = [d for d in negatives if d > squared[p]]
                    negative = min(farther) if farther else max(negatives)
                    losses.append(max(0, margin + squared[p] - negative))
        return np.mean(losses)

    return loss


@pytest.mark.parametrize("margin", [0.2, 1.0])
def test_value_and_gradient_are_those_of_the_definition(margin):
    check_against(by_definition(margin), TripletSemiHard(margin), LABELS, EMBEDDINGS)


def test_a_number_worked_by_hand():
    # Unit vectors at 0, 90 and 180 degrees, the first two of one class: squared distances
    # 2 (0-90), 4 (0-180), 2 (90-180). From 0: positive 2, farther negative 4: max(0, 0.5 - 2)
    # = 0. From 90: positive 2, no negative farther than 2, the farthest is 2: 0.5. Mean 0.25.
    points = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    np.testing.assert_allclose(TripletSemiHard(0.5)([3, 3, 4], points), 0.25, rtol=1e-6)


def test_the_lengths_of_the_embeddings_change_nothing():
    lengths = np.linspace(0.5, 30, 7)[:, None]
    np.testing.assert_allclose(
        TripletSemiHard()(LABELS, EMBEDDINGS * lengths),
        TripletSemiHard()(LABELS, EMBEDDINGS),
        rtol=1e-5,
    )


@pytest.mark.parametrize("margin", [0.0, -1.0])
def test_a_margin_that_is_not_positive_is_an_error_that_names_it(margin):
    with pytest.raises(UserError, match=f"`margin` must be positive. Received: margin={margin}"):
        TripletSemiHard(margin)
