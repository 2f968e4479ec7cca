import math

import numpy as np
import pytest
import tensorflow as tf

from sbir_tf.losses import Softmax
from tests.losses.reference import check_against, softmax_loss, value_and_gradient

LOGITS = np.random.default_rng(0).normal(size=(5, 4))
LABELS = np.array([0, 3, 1, 1, 2])


def by_definition(labels, logits):
    return np.mean([softmax_loss(row, label) for label, row in zip(labels, logits, strict=True)])


def test_value_and_gradient_are_those_of_the_definition():
    check_against(by_definition, Softmax(), LABELS, LOGITS)


def test_a_number_worked_by_hand():
    # Logits (ln 3, 0): softmax is (3/4, 1/4). Of class 1 the loss is -ln(1/4) = ln 4.
    np.testing.assert_allclose(Softmax()([1], [[math.log(3), 0.0]]), math.log(4), rtol=1e-6)


def test_a_shift_of_all_logits_changes_nothing():
    shifted, _ = value_and_gradient(Softmax(), LABELS, LOGITS + 7)
    np.testing.assert_allclose(shifted, value_and_gradient(Softmax(), LABELS, LOGITS)[0], rtol=1e-5)


def test_a_label_without_a_class_is_an_error_that_names_it():
    with pytest.raises(tf.errors.InvalidArgumentError, match="label value of 4"):
        Softmax()([4], LOGITS[:1])
