"""The step, the epoch's running means and the dropout of a training that starts in an epoch."""

import keras
import pytest
import tensorflow as tf

from sbir_tf.layers import StepDropout
from training.position import Position

STEPS_PER_EPOCH = 4


def model():
    """A network that stays as it is: the steps differ by their batches and masks alone."""
    keras.utils.set_random_seed(0)
    image = keras.Input((3,))
    dropped = StepDropout(0.5, seed=1)(keras.layers.Dense(16)(image))
    network = keras.Model(image, keras.layers.Dense(1)(dropped))
    network.compile(keras.optimizers.SGD(0.0), "mse", metrics=["mae"])
    return network


def batches(first_step):
    def batch(step):
        x = tf.random.stateless_uniform((8, 3), [0, step])
        return x, tf.reduce_sum(x, axis=1)

    return tf.data.Dataset.range(first_step, 1000).map(batch)


class Logs(keras.callbacks.Callback):
    """What callbacks are told, and what a checkpoint after each step would keep."""

    def __init__(self, position):
        super().__init__()
        self.position = position
        self.steps, self.epochs, self.states = [], [], {}

    def on_train_batch_end(self, batch, logs=None):
        self.steps.append(dict(logs))
        self.states[self.position.step] = self.position.state()

    def on_epoch_end(self, epoch, logs=None):
        self.epochs.append((epoch, dict(logs)))


def fit(network, position):
    logs = Logs(position)
    network.fit(
        batches(position.step),
        epochs=3,
        initial_epoch=position.epoch,
        steps_per_epoch=STEPS_PER_EPOCH,
        callbacks=[position, logs],
        verbose=0,
    )
    return logs


@pytest.fixture(scope="module")
def whole():
    return fit(model(), Position(STEPS_PER_EPOCH))


def test_steps_and_epochs_are_counted():
    position = Position(STEPS_PER_EPOCH)
    fit(model(), position)
    assert (position.step, position.epoch, position.inside_epoch) == (12, 3, False)
    assert position.seconds > 0
    assert position.state()["metrics"] is None  # an epoch's end carries nothing over


@pytest.mark.parametrize("step", [1, 3, 4, 6])
def test_a_training_continues_inside_an_epoch_with_the_epochs_own_means(whole, step):
    position = Position(STEPS_PER_EPOCH)
    position.restore(whole.states[step])
    continued = fit(model(), position)
    assert continued.steps == whole.steps[step:]
    assert continued.epochs == whole.epochs[step // STEPS_PER_EPOCH :]
    assert position.step == 12


def test_another_callbacks_stop_is_left_alone():
    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = True

    position = Position(STEPS_PER_EPOCH)
    position.restore({"step": 2, "metrics": [0.0] * 4, "seconds": 0.0})
    model().fit(batches(2), epochs=3, steps_per_epoch=4, callbacks=[position, Stop()], verbose=0)
    assert position.step == 4
