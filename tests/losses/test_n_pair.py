import math

import numpy as np
import pytest

from sbir_tf.errors import UserError
from sbir_tf.losses import NPair
from tests.losses.reference import check_against, value_and_gradient

EMBEDDINGS = np.random.default_rng(0).normal(size=(7, 3))
LABELS = np.array([0, 0, 1, 1, 2, 0, 1])  # the one of class 2 has no positive


def by_definition(weight):
    def loss(labels, embeddings):
        items, losses = range(len(labels)), []
        for i in items:
            for p in items:
                if p != i and labels[p] == labels[i]:
                    negatives = [n for n in items if labels[n] != labels[i]]
                    more = [embeddings[i] @ (embeddings[n] - embeddings[p]) for n in negatives]
                    losses.append(math.log(1 + sum(math.exp(value) for value in more)))
        return np.mean(losses) + weight / 2 * np.mean(np.sum(embeddings**2, axis=1))

    return loss


@pytest.mark.parametrize("weight", [0.002, 0.5, 0.0])
def test_value_and_gradient_are_those_of_the_definition(weight):
    check_against(by_definition(weight), NPair(weight), LABELS, EMBEDDINGS)


def test_a_number_worked_by_hand():
    # One dimension: 1 and 2 of one class, 3 of another. From 1: products 2 and 3:
    # ln(1 + e^(3 - 2)). From 2: 2 and 6: ln(1 + e^4). The mean, plus 0.1 / 2 (1 + 4 + 9) / 3.
    points = np.array([[1.0], [2.0], [3.0]])
    expected = (math.log(1 + math.e) + math.log(1 + math.exp(4))) / 2 + 0.05 * 14 / 3
    np.testing.assert_allclose(NPair(0.1)([0, 0, 1], points), expected, rtol=1e-6)


def test_a_turn_of_all_embeddings_changes_nothing():
    turn, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))
    np.testing.assert_allclose(
        NPair()(LABELS, EMBEDDINGS @ turn), NPair()(LABELS, EMBEDDINGS), rtol=1e-5
    )


def test_long_embeddings_overflow_nothing():
    value, gradient = value_and_gradient(NPair(), LABELS, 1e4 * EMBEDDINGS)
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()


def test_a_negative_weight_is_an_error_that_names_it():
    with pytest.raises(UserError, match=r"`weight` must not be negative. Received: weight=-1"):
        NPair(-1)
