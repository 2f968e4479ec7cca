import keras
import numpy as np
import pytest
import tensorflow as tf

from sbir_tf.errors import UserError
from sbir_tf.layers import StepDropout

ONES = tf.ones((4, 500))


def masked(layer, step):
    layer.step.assign(step)
    return layer(ONES, training=True).numpy()


def test_a_mask_depends_on_seed_and_step_alone():
    first, second = StepDropout(0.5, seed=3), StepDropout(0.5, seed=3)
    masks = [masked(first, step) for step in range(3)]
    assert not np.array_equal(masks[0], masks[1])
    # Another layer that begins at step 2 draws what the first one drew there.
    np.testing.assert_array_equal(masked(second, 2), masks[2])
    assert not np.array_equal(masked(StepDropout(0.5, seed=4), 2), masks[2])


def test_the_share_that_is_left_grows_so_that_the_mean_stays():
    values = masked(StepDropout(0.2), 0)
    np.testing.assert_allclose(np.unique(values), [0.0, 1.25])
    # 2,000 draws: the share of zeros is within five deviations, 5 sqrt(.2 .8 / 2000) = 0.045.
    assert np.mean(values == 0) == pytest.approx(0.2, abs=0.045)


def test_without_training_nothing_is_dropped():
    layer = StepDropout(0.5)
    np.testing.assert_array_equal(layer(ONES), ONES)
    np.testing.assert_array_equal(layer(ONES, training=False), ONES)


def test_the_step_moves_inside_a_compiled_training_and_is_no_weight():
    image = keras.Input((500,))
    model = keras.Model(image, StepDropout(0.5, seed=1)(image))
    assert model.weights == []
    step = tf.function(lambda: model(ONES, training=True))
    outputs = []
    for number in (0, 1, 0):
        model.layers[-1].step.assign(number)
        outputs.append(step().numpy())
    assert not np.array_equal(outputs[0], outputs[1])
    np.testing.assert_array_equal(outputs[0], outputs[2])


@pytest.mark.parametrize("rate", [-0.1, 1.0])
def test_an_impossible_rate_is_refused(rate):
    with pytest.raises(UserError, match=f"rate={rate}"):
        StepDropout(rate)
