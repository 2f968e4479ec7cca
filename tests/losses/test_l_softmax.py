import math

import numpy as np
import pytest

from sbir_tf.errors import UserError
from sbir_tf.losses import LSoftmax, Softmax
from tests.losses.reference import check_against, softmax_loss

RNG = np.random.default_rng(0)
# Own angles in each quarter of the half circle, so that k of m = 4 is 0, 1, 2 and 3.
COSINES = RNG.uniform(-0.9, 0.9, (4, 3))
LABELS = np.array([0, 2, 1, 2])
COSINES[np.arange(4), LABELS] = np.cos([0.5, 1.1, 1.9, 2.8])
PLANES = np.stack([COSINES, RNG.uniform(1, 3, (4, 3)), RNG.uniform(1, 3, (4, 3))], axis=1)


def psi(angle, margin):
    k = next(k for k in range(margin) if angle <= (k + 1) * math.pi / margin)
    return (-1) ** k * math.cos(margin * angle) - 2 * k


def by_definition(margin, softness):
    def loss(labels, planes):
        losses = []
        for label, (cosines, lengths, class_lengths) in zip(labels, planes, strict=True):
            logits = class_lengths * lengths * cosines
            turned = psi(math.acos(cosines[label]), margin)
            own = (softness * cosines[label] + turned) / (1 + softness)
            logits[label] = class_lengths[label] * lengths[label] * own
            losses.append(softmax_loss(logits, label))
        return np.mean(losses)

    return loss


@pytest.mark.parametrize(("margin", "softness"), [(4, 5.0), (4, 0.0), (3, 0.5), (2, 0.0)])
def test_value_and_gradient_are_those_of_the_definition(margin, softness):
    loss = LSoftmax(margin, lambda_end=softness)
    check_against(by_definition(margin, softness), loss, LABELS, PLANES)


def test_a_number_worked_by_hand():
    # Own angle 45 degrees, m = 2: psi = cos(90) = 0. Lengths 2 and 3: own logit 0, as the
    # other's, so ln 2. With lambda = 1 it is half of 6 cos(45) = 3 sqrt(1/2) = 2.1213.
    planes = np.array([[[math.sqrt(0.5), 0.0], [2.0, 2.0], [3.0, 3.0]]])
    np.testing.assert_allclose(LSoftmax(2, lambda_end=0)([0], planes), math.log(2), rtol=1e-6)
    softened = LSoftmax(2, lambda_end=1)([0], planes)
    np.testing.assert_allclose(softened, math.log(1 + math.exp(-2.121320)), rtol=1e-5)


def test_a_margin_of_one_is_softmax_over_inner_products():
    expected = Softmax()(LABELS, PLANES.prod(axis=1))
    np.testing.assert_allclose(LSoftmax(1)(LABELS, PLANES), expected, rtol=1e-5)


def test_psi_falls_over_the_whole_half_circle():
    angles = np.linspace(0, math.pi, 200)
    planes = np.stack([[np.cos(angles), np.zeros(200)], *np.ones((2, 2, 200))]).transpose(2, 0, 1)
    each = LSoftmax(4, lambda_end=0).call(np.zeros(200, int), planes).numpy()
    assert (np.diff(each) > -1e-6).all()
    np.testing.assert_allclose(each[-1], math.log(1 + math.exp(7)), rtol=1e-5)  # psi(pi) = -7


@pytest.mark.parametrize("margin", [0, 2.5, -4, float("nan")])
def test_a_margin_that_is_no_whole_number_is_an_error_that_names_it(margin):
    said = f"`margin` must be a whole number, at least 1. Received: margin={margin}"
    with pytest.raises(UserError, match=said):
        LSoftmax(margin)
