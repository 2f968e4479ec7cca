import math

import numpy as np
import pytest

from sbir_tf.errors import UserError
from sbir_tf.losses import ArcFace, Softmax
from tests.losses.reference import check_against, softmax_loss, value_and_gradient

RNG = np.random.default_rng(0)
COSINES = RNG.uniform(-0.8, 0.9, (4, 3))
COSINES[3, 2] = -0.97  # own, 2.9 radians: a margin of 0.5 leads beyond pi
PLANES = np.stack([COSINES, RNG.uniform(1, 5, (4, 3)), RNG.uniform(1, 5, (4, 3))], axis=1)
LABELS = np.array([0, 2, 1, 2])


def margined(cosine, margin):
    angle = math.acos(cosine)
    if angle + margin < math.pi:
        return math.cos(angle + margin)
    return cosine - margin * math.sin(margin)


def by_definition(margin, scale):
    def loss(labels, planes):
        losses = []
        for label, (cosines, _, _) in zip(labels, planes, strict=True):
            logits = scale * cosines
            logits[label] = scale * margined(cosines[label], margin)
            losses.append(softmax_loss(logits, label))
        return np.mean(losses)

    return loss


@pytest.mark.parametrize(("margin", "scale"), [(0.5, 64.0), (0.2, 16.0), (1.6, 8.0)])
def test_value_and_gradient_are_those_of_the_definition(margin, scale):
    check_against(by_definition(margin, scale), ArcFace(margin, scale), LABELS, PLANES)


def test_a_number_worked_by_hand():
    # Own angle 30 degrees, m = 30 degrees: cos(60) = 1/2, as the other class's: ln 2.
    planes = np.array([[[math.cos(math.pi / 6), 0.5], [1.0, 1.0], [1.0, 1.0]]])
    np.testing.assert_allclose(ArcFace(math.pi / 6, 8.0)([0], planes), np.log(2), rtol=1e-6)


def test_without_margin_it_is_softmax_over_scaled_cosines():
    expected = Softmax()(LABELS, 8 * COSINES)
    np.testing.assert_allclose(ArcFace(0.0, 8.0)(LABELS, PLANES), expected, rtol=1e-5)


def test_a_wider_angle_never_costs_less():
    angles = np.linspace(0.01, math.pi - 0.01, 60)
    planes = np.stack([[np.cos(angles), np.zeros(60)]] * 3, axis=1).transpose(2, 1, 0)
    each = ArcFace(0.5, 8.0).call(np.zeros(60, int), planes).numpy()
    assert (np.diff(each) > 0).all()


@pytest.mark.parametrize("cosine", [1.0, -1.0])
def test_the_gradient_is_finite_along_and_against_the_class(cosine):
    _, gradient = value_and_gradient(ArcFace(), [0], np.array([[[cosine, 0.1]] * 3]))
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"margin": -0.1}, "`margin` must be from 0 to below pi. Received: margin=-0.1"),
        ({"margin": 4.0}, "`margin` must be from 0 to below pi. Received: margin=4.0"),
        ({"scale": -1.0}, "`scale` must be positive. Received: scale=-1.0"),
    ],
)
def test_impossible_arguments_are_errors_that_name_them(arguments, said):
    with pytest.raises(UserError, match=said):
        ArcFace(**arguments)
