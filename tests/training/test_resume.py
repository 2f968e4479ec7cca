"""A training that ends early continues to what it would have become, bit for bit."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from sbir_tf.errors import UserError
from training import explain
from training import train as train_module
from training.checkpoints import Checkpoints
from training.codes.material import CENTERS
from training.evaluate import trained_encoder
from training.explain.log import EpochLog, read_log
from training.explain.stopping import StopEarly
from training.preemption import Preempted
from training.run import open_complete, open_run
from training.saving import SaveCheckpoint
from training.state import VARIABLES, TrainingState
from training.train import train

pytestmark = pytest.mark.slow
HERE = Path(__file__).parent
# Kept after steps 2, 3, 4 and 6: inside an epoch, and at its end.
STEPS = ("steps=6", "steps_per_epoch=3", "checkpoint_every=2")


@pytest.fixture(autouse=True, scope="module")
def explained_by_its_log():
    """What explains a training computes nothing that it depends on."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            explain,
            "callbacks_of",
            lambda config, run, model, encoder, pictures, position, *_: [
                EpochLog(run.log, position)
            ],
        )
        yield


@pytest.fixture(scope="module")
def whole(small_config, tmp_path_factory):
    return train(small_config(*STEPS), tmp_path_factory.mktemp("runs") / "whole")


@contextmanager
def at_step(step, act):
    """Acts after the gradient step of this number, before the other callbacks see it."""

    class Acting(train_module.Position):
        def on_train_batch_end(self, batch, logs=None):
            super().on_train_batch_end(batch, logs)
            if self.step == step:
                act()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train_module, "Position", Acting)
        yield


def interrupt():
    raise KeyboardInterrupt


def assert_same(received, expected):
    """Weights, centres, margin, and what was logged of every epoch."""
    pairs = zip(
        trained_encoder(received).get_weights(),
        trained_encoder(expected).get_weights(),
        strict=True,
    )
    assert all(np.array_equal(*pair) for pair in pairs)
    np.testing.assert_array_equal(np.load(received.centers), np.load(expected.centers))
    assert received.facts()["margin"] == expected.facts()["margin"]
    assert logged(received) == logged(expected)


def logged(run):
    times = {"time", "seconds"}
    return [{k: v for k, v in row.items() if k not in times} for row in read_log(run.log)]


@pytest.mark.parametrize("step", [3, 5])
def test_an_interrupted_training_continues_inside_its_epoch(whole, small_config, tmp_path, step):
    with at_step(step, interrupt), pytest.raises(KeyboardInterrupt):
        train(small_config(*STEPS), tmp_path / "run")
    with pytest.raises(UserError, match="not trained to its end: continue it with"):
        open_complete(tmp_path / "run")
    assert_same(train(small_config(*STEPS), tmp_path / "run"), whole)


@pytest.mark.parametrize("step", [1, 4])
def test_sigterm_saves_after_its_step_and_says_how_to_go_on(
    whole, small_config, tmp_path, monkeypatch, step
):
    monkeypatch.setattr(sys, "argv", ["/bin/sbir", "train", "icons_tiny", "--to", "a run"])
    with (
        at_step(step, lambda: os.kill(os.getpid(), signal.SIGTERM)),
        pytest.raises(Preempted) as ended,
    ):
        train(small_config(*STEPS), tmp_path / "run")
    assert str(ended.value) == (
        f"ended by SIGTERM after step {step}, saved after step {step}; "
        "resume with: sbir train icons_tiny --to 'a run'"
    )
    assert Checkpoints(tmp_path / "run" / "checkpoints").steps()[-1] == step
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert_same(train(small_config(*STEPS), tmp_path / "run"), whole)


def test_sigterm_after_the_last_step_ends_with_the_run(small_config, tmp_path):
    with at_step(6, lambda: os.kill(os.getpid(), signal.SIGTERM)):
        assert train(small_config(*STEPS), tmp_path / "run").complete


def test_the_command_exits_with_0_after_sigterm(sbir, few_icons, tmp_path):
    from tests.small import OVERRIDES

    settings = [part for key in (*OVERRIDES, *STEPS) for part in ("--set", key)]
    command = ["train", "icons_tiny", *settings, "--to", tmp_path / "run"]
    with at_step(3, lambda: os.kill(os.getpid(), signal.SIGTERM)):  # at an epoch's end
        said = sbir(*command)
    assert said.code == 0, said.err
    assert "saved after step 3" in said.out
    assert f"resume with: sbir train icons_tiny --set steps=6 --set {OVERRIDES[1]}" in said.out
    assert f"--to {tmp_path / 'run'}" in said.out


def test_a_truncated_checkpoint_is_named_and_the_one_before_used(
    whole, small_config, tmp_path, capfd
):
    with at_step(5, interrupt), pytest.raises(KeyboardInterrupt):
        train(small_config(*STEPS), tmp_path / "run")
    checkpoints = Checkpoints(tmp_path / "run" / "checkpoints")
    assert checkpoints.steps() == [3, 4]
    (data,) = checkpoints.path(4).glob("variables.data*")
    data.write_bytes(data.read_bytes()[:-1])
    continued = train(small_config(*STEPS), tmp_path / "run")
    warning = capfd.readouterr().err
    assert "step-000004 is damaged (variables.data" in warning
    assert "continuing from step-000003" in warning
    assert_same(continued, whole)


@contextmanager
def no_file_larger_than(size):
    """The kernel refuses to write more into a file: as a full disk does, at any call."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_ends_with_one_message_and_keeps_the_last_checkpoint(
    whole, small_config, tmp_path, monkeypatch
):
    checkpoints = Checkpoints(tmp_path / "run" / "checkpoints")
    data = max(f.stat().st_size for f in whole.checkpoints.rglob("variables.data*"))
    write, save = TrainingState.write, SaveCheckpoint.save

    def refused(saving, size):
        def limited(state, folder):
            with no_file_larger_than(size):
                write(state, folder)

        with monkeypatch.context() as patch:
            patch.setattr(TrainingState, "write", limited)
            with pytest.raises(UserError) as refusal:
                save(saving)
        assert checkpoints.steps() == [2, 3]
        assert not list(checkpoints.folder.glob(".aside*"))
        return str(refusal.value)

    said = []

    def trying(saving, score=None):
        if saving.position.step == 4:
            # No byte, the index, the middle and all but the last byte of the weights.
            said.extend(refused(saving, size) for size in (0, 40, 4096, data // 2, data - 1))
        save(saving, score)

    monkeypatch.setattr(SaveCheckpoint, "save", trying)
    # The attempts that failed left nothing behind that the training would notice.
    assert_same(train(small_config(*STEPS), tmp_path / "run"), whole)
    assert len(said) == 5
    for line in said:
        assert "The checkpoint of step 4 could not be written" in line
        assert "that of step 3 is kept. Free some space and run the same command again" in line
        assert "\n" not in line


def test_weights_that_cannot_be_written_leave_a_run_that_ends_at_once_later(
    whole, small_config, tmp_path, monkeypatch
):
    def full(self, path, *_, **__):
        Path(path).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(keras.Model, "save_weights", full)
        with pytest.raises(OSError, match="No space left"):
            train(small_config(*STEPS), tmp_path / "run")
    assert not open_run(tmp_path / "run").complete
    assert_same(train(small_config(*STEPS), tmp_path / "run"), whole)


def test_a_run_from_before_such_checkpoints_continues(whole, small_config, tmp_path, monkeypatch):
    """Until then an epoch's checkpoint was one file of TensorFlow's, and counted epochs."""

    def save_as_before(self, step, write, score=None):
        state = write.__self__
        state.epoch.assign(step // 3)
        manager = tf.train.CheckpointManager(state.earlier, str(self.folder), max_to_keep=2)
        manager.save()

    config = small_config("steps=6", "steps_per_epoch=3")
    with monkeypatch.context() as patch:
        patch.setattr(Checkpoints, "save", save_as_before)
        with at_step(5, interrupt), pytest.raises(KeyboardInterrupt):
            train(config, tmp_path / "run")
    assert (tmp_path / "run" / "checkpoints" / "checkpoint").exists()
    assert_same(train(config, tmp_path / "run"), whole)


def test_what_is_kept_may_change_while_a_training_goes_on(small_config, tmp_path):
    with at_step(5, interrupt), pytest.raises(KeyboardInterrupt):
        train(small_config(*STEPS), tmp_path / "run")
    config = small_config("steps=6", "steps_per_epoch=3", "keep=1")
    run = train(config, tmp_path / "run")
    assert open_run(run.folder).config == config
    assert Checkpoints(run.checkpoints).steps() == [6]


def test_the_seconds_of_all_sessions_count(small_config, tmp_path):
    with at_step(5, interrupt), pytest.raises(KeyboardInterrupt):
        train(small_config(*STEPS), tmp_path / "run")
    checkpoints = Checkpoints(tmp_path / "run" / "checkpoints")
    path = checkpoints.path(4) / "state.json"
    state = json.loads(path.read_text())
    assert state["position"]["seconds"] > 0
    state["position"]["seconds"] = 1000.0
    checkpoints.save(4, lambda folder: copy_but(checkpoints.path(4), folder, state))
    run = train(small_config(*STEPS), tmp_path / "run")
    assert 1000 < run.facts()["training_seconds"] < 2000


def copy_but(source, folder, state):
    for file in source.glob("variables*"):
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "state.json").write_text(json.dumps(state))


def test_the_best_by_a_metric_is_kept_and_a_wrong_name_is_refused(small_config, tmp_path):
    run = train(small_config("best_metric=loss", "keep=1"), tmp_path / "run")
    losses = [float(row["loss"]) for row in read_log(run.log)]
    checkpoints = Checkpoints(run.checkpoints, metric="loss")
    assert checkpoints.best() == 2 * (1 + losses.index(min(losses)))
    assert checkpoints.score(checkpoints.best()) == -min(losses)
    with (
        at_step(1, interrupt),  # before the first step
        pytest.raises(UserError, match=r"best_metric=los is not in the log. Did you mean 'loss'"),
    ):
        train(small_config("best_metric=los"), tmp_path / "other")


class Judge(keras.callbacks.Callback):
    """Calls the second epoch the best."""

    LOGS = ("val_map",)
    VALUES = (0.1, 0.5, 0.3, 0.2, 0.9, 0.9)

    def on_epoch_end(self, epoch, logs=None):
        logs["val_map"] = self.VALUES[epoch]


@pytest.fixture
def judged(small_config, monkeypatch):
    """A training whose best epoch is the second, and whose fourth is its last."""
    patience = 2
    monkeypatch.setattr(
        explain,
        "callbacks_of",
        lambda config, run, model, encoder, pictures, position, *_: [
            Judge(),
            StopEarly(patience),
            EpochLog(run.log, position),
        ],
    )
    by_map = ("best_metric=val_map", f"validation.patience={patience}", "data.train_on=train")
    return small_config("steps=12", "steps_per_epoch=2", "checkpoint_every=1", *by_map)


def centers_of(checkpoint):
    reader = tf.train.load_checkpoint(str(checkpoint / VARIABLES))
    (name,) = (n for n in reader.get_variable_to_shape_map() if n.endswith(CENTERS))
    return reader.get_tensor(name)


def test_the_best_weights_are_kept_however_often_it_was_interrupted(judged, tmp_path):
    whole = train(judged, tmp_path / "whole")
    checkpoints = Checkpoints(whole.checkpoints, metric="val_map")
    assert (checkpoints.best(), checkpoints.steps()) == (4, [4, 7, 8])
    assert whole.facts()["trained_steps"] == 4
    np.testing.assert_array_equal(np.load(whole.centers), centers_of(checkpoints.path(4)))
    assert not np.array_equal(np.load(whole.centers), centers_of(checkpoints.path(8)))
    for step in (4, 7, 8):  # 4 and 8 before their epochs' ends
        with at_step(step, interrupt), pytest.raises(KeyboardInterrupt):
            train(judged, tmp_path / "parts")
    assert_same(train(judged, tmp_path / "parts"), whole)


def test_a_damaged_best_checkpoint_is_named_not_passed_over(judged, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space left"):
        patch.setattr(keras.Model, "save_weights", full)
        train(judged, tmp_path / "run")
    best = Checkpoints(tmp_path / "run" / "checkpoints").path(4)
    (data,) = best.glob("variables.data*")
    data.write_bytes(data.read_bytes()[:-1])
    with pytest.raises(UserError, match=r"step-000004 is damaged .*may be the best.*remove it"):
        train(judged, tmp_path / "run")
    shutil.rmtree(best)
    assert train(judged, tmp_path / "run").facts()["trained_steps"] == 8


def test_what_was_left_aside_and_a_failure_of_before_are_gone(small_config, tmp_path):
    folder = tmp_path / "run"
    with at_step(5, interrupt), pytest.raises(KeyboardInterrupt):
        train(small_config(*STEPS), folder)
    (folder / "tensorboard").mkdir(exist_ok=True)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = [
        folder / f".aside.{ended.pid}.log.csv",
        folder / "tensorboard" / f".aside.{ended.pid}.embeddings.tsv",
    ]
    for path in left:
        path.write_text("half")
    open_run(folder).note(failure="The training collapsed")
    assert "failure" not in train(small_config(*STEPS), folder).facts()
    assert not any(path.exists() for path in left)


def test_two_processes_do_not_train_in_one_folder(small_config, tmp_path):
    from training.locking import only_process_in

    (tmp_path / "run").mkdir()
    with (
        only_process_in(tmp_path / "run"),
        pytest.raises(UserError, match=r"Another process is training in .*run"),
    ):
        train(small_config(*STEPS), tmp_path / "run")


def test_killed_at_ten_moments_it_ends_as_if_it_had_not_been(tmp_path):
    script = [sys.executable, str(HERE / "kill_while_training.py"), str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        script, cwd=HERE.parents[1], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr[-2000:]
    result = json.loads(done.stdout.splitlines()[-1])
    signals, moments = zip(*result["deaths"], strict=True)
    assert signals == (signal.SIGKILL,) * 10 + (signal.SIGXFSZ,)
    assert any("step" in moment and "checkpoints" not in moment for moment in moments)
    assert sum("checkpoints/.aside" in moment for moment in moments) >= 2, moments
    assert result["compared"] > 100
    assert result["missing"] == result["different"] == []
    assert result["log"] and result["rows"] == 4
    assert result["best"] == result["trained_steps"] == 10  # of its second epoch
    assert result["left"] == []
