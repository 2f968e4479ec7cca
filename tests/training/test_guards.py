import math
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.small import small
from training.guards import (
    CollapseError,
    CollapseGuard,
    DivergedError,
    DivergenceGuard,
    ExplosionError,
    ExplosionGuard,
    spread,
)
from training.position import Position
from training.saving import SaveCheckpoint


def guard(classes=8, **arguments):
    centers = tf.Variable(np.random.default_rng(0).normal(size=(classes, 4)).astype(np.float32))
    return centers, CollapseGuard(centers, patience=2, **arguments)


def test_a_collapse_stops_the_training_and_names_it():
    centers, watch = guard()
    centers.assign(centers * 0.01)
    watch.on_epoch_end(3, {"loss": math.log(8)})
    with pytest.raises(CollapseError, match=r"by epoch 5: .* ln\(8\) = 2.08 .*schedule=earned"):
        watch.on_epoch_end(4, {"loss": math.log(8) * 1.01})


@pytest.mark.parametrize(
    ("scale", "loss"),
    [(1.0, math.log(8)), (0.01, 0.5 * math.log(8))],
    ids=["a start at ln(K) with wide centres", "small centres that classify"],
)
def test_what_is_no_collapse_does_not_stop(scale, loss):
    centers, watch = guard()
    centers.assign(centers * scale)
    for epoch in range(5):
        watch.on_epoch_end(epoch, {"loss": loss})


def test_the_spread_is_the_distance_from_the_mean():
    assert spread(np.array([[1.0, 0.0], [-1.0, 0.0]])) == 1.0
    assert spread(np.array([[5.0, 5.0], [5.0, 5.0]])) == 0.0


def test_a_collapse_guard_that_continues_remembers_what_it_saw():
    centers, watch = guard(steps_per_epoch=100)
    centers.assign(centers * 0.01)
    watch.on_epoch_end(3, {"loss": math.log(8)})
    later = CollapseGuard(centers, patience=2, steps_per_epoch=100)  # of centres that shrank
    later.restore(watch.state())
    with pytest.raises(CollapseError, match=r"by epoch 5 \(step 500\)"):
        later.on_epoch_end(4, {"loss": math.log(8)})


@pytest.fixture
def position():
    position = Position(steps_per_epoch=100)
    position.step = 110
    return position


def test_exploding_centres_stop_the_training_and_name_the_step(position):
    centers = tf.Variable([[3.0, 4.0], [0.0, 1.0]])  # the longest has norm 5
    watch = ExplosionGuard(centers, position)
    centers.assign([[3.0, 4.0], [0.0, 499.0]])
    watch.on_train_batch_end(9, {})
    centers.assign([[3.0, 4.0], [0.0, 510.0]])
    position.step = 119
    watch.on_train_batch_end(18, {})  # it looks after every tenth step
    position.step = 120
    with pytest.raises(ExplosionError, match=r"after step 120 .* norm 510, 102 times the 5 of"):
        watch.on_train_batch_end(19, {})


def test_exploded_centres_are_noticed_before_they_are_saved(position):
    centers = tf.Variable([[1.0, 0.0]])
    watch = ExplosionGuard(centers, position)
    centers.assign([[101.0, 0.0]])
    position.step = 113
    watch.on_train_batch_end(12, {})
    with pytest.raises(ExplosionError, match="after step 113"):
        watch.check_weights()


def test_what_a_guard_refuses_is_not_saved(position):
    def refuse():
        raise ExplosionError("The class centres exploded")

    guards = [SimpleNamespace(check_weights=refuse)]
    save = SaveCheckpoint(small(), None, None, position, None, guards)
    with pytest.raises(ExplosionError):
        save.save()


def test_an_explosion_guard_that_continues_measures_from_the_first_start(position):
    first = ExplosionGuard(tf.Variable([[1.0, 0.0]]), position)
    later = ExplosionGuard(tf.Variable([[150.0, 0.0]]), position)
    later.restore(first.state())
    with pytest.raises(ExplosionError):
        later.on_train_batch_end(9, {})


def model_of(kernel):
    model = keras.Sequential([keras.layers.Dense(1, use_bias=False, name="narrow")])
    model.build((None, 1))
    model.set_weights([np.array([[kernel]], np.float32)])
    return model


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_stops_at_its_step(position, loss):
    watch = DivergenceGuard(position)
    watch.set_model(model_of(1.0))
    position.step = 113
    watch.on_train_batch_end(12, {"loss": 2.0})
    with pytest.raises(DivergedError, match=rf"in epoch 2: after step 113 the loss is {loss}"):
        watch.on_train_batch_end(12, {"loss": loss})


def test_a_weight_that_is_not_finite_is_named_though_the_loss_is_fine(position):
    watch = DivergenceGuard(position)
    watch.set_model(model_of(math.nan))
    with pytest.raises(
        DivergedError, match=r"after step 110 the weight narrow/kernel.* is not fin"
    ):
        watch.on_train_batch_end(9, {"loss": 2.0})
