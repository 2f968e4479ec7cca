import re
from types import SimpleNamespace

import pytest
import tensorflow as tf

from sbir_tf.losses import MEMS
from training.progress import Pace, ProgressLine, clock, learning_rate_of, story
from training.schedules import WarmupThenDecay

LINE = re.compile(
    r"\d\d:\d\d:\d\d mine: step 3/4  loss 1\.250  accuracy 0\.50  margin 4\.00  rate 0\.01  "
    r"16 examples/s  ETA 0:01"
)


class Clock:
    """Half a second a step, unless told otherwise."""

    def __init__(self, seconds=0.5):
        self.now, self.seconds = 0.0, seconds

    def __call__(self):
        self.now += self.seconds
        return self.now


def line_after(steps, clock, total=4, loss=None):
    """A progress line that saw some steps of 8 examples."""
    line = ProgressLine(total, 0, "mine", 8, clock)
    loss = MEMS(4.0) if loss is None else loss
    line.set_model(
        SimpleNamespace(loss=loss, optimizer=tf.keras.optimizers.Adam(learning_rate=0.01))
    )
    with line:
        for step in range(steps):
            line.on_train_batch_end(step, {"loss": 1.25, "accuracy": 0.5})


def test_a_log_file_gets_a_plain_line_now_and_then(capfd):
    line_after(3, Clock(seconds=5.0), total=40)  # the first, and the one ten seconds later
    said = capfd.readouterr().err
    assert [part.partition("  ")[0][9:] for part in said.splitlines()] == [
        "mine: step 1/40",
        "mine: step 3/40",
    ]
    assert said.isprintable() or all(letter.isprintable() or letter == "\n" for letter in said)


def test_a_line_has_the_time_the_step_and_all_numbers(capfd, monkeypatch):
    monkeypatch.setattr("training.progress.LOG_SECONDS", 0.0)
    line_after(3, Clock())
    assert LINE.fullmatch(capfd.readouterr().err.splitlines()[-1])


def test_the_last_step_is_always_told(capfd):
    line_after(4, Clock(seconds=0.01))
    assert "step 4/4" in capfd.readouterr().err.splitlines()[-1]


def test_a_loss_without_a_margin_or_an_accuracy_tells_the_rest(capfd):
    line_after(1, Clock(), loss="mse")
    assert "margin" not in capfd.readouterr().err
    assert story({"loss": 2.0}, Pace(8), 3) == "loss 2.000"


def test_a_terminal_gets_a_live_line_with_the_same_numbers(capfd, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "160")
    line_after(4, Clock())
    said = capfd.readouterr().err
    assert "\x1b[" in said
    for part in ("loss 1.250", "accuracy 0.50", "margin 4.00", "rate 0.01", "16 examples/s", "ETA"):
        assert part in said


def test_the_pace_leaves_out_what_came_before_the_first_step():
    pace = Pace(batch_size=10)
    pace.saw(1, 100.0)
    assert pace.examples_a_second is None
    for step in (2, 3):
        pace.saw(step, 100.0 + 2 * (step - 1))
    assert pace.seconds_a_step == 2.0
    assert pace.examples_a_second == 5.0


@pytest.mark.parametrize(("steps", "told"), [(0, "0:00"), (31, "1:02"), (2000, "1:06:40")])
def test_what_is_left_is_told_as_on_a_clock(steps, told):
    pace = Pace(1)
    pace.saw(0, 0.0)
    pace.saw(1, 2.0)
    assert clock(steps, pace) == told


def test_the_learning_rate_is_read_of_a_number_and_of_a_schedule():
    assert learning_rate_of(tf.keras.optimizers.Adam(0.5)) == 0.5
    scheduled = tf.keras.optimizers.Adam(WarmupThenDecay(1.0, steps=10, warmup=0.5))
    # The first of five steps of warm-up.
    assert learning_rate_of(scheduled) == pytest.approx(0.2)
    assert learning_rate_of(object()) is None
