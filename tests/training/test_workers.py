"""Real workers, each a process, that meet on this machine."""

import csv
import json
import os
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

import h5py
import numpy as np
import pytest
import tensorflow as tf

from sbir_tf.errors import UserError
from tests.small import small
from training import workers
from training.workers import CONTINUED, WorkerLost, any_worker, copy, ending_together

ROOT = Path(__file__).parents[2]
# Longer than any of this takes; a hang would last for ever.
BOUND = 300


def test_one_worker_asks_no_other():
    assert any_worker(tf.distribute.get_strategy(), True) is True
    assert any_worker(tf.distribute.get_strategy(), False) is False


def test_a_lost_worker_is_an_error_of_one_line_that_says_how_to_go_on():
    with pytest.raises(WorkerLost) as error, ending_together():
        raise tf.errors.UnavailableError(None, None, "Socket closed\nAdditional information\n")
    assert isinstance(error.value, UserError)
    assert "Another worker is gone, so this one ends (UnavailableError)" in str(error.value)
    assert "same command" in str(error.value)
    with pytest.raises(tf.errors.InvalidArgumentError), ending_together():
        raise tf.errors.InvalidArgumentError(None, None, "of something else")


def test_a_worker_begins_with_what_the_run_continues_from(tmp_path):
    run = tmp_path / "run"
    (run / "checkpoints" / "step-000002").mkdir(parents=True)
    for name in ("config.json", "log.csv", "checkpoints/step-000002/state.json"):
        (run / name).write_text(name)
    copied = copy(run, tmp_path / "own")
    assert {path.name for path in copied.iterdir()} == {"config.json", "checkpoints"}
    assert (copied / "checkpoints/step-000002/state.json").exists()
    assert set(CONTINUED) > {"config.json", "checkpoints"}


def two_workers(stack, folder, *overrides, of_each=((), ()), places=(ROOT, ROOT)):
    """Start both workers of a cluster on ports that are free now.

    Each may have overrides, and a place that it runs in.
    """
    with socket.socket() as one, socket.socket() as two:
        for free in (one, two):
            free.bind(("localhost", 0))
        addresses = [f"localhost:{free.getsockname()[1]}" for free in (one, two)]
    call = [sys.executable, "-W", "ignore", "-m", "tests.one_run", str(folder), *overrides]
    started = []
    for number in (0, 1):
        task = {"type": "worker", "index": number}
        cluster = {"TF_CONFIG": json.dumps({"cluster": {"worker": addresses}, "task": task})}
        hidden = {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(ROOT)}
        if folder.is_absolute():
            hidden["TMPDIR"] = str(folder.parent)
        process = subprocess.Popen(
            [*call, *of_each[number]],
            cwd=places[number],
            env=os.environ | cluster | hidden,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        stack.enter_context(process)  # closes its pipes
        stack.callback(process.kill)
        started.append(process)
    return started


def until_first_step(process):
    """Returns when the progress line tells of it."""
    too_long = threading.Timer(BOUND, process.kill)  # which ends its lines
    too_long.start()
    told = any("step 1/" in line for line in process.stderr)
    too_long.cancel()
    assert told


def ended(process):
    out, err = process.communicate(timeout=BOUND)
    return process.returncode, out, err


def weights_of(run):
    found = {}
    with h5py.File(run / "encoder.weights.h5") as file:
        file.visititems(
            lambda name, it: found.update({name: it[()]} if hasattr(it, "shape") else {})
        )
    centers = run / "centers.npy"
    return found | ({"centers": np.load(centers)} if centers.exists() else {})


@pytest.mark.slow
def test_two_workers_train_as_one_does_and_one_of_them_writes(tmp_path):
    overrides = ("steps=4", "network.sync_batch_norm=true", "optimizer.learning_rate=1e-4")
    overrides += ("data.train_on=train", "network.widths=8", "network.depths=1")
    with ExitStack() as stack:
        for process in two_workers(stack, tmp_path / "two", *overrides):
            assert ended(process)[0] == 0
        call = [sys.executable, "-W", "ignore", "-m", "tests.one_run", str(tmp_path / "one")]
        subprocess.run([*call, *overrides], check=True, cwd=ROOT)
    one, two = (weights_of(tmp_path / name) for name in ("one", "two"))
    assert set(one) == set(two)
    for name, weight in one.items():
        np.testing.assert_allclose(two[name], weight, rtol=0, atol=1e-5, err_msg=name)
    assert json.loads((tmp_path / "two" / "run.json").read_text())["replicas"] == 2
    rows = []
    for name in ("one", "two"):
        with (tmp_path / name / "log.csv").open() as log:
            rows.append(list(csv.DictReader(log)))
    assert len(rows[0]) == len(rows[1]) == 2
    for alone, together in zip(*rows, strict=True):
        for value in ("loss", "accuracy", "margin", "val_map"):
            assert float(together[value]) == pytest.approx(float(alone[value]), abs=1e-4)
    # No other worker left a folder, nor wrote into the chief's.
    assert {path.name for path in tmp_path.iterdir()} == {"cache", "one", "two"}
    ours = {path.relative_to(tmp_path / "one").parts[0] for path in (tmp_path / "one").iterdir()}
    assert {path.name for path in (tmp_path / "two").iterdir()} == ours


@pytest.mark.slow
def test_workers_of_different_configurations_are_refused_and_write_nothing(tmp_path):
    with ExitStack() as stack:
        seeds = (("seed=0",), ("seed=1",))
        for process in two_workers(stack, tmp_path / "run", of_each=seeds):
            code, out, _ = ended(process)
            assert code == 2
            # The one that hears it first may be gone before the other has heard it.
            assert "train different configurations" in out or "Another worker is gone" in out
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_workers_that_do_not_share_the_disk_are_refused_and_write_nothing(tmp_path):
    places = [tmp_path / name for name in ("one", "two")]
    for place in places:
        place.mkdir()
    with ExitStack() as stack:
        for process in two_workers(stack, Path("run"), places=places):
            code, out, err = ended(process)
            assert code == 2, err
            assert "must be on a disk that all workers share" in out or "worker is gone" in out
    assert not any(list(place.iterdir()) for place in places)


@pytest.mark.parametrize(
    ("config", "digest", "said"),
    [
        (("seed=1",), "a", "train different configurations"),
        ((), "b", "see different data"),
    ],
)
def test_workers_agree_on_what_they_train_and_on_what(monkeypatch, tmp_path, config, digest, said):
    """This process asks as one worker and then as the other."""
    marks = []
    monkeypatch.setattr(workers, "of_all_workers", lambda _, mark: marks.append(mark) or [mark])
    workers.check_agreement(None, small(), tmp_path, "a")
    first = iter(marks[:])
    monkeypatch.setattr(workers, "of_all_workers", lambda _, mark: [next(first), mark])
    with pytest.raises(UserError, match=said):
        workers.check_agreement(None, small(*config), tmp_path, digest)


def test_a_worker_that_is_not_the_chief_may_be_told_to_write_here(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name, other in {
        "workers_of": lambda _: 2,
        "is_chief": lambda _: False,
        "check_agreement": lambda *_: None,
        "check_shared": lambda *_: None,
        "wait_for_all": lambda _: None,
    }.items():
        monkeypatch.setattr(workers, name, other)
    with workers.together(None, small(), Path(), "digest") as own:
        assert own.name == tmp_path.name
        assert own.resolve() != tmp_path


AGAIN = ("steps=40", "steps_per_epoch=20", "data.train_on=train", "network.widths=8")
AGAIN += ("network.depths=1", "optimizer.accumulate=2", "optimizer.ema_momentum=0.9")
AGAIN += ("loss.name=triplet_hard", "data.classes_per_batch=2")


@pytest.mark.slow
def test_two_workers_of_which_one_is_asked_to_end_save_and_continue_to_the_same(tmp_path):
    """With averages and steps of two batches, on a loss over pairs of all workers' items.

    The signal comes at batch 3; they ask each other at batch 10.
    """
    with ExitStack() as stack:
        for process in two_workers(stack, tmp_path / "whole", *AGAIN):
            assert ended(process)[0] == 0
        asked = two_workers(stack, tmp_path / "run", *AGAIN, of_each=((), ("--sigterm=3",)))
        for process in asked:
            code, out, err = ended(process)
            assert (code, out) == (0, ""), err
            assert "ended by SIGTERM after step 10, saved after step 10" in err
        assert not (tmp_path / "run" / "encoder.weights.h5").exists()
        for process in two_workers(stack, tmp_path / "run", *AGAIN):
            assert ended(process)[0] == 0
    whole, again = (weights_of(tmp_path / name) for name in ("whole", "run"))
    assert whole.keys() == again.keys()
    for name, weight in whole.items():
        # A checkpoint has the means of what the workers' own norms see: rounded once more.
        np.testing.assert_allclose(again[name], weight, rtol=0, atol=1e-6, err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("killed", [0, 1], ids=["the chief", "another"])
def test_when_one_of_two_workers_is_killed_the_other_ends_with_a_clear_error(tmp_path, killed):
    endless = ("steps=1000000", "steps_per_epoch=1000000")
    with ExitStack() as stack:
        workers = two_workers(stack, tmp_path / "run", *endless)
        until_first_step(workers[killed])
        workers[killed].kill()
        code, out, _ = ended(workers[1 - killed])
    assert code == 2
    (line,) = out.splitlines()
    assert line.startswith("Another worker is gone, so this one ends (")
    assert line.endswith("same command: they continue from the last checkpoint")
    assert not (tmp_path / "run" / "encoder.weights.h5").exists()
