import numpy as np
import pytest

from sbir_tf.errors import UserError
from sbir_tf.losses import CosFace, Softmax
from tests.losses.reference import check_against, softmax_loss, value_and_gradient

RNG = np.random.default_rng(0)
COSINES = RNG.uniform(-0.9, 0.9, (4, 3))
PLANES = np.stack([COSINES, RNG.uniform(1, 5, (4, 3)), RNG.uniform(1, 5, (4, 3))], axis=1)
LABELS = np.array([0, 2, 1, 2])


def by_definition(margin, scale):
    def loss(labels, planes):
        losses = []
        for label, (cosines, _, _) in zip(labels, planes, strict=True):
            logits = [scale * (c - margin * (j == label)) for j, c in enumerate(cosines)]
            losses.append(softmax_loss(logits, label))
        return np.mean(losses)

    return loss


@pytest.mark.parametrize(("margin", "scale"), [(0.35, 64.0), (0.1, 16.0)])
def test_value_and_gradient_are_those_of_the_definition(margin, scale):
    check_against(by_definition(margin, scale), CosFace(margin, scale), LABELS, PLANES)


def test_a_number_worked_by_hand():
    # Own cosine 0.75, other 0.5, m = 0.25: both logits are 0.5 s, so the loss is ln 2.
    planes = np.array([[[0.75, 0.5], [3.0, 3.0], [1.0, 1.0]]])
    np.testing.assert_allclose(CosFace(0.25, 8.0)([0], planes), np.log(2), rtol=1e-6)


def test_without_margin_it_is_softmax_over_scaled_cosines():
    expected = Softmax()(LABELS, 8 * COSINES)
    np.testing.assert_allclose(CosFace(0.0, 8.0)(LABELS, PLANES), expected, rtol=1e-6)


def test_lengths_change_nothing():
    _, gradient = value_and_gradient(CosFace(), LABELS, PLANES)
    np.testing.assert_array_equal(gradient[:, 1:], 0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"margin": -0.1}, "`margin` must be from 0 to below 2. Received: margin=-0.1"),
        ({"margin": 4.0}, "`margin` must be from 0 to below 2. Received: margin=4.0"),
        ({"scale": 0.0}, "`scale` must be positive. Received: scale=0.0"),
    ],
)
def test_impossible_arguments_are_errors_that_name_them(arguments, said):
    with pytest.raises(UserError, match=said):
        CosFace(**arguments)
