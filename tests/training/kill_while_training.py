"""Trains a tiny configuration that is killed (SIGKILL) again and again; prints what came of it.

Usage: kill_while_training.py FOLDER [key=value ...]

TensorFlow is imported once, and every session is a fork from before TensorFlow computed
anything: such a fork is a process like any other, without the seconds of the import.
"""

import json
import os
import resource
import signal
import sys
import warnings
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
warnings.filterwarnings("ignore")
sys.path.insert(0, str(Path.cwd()))

import h5py  # noqa: E402
import keras  # noqa: E402
import numpy as np  # noqa: E402
import pytest  # noqa: E402

from tests.small import small, use_few_icons  # noqa: E402
from training import explain, state  # noqa: E402
from training.checkpoints import Checkpoints  # noqa: E402
from training.explain.log import EpochLog  # noqa: E402
from training.explain.stopping import StopEarly  # noqa: E402
from training.train import train  # noqa: E402

STEPS = (
    *("steps=20", "steps_per_epoch=5", "checkpoint_every=2", "network.widths=4,8"),
    *("best_metric=val_map", "validation.patience=2", "data.train_on=train"),
)
KILLS = 10
# Of a session's moments: some 20 until its first step, some 20 in the writing of a checkpoint. A
# training that is not killed has more than 300.
MOMENTS = (12, 60)
EVENTS = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree"}


class Killer:
    """Ends the process at its moment number `last`: before a step, after one, or before a call
    to the file system that concerns the run."""

    def __init__(self, folder: Path, last: int, report: int):
        self.folder, self.last, self.report = str(folder), last, report
        self.moments = 0
        sys.addaudithook(self.audit)

    def audit(self, event, arguments):
        if event in EVENTS and str(arguments[0]).startswith(self.folder):
            self.moment(f"{event} {os.path.relpath(str(arguments[0]), self.folder)}")

    def moment(self, name: str) -> None:
        if self.moments == self.last:
            os.write(self.report, name.encode())
            os.kill(os.getpid(), signal.SIGKILL)
        self.moments += 1


class Steps(keras.callbacks.Callback):
    def __init__(self, killer: Killer):
        super().__init__()
        self.killer = killer

    def on_train_batch_begin(self, batch, logs=None):
        self.killer.moment("before a step")

    def on_train_batch_end(self, batch, logs=None):
        self.killer.moment("after a step")


class Judge(keras.callbacks.Callback):
    """Calls the second of the four epochs the best."""

    LOGS = ("val_map",)

    def on_epoch_end(self, epoch, logs=None):
        logs["val_map"] = (0.1, 0.5, 0.3, 0.2)[epoch]


def die_of_too_much_writing(folder: Path, report: int) -> None:
    """The kernel kills the process within TensorFlow's own writing of a checkpoint."""
    write = state.TrainingState.write

    def limited(self, place):
        os.write(report, b"inside a write")
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (9000, resource.RLIM_INFINITY))
        write(self, place)

    state.TrainingState.write = limited


def session(folder: Path, overrides, last: int | None) -> tuple[int, str]:
    """One process: the signal that ended it, and at which moment. `last` -1: inside a write."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        killer = Killer(folder, sys.maxsize if last in (None, -1) else last, writer)
        if last == -1:
            die_of_too_much_writing(folder, writer)
        # What explains a training computes nothing that it depends on.
        explain.callbacks_of = lambda config, run, model, encoder, pictures, position, *_: [
            Judge(),
            StopEarly(config.validation.patience),
            EpochLog(run.log, position),
            Steps(killer),
        ]
        train(small(*STEPS, *overrides), folder)
        os._exit(0)
    os.close(writer)
    moment = os.read(reader, 500).decode()
    os.close(reader)
    status = os.waitpid(child, 0)[1]
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise RuntimeError(f"a session failed: {os.WEXITSTATUS(status)}")
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0, moment


def arrays(folder: Path) -> dict[str, np.ndarray]:
    """All that the training computed: weights, centres, optimizer, margin, running accuracy."""
    import tensorflow as tf

    found = {}
    with h5py.File(folder / "encoder.weights.h5") as file:
        file.visititems(
            lambda name, item: found.update({name: item[()]} if hasattr(item, "dtype") else {})
        )
    newest = max((folder / "checkpoints").glob("step-*"))
    reader = tf.train.load_checkpoint(str(newest / state.VARIABLES))
    for name in reader.get_variable_to_shape_map():
        if "OBJECT_GRAPH" not in name:
            found[name] = np.asarray(reader.get_tensor(name))
    return found


def log(folder: Path) -> list[list[str]]:
    """The rows of log.csv, but for what tells the time."""
    from training.explain.log import read_log

    rows = read_log(folder / "log.csv")
    return [
        [value for name, value in row.items() if name not in ("time", "seconds")] for row in rows
    ]


def main(base: Path, overrides) -> dict:
    use_few_icons(pytest.MonkeyPatch(), base / "cache")
    whole, killed = base / "whole", base / "killed"
    session(whole, overrides, None)
    rng = np.random.default_rng(0)
    deaths = [session(killed, overrides, int(rng.integers(*MOMENTS))) for _ in range(KILLS)]
    deaths.append(session(killed, overrides, -1))
    session(killed, overrides, None)
    expected, received = arrays(whole), arrays(killed)
    return {
        "deaths": deaths,
        "compared": len(expected),
        "missing": sorted(set(expected) ^ set(received)),
        "different": [n for n in expected if expected[n].tobytes() != received[n].tobytes()],
        "log": log(whole) == log(killed),
        "rows": len(log(killed)),
        "best": Checkpoints(killed / "checkpoints", metric="val_map").best(),
        "trained_steps": json.loads((killed / "run.json").read_text())["trained_steps"],
        "left": [str(p.relative_to(killed)) for p in killed.rglob(".aside*")],
    }


print(json.dumps(main(Path(sys.argv[1]), sys.argv[2:])))
