import math

import numpy as np
import pytest

from sbir_tf.errors import UserError
from sbir_tf.losses import LSoftmax, SphereFace
from tests.losses.reference import check_against, softmax_loss, value_and_gradient

RNG = np.random.default_rng(1)
COSINES = RNG.uniform(-0.9, 0.9, (4, 3))
LABELS = np.array([0, 2, 1, 2])
COSINES[np.arange(4), LABELS] = np.cos([0.5, 1.1, 1.9, 2.8])  # k of m = 4: 0, 1, 2, 3
PLANES = np.stack([COSINES, RNG.uniform(1, 3, (4, 3)), RNG.uniform(1, 3, (4, 3))], axis=1)


def by_definition(margin, softness):
    def loss(labels, planes):
        losses = []
        for label, (cosines, lengths, _) in zip(labels, planes, strict=True):
            angle = math.acos(cosines[label])
            k = next(k for k in range(margin) if angle <= (k + 1) * math.pi / margin)
            psi = (-1) ** k * math.cos(margin * angle) - 2 * k
            logits = lengths * cosines
            logits[label] = lengths[label] * (softness * cosines[label] + psi) / (1 + softness)
            losses.append(softmax_loss(logits, label))
        return np.mean(losses)

    return loss


@pytest.mark.parametrize(("margin", "softness"), [(4, 5.0), (4, 0.0), (3, 0.5)])
def test_value_and_gradient_are_those_of_the_definition(margin, softness):
    loss = SphereFace(margin, lambda_end=softness)
    check_against(by_definition(margin, softness), loss, LABELS, PLANES)


def test_a_number_worked_by_hand():
    # Own angle 60 degrees, m = 4: 240 degrees lie in k = 1, psi = -cos(240) - 2 = -1.5.
    # Length 2, lambda 0: own logit -3; other 2 * 0.25 = 0.5. The loss is ln(1 + e^3.5).
    planes = np.array([[[0.5, 0.25], [2.0, 2.0], [9.0, 9.0]]])
    expected = math.log(1 + math.exp(3.5))
    np.testing.assert_allclose(SphereFace(4, lambda_end=0)([0], planes), expected, rtol=1e-6)


def test_the_classes_lengths_change_nothing_and_at_one_it_is_l_softmax():
    _, gradient = value_and_gradient(SphereFace(), LABELS, PLANES)
    np.testing.assert_array_equal(gradient[:, 2], 0)
    unit = PLANES.copy()
    unit[:, 2] = 1
    np.testing.assert_allclose(SphereFace()(LABELS, PLANES), LSoftmax()(LABELS, unit), rtol=1e-6)


def test_used_alone_it_is_fully_annealed_and_a_callback_may_move_lambda():
    loss = SphereFace(lambda_end=0.5)
    assert float(loss.current_lambda.numpy()) == 0.5
    loss.current_lambda.assign(1e6)
    softmax = np.mean([softmax_loss(p[0] * p[1], y) for y, p in zip(LABELS, PLANES, strict=True)])
    np.testing.assert_allclose(loss(LABELS, PLANES), softmax, rtol=1e-4)


@pytest.mark.parametrize("arguments", [{"lambda_end": -1.0}, {"lambda_end": 7, "lambda_start": 6}])
def test_an_impossible_lambda_is_an_error_that_names_it(arguments):
    with pytest.raises(UserError, match=f"from 0 to.*lambda_end={arguments['lambda_end']}"):
        SphereFace(**arguments)
