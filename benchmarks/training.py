"""How fast a training is, what it costs to watch it, and whether it leaks.

    python -m benchmarks.training [--torch-python PYTHON] [--page docs/speed.md]

Measures, on this machine alone with itself:

- images a second of `model.fit` on the real pipeline, in float32 and mixed_bfloat16, beside the
  same network in a bare `tf.function` step on one batch in memory and, with --torch-python, in
  PyTorch (`benchmarks/torch_step.py`; its environment is described there); in turn, round by round;
- seconds from `sbir train icons_tiny` to its first step;
- the share of a run that logging, validation and checkpoints take (`benchmarks.whole_runs`);
- the memory of a run of many steps, and its slope.

What is measured is kept in runs/benchmark_training.json: the command goes on where it was
interrupted, and --again measures anew.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import astuple, dataclass
from functools import partial
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from benchmarks.tables import replace_section, table
from benchmarks.whole_runs import EPOCHS, memory_slope, overhead, seconds_to_first_step
from sbir_tf.__main__ import silence
from training.build import optimizer_of
from training.config import Config, load_config
from training.losses import loss_of, metrics_of, training_model
from training.machine import describe
from training.networks import encoder_of
from training.run import write_json
from training.sharing import shared
from training.sources import batches_of, to_train_on
from training.strategy import strategy_of

FILLING = 2  # steps
FOUND = Path("runs/benchmark_training.json")
TORCH_STEP = Path(__file__).with_name("torch_step.py")
SMALL = ("network.weights=none", "data.strokes=1")


@dataclass(frozen=True)
class Network:
    """A network whose steps are timed; its gates are those that PyTorch's has."""

    name: str
    config: str
    steps: int  # of a round
    overrides: tuple[str, ...] = ()

    def resolved(self, *more: str) -> Config:
        return load_config(self.config, [*self.overrides, *more])


NETWORKS = (
    Network(
        "se_resnet50",
        "icons_quick",
        4,
        (
            "network.backbone=se_resnet50",
            "network.gate=se",
            "network.reduction=16",
            "data.size=224",
            "batch_size=16",
            *SMALL,
        ),
    ),
    Network(
        "efficientnet_lite0",
        "icons_quick",
        10,
        ("network.gate=none", "data.size=128", "batch_size=32", *SMALL),
    ),
    Network("icons_tiny", "icons_tiny", 40),
)


def main() -> None:
    options = parsed()
    silence(verbose=False)
    if options.again:
        FOUND.unlink(missing_ok=True)
    chosen = [network for network in NETWORKS if network.name in options.networks]
    text = "\n\n".join(
        [
            f"{describe('tensorflow')}; `python -m benchmarks.training`",
            *(speeds(chosen, options.rounds, options.torch_python) if chosen else []),
            *(whole_runs(options.steps, options.rounds) if options.steps else []),
        ]
    )
    print(text)
    if options.page:
        replace_section(options.page, "training", text)


def parsed() -> argparse.Namespace:
    names = [network.name for network in NETWORKS]
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--torch-python", type=Path, help="Python that has torch and timm")
    parser.add_argument("--networks", nargs="*", choices=names, default=names)
    parser.add_argument("--rounds", type=int, default=7)
    steps = {"help": "of the memory's run, rounded up to whole epochs; 0: no runs"}
    parser.add_argument("--steps", type=int, default=5000, **steps)
    parser.add_argument("--page", type=Path, help="replace the section of this page")
    parser.add_argument("--again", action="store_true", help="measure anew")
    return parser.parse_args()


def kept(name: str, measure: Callable[[], object]):
    """What is measured, or was by an earlier run of this command: a JSON value."""
    found = json.loads(FOUND.read_text()) if FOUND.exists() else {}
    if name not in found:
        found[name] = measure()
        write_json(FOUND, found)
        print(f"{name}: {found[name]}", file=sys.stderr)
    return found[name]


def speeds(networks: list[Network], rounds: int, torch_python: Path | None) -> list[str]:
    """The table of images a second."""
    rows = [kept(each.name, partial(row, each, rounds, torch_python)) for each in networks]
    heading = ("network", "px", "batch", "`model.fit`", "bare step", "PyTorch", "mixed_bfloat16")
    heading += ("fit / bare", "fit / PyTorch", "bfloat16 / float32")
    return [
        "Images a second of a full training step, medians; ratios are medians of the rounds', with "
        f"their range ({rounds} rounds, all in turn). `model.fit` reads the real pipeline and "
        "reports loss and accuracy; bare is one `tf.function` of forward, backward and Adam on one "
        "batch in memory, and so is PyTorch's. Gates: SE in se_resnet50 and none in "
        "efficientnet_lite0, as timm has them; DASE in icons_tiny.",
        table(heading, rows),
    ]


def row(network: Network, rounds: int, torch_python: Path | None) -> tuple[str, ...]:
    config = network.resolved()
    pictures = to_train_on(config.data)
    with ExitStack() as stack:
        timed = {
            "fit": fitting(config, pictures),
            "bare": bare(config, pictures),
            "bfloat16": fitting(network.resolved("precision=mixed_bfloat16"), pictures),
        }
        if torch_python:
            classes = len(pictures.class_names)
            timed["torch"] = stack.enter_context(Torch(torch_python, network.name, config, classes))
        for seconds in timed.values():
            seconds(2)
        images = config.batch_size * network.steps
        rates = {name: [] for name in timed}
        for _ in range(rounds):
            for name, seconds in timed.items():
                rates[name].append(images / seconds(network.steps))
    keras.backend.clear_session()
    shown = [f"{np.median(rates[n]):.1f}" if n in rates else "-" for n in COLUMNS]
    ratios = [ratio(rates, *pair) for pair in PAIRS]
    return (network.name, str(config.data.size), str(config.batch_size), *shown, *ratios)


COLUMNS = ("fit", "bare", "torch", "bfloat16")
PAIRS = (("fit", "bare"), ("fit", "torch"), ("bfloat16", "fit"))


def ratio(rates: dict[str, list[float]], above: str, below: str) -> str:
    """The median of the rounds' ratios and their range."""
    if above not in rates or below not in rates:
        return "-"
    each = np.array(rates[above]) / np.array(rates[below])
    return f"{np.median(each):.2f} ({min(each):.2f} to {max(each):.2f})"


def compiled(config: Config, classes: int) -> tuple[keras.Model, keras.losses.Loss]:
    """A configuration's model, as `training.train` compiles it."""
    loss = loss_of(config)
    model = training_model(config, encoder_of(config, config.precision), classes)
    model.compile(optimizer_of(config, model), loss, metrics=metrics_of(loss))
    return model, loss


def fitting(config: Config, pictures):
    """Seconds of some steps of `model.fit`, as a function of how many."""
    strategy = strategy_of(config)
    with strategy.scope():
        model, _ = compiled(config, len(pictures.class_names))
    batches = shared(batches_of(config, pictures), strategy)

    def seconds(steps: int) -> float:
        clock = Clock(FILLING, FILLING + steps)
        model.fit(batches, steps_per_epoch=FILLING + steps, callbacks=[clock], verbose=0)
        return clock.ended - clock.began

    return seconds


class Clock(keras.callbacks.Callback):
    """From one step's end, when the pipeline that `fit` starts anew is filled, to another's."""

    def __init__(self, first: int, last: int):
        super().__init__()
        self.first, self.last = first, last

    def on_train_batch_end(self, batch, logs=None):
        if batch + 1 == self.first:
            self.began = time.perf_counter()
        if batch + 1 == self.last:
            self.ended = time.perf_counter()


def bare(config: Config, pictures):
    """The same of a bare step on one batch."""
    model, loss = compiled(config, len(pictures.class_names))
    optimizer, weights = model.optimizer, model.trainable_variables
    inputs, labels = next(iter(batches_of(config, pictures)))
    optimizer.build(weights)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            value = loss(labels, model(inputs, training=True))
        optimizer.apply_gradients(zip(tape.gradient(value, weights), weights, strict=True))
        return value

    def seconds(steps: int) -> float:
        began = time.perf_counter()
        for _ in range(steps):
            value = step()
        value.numpy()
        return time.perf_counter() - began

    return seconds


class Torch:
    """The same of PyTorch, in a process that works only while it is asked."""

    def __init__(self, python: Path, name: str, config: Config, classes: int):
        sizes = (config.data.size, config.batch_size, classes)
        self.call = [str(python), str(TORCH_STEP), name, *map(str, sizes)]

    def __enter__(self):
        # Not this project's packages, nor its threads' settings.
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "TF_"))}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen(self.call, env=clean, text=True, **pipes)
        if self.process.stdout.readline().strip() != "ready":
            sys.exit(f"{' '.join(self.call)} did not start")
        return self

    def __exit__(self, *_):
        self.process.communicate()

    def __call__(self, steps: int) -> float:
        self.process.stdin.write(f"{steps}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())


def whole_runs(steps: int, rounds: int) -> list[str]:
    """What is measured of runs of icons_tiny."""
    starts = kept("starts", lambda: [seconds_to_first_step() for _ in range(3)])
    shares = kept("overhead", lambda: overhead(min(rounds, 3)))
    steps = math.ceil(steps / EPOCHS) * EPOCHS
    first, slope = kept(f"memory over {steps} steps", lambda: astuple(memory_slope(steps)))
    return [
        table(
            ("of a run of `icons_tiny`", "figure"),
            [
                (
                    "from the command to the first step (pictures rendered before)",
                    f"{np.median(starts):.1f} s ({min(starts):.1f} to {max(starts):.1f})",
                ),
                (
                    "logging, validation and checkpoints together, share of the time",
                    f"{np.median(shares):.1%} ({min(shares):.1%} to {max(shares):.1%})",
                ),
                (
                    f"memory over {steps} steps, from {first:.0f} MiB",
                    f"{slope:+.2f} MiB in 1,000 steps",
                ),
            ],
        )
    ]


if __name__ == "__main__":
    main()
