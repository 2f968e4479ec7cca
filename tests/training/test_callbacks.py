import numpy as np
import pytest
import tensorflow as tf

from sbir_tf.losses import MEMS
from training.callbacks import MarginSchedule
from training.schedules import earned_margin


def test_the_linear_schedule_is_the_published_one():
    loss = MEMS(4.0)
    schedule = MarginSchedule(loss, "linear", anneal_steps=10)
    schedule.on_train_begin()
    seen = [float(loss.current_margin.numpy())]
    for step in range(12):
        schedule.on_train_batch_end(step, {"accuracy": 0.0})
        seen.append(float(loss.current_margin.numpy()))
    # m_t = 1 + 3 min(t / 10, 1)
    np.testing.assert_allclose(seen, [1 + 3 * min(t / 10, 1) for t in range(13)], rtol=1e-6)


def test_the_earned_margin_follows_the_accuracy_of_each_batch_and_yields():
    loss = MEMS(4.0)
    schedule = MarginSchedule(loss, "earned", anneal_steps=0, memory=0.5)
    schedule.on_train_begin()
    schedule.on_epoch_begin(0)
    assert loss.current_margin.numpy() == 1.0
    # Keras logs the epoch's running mean: batches of accuracy 1, 1, 0 log 1, 1, 2/3.
    # The running accuracy with memory 1/2 is 1/2, 3/4, 3/8.
    margins = []
    for mean in (1.0, 1.0, 2 / 3):
        schedule.on_train_batch_end(0, {"accuracy": mean})
        margins.append(float(loss.current_margin.numpy()))
    np.testing.assert_allclose(margins, [1 + 3 * a for a in (1 / 2, 3 / 4, 3 / 8)], rtol=1e-5)


def test_a_new_epoch_starts_a_new_mean():
    loss = MEMS(4.0)
    schedule = MarginSchedule(loss, "earned", anneal_steps=0, memory=0.0)
    for epoch, mean in enumerate((0.25, 1.0)):
        schedule.on_epoch_begin(epoch)
        schedule.on_train_batch_end(0, {"accuracy": mean})
    np.testing.assert_allclose(loss.current_margin.numpy(), 4.0)


@pytest.mark.parametrize("power", [1.0, 4.0])
@pytest.mark.parametrize("name", ["linear", "earned"])
def test_a_continued_schedule_goes_on_where_it_stood(name, power):
    def advance(schedule, steps):
        schedule.on_train_begin()
        schedule.on_epoch_begin(0)
        for _ in range(steps):
            schedule.on_train_batch_end(0, {"accuracy": 0.8})

    whole, parts = MEMS(4.0), MEMS(4.0)
    kept = tf.Variable(0.0, dtype=tf.float64)  # as in a checkpoint
    advance(MarginSchedule(whole, name, 20, power=power), 10)
    advance(MarginSchedule(parts, name, 20, power=power, accuracy=kept), 6)
    advance(MarginSchedule(parts, name, 20, first_step=6, power=power, accuracy=kept), 4)
    assert parts.current_margin.numpy() == whole.current_margin.numpy() > 1


def test_a_higher_power_waits_longer():
    # At 90% accuracy: 1 + 3 * 0.9^4 = 2.9683 instead of 3.7.
    assert earned_margin(4.0, 0.9, 4.0) == pytest.approx(2.9683)
    assert earned_margin(4.0, 0.9) == pytest.approx(3.7)
    assert earned_margin(4.0, 1.0, 4.0) == 4.0


def test_the_margin_is_logged():
    logs = {}
    MarginSchedule(MEMS(4.0), "constant", 0).on_epoch_end(0, logs)
    assert logs == {"margin": 4.0}
