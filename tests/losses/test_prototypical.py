import math

import numpy as np
import pytest
import tensorflow as tf

from sbir_tf.losses import Prototypical
from tests.losses.reference import check_against, softmax_loss, value_and_gradient

EMBEDDINGS = np.random.default_rng(0).normal(size=(7, 3))
LABELS = np.array([5, 5, 1, 1, 2, 5, 1])  # the one of class 2 is alone


def by_definition(labels, embeddings):
    classes, losses = sorted(set(labels)), []
    for i, label in enumerate(labels):
        others = [j for j in range(len(labels)) if j != i]
        if not any(labels[j] == label for j in others):
            continue
        squared = []
        for c in classes:
            prototype = np.mean([embeddings[j] for j in others if labels[j] == c], axis=0)
            squared.append(np.sum((embeddings[i] - prototype) ** 2))
        losses.append(softmax_loss(-np.array(squared), classes.index(label)))
    return np.mean(losses)


def test_value_and_gradient_are_those_of_the_definition():
    check_against(by_definition, Prototypical(), LABELS, EMBEDDINGS)


def test_a_number_worked_by_hand():
    # Points 0, 2 of one class, 3 alone in another. From 0: own prototype 2, other 3: squared
    # 4 and 9: ln(1 + e^-5). From 2: own 0, other 3: 4 and 1: ln(1 + e^3). The third is left out.
    points = np.array([[0.0], [2.0], [3.0]])
    expected = (math.log(1 + math.exp(-5)) + math.log(1 + math.exp(3))) / 2
    np.testing.assert_allclose(Prototypical()([7, 7, 9], points), expected, rtol=1e-6)


def test_one_alone_in_its_class_is_no_query_but_still_a_prototype():
    without = by_definition(LABELS[LABELS != 2], EMBEDDINGS[LABELS != 2])
    value, gradient = value_and_gradient(Prototypical(), LABELS, EMBEDDINGS)
    assert value > without
    assert np.abs(gradient[4]).max() > 0


def test_the_order_of_the_items_and_a_motion_of_all_change_nothing():
    order = [3, 1, 5, 0, 6, 2, 4]
    np.testing.assert_allclose(
        Prototypical()(LABELS[order], EMBEDDINGS[order] + 2.5),
        Prototypical()(LABELS, EMBEDDINGS),
        rtol=1e-5,
    )


def test_more_labels_than_embeddings_are_an_error():
    with pytest.raises((tf.errors.InvalidArgumentError, ValueError)):
        Prototypical()([0, 0, 1], EMBEDDINGS[:2])
