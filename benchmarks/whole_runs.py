"""Runs of icons_tiny, timed and weighed as a whole, for `benchmarks.training`."""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from training.build import optimizer_of
from training.callbacks import MarginSchedule
from training.config import Config, load_config
from training.losses import loss_of, metrics_of, training_model
from training.networks import encoder_of
from training.sharing import shared
from training.sources import batches_of, to_train_on
from training.strategy import strategy_of
from training.train import train

STEP = re.compile(r"step (\d+)/")
MIB = 2**20
EPOCHS = 50  # of the run that is weighed
# Of the steps of a run, the share whose memory does not count: graphs and caches fill.
WARMING = 0.2
# As it is, but for its validation part, which is used where it is kept apart.
WATCHED = ("data.train_on=train",)


@dataclass(frozen=True)
class Memory:
    """Resident memory of a run, after its first steps, and MiB more each 1,000 steps."""

    first: float
    slope: float


@contextmanager
def running(*overrides: str) -> Iterator[subprocess.Popen]:
    """`sbir train icons_tiny` in a process of its own and a folder that is gone at the end."""
    with tempfile.TemporaryDirectory() as folder:
        call = [sys.executable, "-m", "sbir_tf", "train", "icons_tiny", "--to", f"{folder}/run"]
        for override in overrides:
            call += ["--set", override]
        pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
        with subprocess.Popen(call, text=True, **pipes) as process:
            try:
                yield process
            finally:
                process.kill()


def steps_told(process: subprocess.Popen) -> Iterator[int]:
    """The steps that its progress line tells of, as they come."""
    for line in process.stderr:
        if found := STEP.search(line):
            yield int(found[1])


def seconds_to_first_step() -> float:
    """From the command to the end of its first step."""
    began = time.monotonic()
    with running() as process:
        for _ in steps_told(process):
            return time.monotonic() - began
    sys.exit("sbir train ended before its first step")


def memory_slope(steps: int) -> Memory:
    """How the memory of a run of so many steps, a multiple of `EPOCHS`, grows."""
    with running(f"steps={steps}", f"steps_per_epoch={steps // EPOCHS}") as process:
        seen = [(step, resident(process.pid)) for step in steps_told(process) if step < steps]
    at, memory = np.array([pair for pair in seen if pair[0] >= WARMING * steps], float).T
    slope, _ = np.polyfit(at, memory, 1)
    return Memory(float(memory[0]), 1000 * float(slope))


def resident(pid: int) -> float:
    """MiB of memory that a process holds."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MIB


def overhead(rounds: int) -> list[float]:
    """Of each round, the share of a run's training that is not its steps.

    A run as it is, and its model fitted on the same batches with nothing beside but the margin; in
    turn. Both build their graphs.
    """
    config = load_config("icons_tiny", WATCHED)
    shares = []
    for number in range(rounds + 1):
        plain, whole = seconds_of_steps(config), seconds_of_run(config)
        if number:  # the first round warms up
            shares.append((whole - plain) / whole)
    return shares


def seconds_of_run(config: Config) -> float:
    with tempfile.TemporaryDirectory() as folder:
        return train(config, Path(folder) / "run").facts()["training_seconds"]


def seconds_of_steps(config: Config) -> float:
    pictures = to_train_on(config.data)
    keras.utils.set_random_seed(config.seed)
    strategy = strategy_of(config)
    with strategy.scope():
        loss = loss_of(config)
        encoder = encoder_of(config, config.precision)
        model = training_model(config, encoder, len(pictures.class_names))
        model.compile(optimizer_of(config, model), loss, metrics=metrics_of(loss))
    margin = MarginSchedule(loss, config.loss.schedule, 0)
    batches = shared(batches_of(config, pictures), strategy)
    epochs = config.steps // config.steps_per_epoch
    began = time.monotonic()
    model.fit(
        batches,
        epochs=epochs,
        steps_per_epoch=config.steps_per_epoch,
        callbacks=[margin],
        verbose=0,
    )
    return time.monotonic() - began
