from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from tests.small import small
from training.explain import budgets_of
from training.explain.board import Board
from training.explain.budget import Budget
from training.explain.embedding import NotFinite
from training.explain.validation import Validation
from training.pictures import Items
from training.position import Position


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def spend(budget, clock, seconds):
    with budget.spending():
        clock.now += seconds


def test_a_budget_counts_what_another_time_would_cost(clock):
    budget = Budget(0.1, clock)
    assert budget.affords_another()  # nothing is known of it yet
    clock.now += 88
    spend(budget, clock, 5)
    assert budget.share_with() == pytest.approx(5 / 93)
    # Of 98 seconds 10 would be its own: more than a tenth.
    assert not budget.affords_another()
    clock.now += 2
    assert budget.affords_another()  # 10 of exactly 100


@pytest.fixture
def validation(clock, monkeypatch, tmp_path):
    """Of a training of 100 steps, a second each, measured every 10 steps in 2 seconds."""
    config = small("steps=100", "steps_per_epoch=50", "validation.every=10")
    position = Position(config.steps_per_epoch)
    part = tuple(Items(("",), np.zeros((1, 4, 4, 3)), np.zeros(1, int), bit) for bit in (0, 1))
    writer = tf.summary.create_file_writer(str(tmp_path))
    callback = Validation(config, None, part, position, Budget(0.05, clock), writer)

    def measure():
        clock.now += 2
        return {"val_map": position.step / 100}

    monkeypatch.setattr(callback, "measure", measure)
    return callback


def go_on(callback, clock, steps):
    """Train some steps; gives those after which it measured."""
    measured = []
    for _ in range(steps):
        callback.position.step += 1
        clock.now += 1
        spent = callback.budget.spent
        callback.on_train_batch_end(0)
        measured += [callback.position.step] if callback.budget.spent > spent else []
    return measured


def test_validation_becomes_rarer_when_it_costs_too_much_and_says_so(validation, clock, capfd):
    # At step 20 two measurements would be 4 of 24 seconds, at 40 4 of 44, at 80 4 of 84 (4.8%).
    assert go_on(validation, clock, 99) == [10, 80]
    said = capfd.readouterr().err.splitlines()
    assert [line.rpartition(": now ")[2] for line in said] == ["every 20 steps", "every 40 steps"]
    assert "step 20: validation would take 16.7% of the time, its share is 5%" in said[0]
    assert go_on(validation, clock, 1) == [100]  # the last step always is


def test_validation_goes_on_after_an_interruption_as_it_was(validation, clock):
    go_on(validation, clock, 45)
    state = validation.state()
    assert state == {"every": 40}
    validation.every = 10
    validation.restore(state)
    assert validation.every == 40


def test_an_epoch_logs_what_its_own_last_weights_reached(validation, clock):
    validation.budget.share = 1.0
    inside, at_the_end = {}, {}
    assert go_on(validation, clock, 45) == [10, 20, 30, 40]
    validation.on_epoch_end(0, inside)  # of an epoch that ends here
    go_on(validation, clock, 5)
    validation.on_epoch_end(1, at_the_end)
    assert (inside, at_the_end) == ({}, {"val_map": 0.5})


def test_every_measurement_is_a_point_of_the_curves_at_its_own_step(validation, clock, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    validation.budget.share = 1.0
    go_on(validation, clock, 45)
    validation.writer.flush()
    found = EventAccumulator(str(tmp_path)).Reload().Tensors("validation/map")
    points = {event.step: float(tf.make_ndarray(event.tensor_proto)) for event in found}
    assert points == pytest.approx({10: 0.1, 20: 0.2, 30: 0.3, 40: 0.4})


@pytest.mark.parametrize(("settings", "share"), [((), 0.2), (("validation.patience=3",), 1.0)])
def test_when_a_training_stops_does_not_depend_on_the_machine(settings, share):
    by_map = ("best_metric=val_map", "validation.share=0.2", *settings)
    assert budgets_of(small(*by_map))["validation"].share == share


def test_the_curves_of_an_epoch_are_on_the_disk_when_it_ends(tmp_path):
    flushed = []
    writer = SimpleNamespace(flush=lambda: flushed.append(True))
    board = Board(writer, [], 40, Position(10), Budget(0.0))
    board.set_model(SimpleNamespace(stop_training=False))
    board.budget.spent = 1.0
    board.on_epoch_end(0)
    assert flushed


def test_what_is_not_finite_is_left_to_the_guards(validation, clock, monkeypatch):
    def broken():
        raise NotFinite

    monkeypatch.setattr(validation, "measure", broken)
    go_on(validation, clock, 10)
    assert validation.measured == {}


def test_the_board_is_skipped_when_it_costs_too_much_but_not_at_the_end(clock, tmp_path):
    def write(step):
        written.append(step)
        clock.now += 1

    written, position = [], Position(10)
    writer = tf.summary.create_file_writer(str(tmp_path))
    parts = [SimpleNamespace(write=write)]
    board = Board(writer, parts, 40, position, Budget(0.05, clock))
    board.set_model(SimpleNamespace(stop_training=False))
    for step in (10, 20, 30, 40):
        clock.now += 10
        position.step = step
        board.on_epoch_end(0)
    # Two seconds are 5% of 40: at step 40 of 41, had it not been the last.
    assert written == [10, 40]
