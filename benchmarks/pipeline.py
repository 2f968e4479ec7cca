"""How fast the input pipeline is, alone and beside a training.

    python -m benchmarks.pipeline [--to FOLDER] [--page docs/speed.md]

Renders the bundled icons at 256 pixels, builds records of them, and measures, in one process:
examples a second of the pipeline alone, at 64 and at 224 pixels, from memory, from files and from
records; and, of trainings, the share of a step that waits for its batch, and the speed beside that
of one batch held in memory. Rates are medians of rounds in turn.
"""

import argparse
import itertools
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from benchmarks.tables import check_section, replace_section, table
from sbir_tf.data.icons import write_tree
from sbir_tf.data.layouts import LAYOUTS, list_items
from sbir_tf.data.records import build_records
from training.build import optimizer_of
from training.config import Config, load_config
from training.losses import loss_of, metrics_of, training_model
from training.machine import describe
from training.networks import encoder_of
from training.sources import batches_of, to_train_on

ROUNDS, BATCHES, STEPS = 5, 6, 10
SOURCES = {
    "memory": (),
    "files": ("data.source=folder", "data.root={tree}", "data.split=supervised"),
    "records": ("data.source=records", "data.root={records}", "data.split=supervised"),
}
OF_DISK = "data.test_sketches=1"
ALONE = {
    "moves": (),
    "moves, other pens and hands": ("data.drawing.wider=1", "data.drawing.warp=0.04"),
    "published": ("data.augmentation=published",),
}


@dataclass(frozen=True)
class Training:
    """A training whose waiting is measured."""

    name: str
    config: str
    source: str
    overrides: tuple[str, ...] = ()


TRAININGS = (
    Training("icons_tiny, 48 px", "icons_tiny", "memory"),
    Training("icons_tiny, 64 px", "icons_tiny", "records", ("data.size=64",)),
    Training("efficientnet_lite0, 64 px", "icons_quick", "records"),
    Training(
        "efficientnet_lite0, 224 px", "icons_quick", "records", ("data.size=224", "batch_size=32")
    ),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--to", type=Path, help="keep the pictures and records in this folder")
    parser.add_argument("--page", type=Path, help="replace the section of this page")
    options = parser.parse_args()
    if options.page:
        check_section(options.page, "pipeline")
    with tempfile.TemporaryDirectory() as folder:
        text = measure(prepared(options.to or Path(folder)))
    print(text)
    if options.page:
        replace_section(options.page, "pipeline", text)


def prepared(folder: Path) -> dict[str, Path]:
    """The icons as files and as records."""
    tree, records = folder / "icons", folder / "records"
    write_tree(tree, 256)
    build_records(tree, list_items(tree, LAYOUTS["plain"]), records, size=256)
    return {"tree": tree, "records": records}


def measure(places: dict[str, Path]) -> str:
    """The section of the page."""
    return "\n\n".join(
        [
            f"{describe('tensorflow')}; `python -m benchmarks.pipeline --page docs/speed.md`",
            "Examples a second of the pipeline alone, read, decoded, varied and batched "
            f"(medians of {ROUNDS} rounds in turn, {BATCHES} batches of 32 each; files and "
            "records hold 256 px):",
            table(("augmentation", "px", *SOURCES), alone(places)),
            f"Beside a training (medians of {ROUNDS} rounds of {STEPS} steps in turn; the aim is a "
            "wait under 3%):",
            table(
                ("training", "source", "waits for data", "examples/s", "one batch in memory"),
                [beside(training, places) for training in TRAININGS],
            ),
        ]
    )


def alone(places: dict[str, Path]) -> list[tuple[str, ...]]:
    """A row for each augmentation and size: examples a second of each source."""
    rows = []
    for (name, overrides), size in itertools.product(ALONE.items(), (64, 224)):
        iterators = {
            source: iter(dataset(config_of("icons_tiny", source, places, *overrides, size=size)))
            for source in SOURCES
            if source != "memory" or name != "published"
        }
        for iterator in iterators.values():
            take(iterator, 3)
        rates = {
            source: [32 * BATCHES / take(iterator, BATCHES) for _ in range(ROUNDS)]
            for source, iterator in iterators.items()
        }
        shown = [f"{np.median(rates[s]):.0f}" if s in rates else "-" for s in SOURCES]
        rows.append((name, str(size), *shown))
    return rows


def take(iterator: Iterator, count: int) -> float:
    """Seconds that so many batches take."""
    began = time.perf_counter()
    for _ in range(count):
        next(iterator)
    return time.perf_counter() - began


def config_of(name: str, source: str, places: dict[str, Path], *overrides, size: int) -> Config:
    """A configuration on a source, its batches of 32."""
    keys = [override.format(**places) for override in SOURCES[source]]
    keys += [OF_DISK] * (source != "memory")
    return load_config(name, [*keys, f"data.size={size}", "batch_size=32", *overrides])


def dataset(config: Config) -> tf.data.Dataset:
    return batches_of(config, to_train_on(config.data))


def beside(training: Training, places: dict[str, Path]) -> tuple[str, ...]:
    """How long the steps of a training wait, and how fast they are."""
    keys = [override.format(**places) for override in SOURCES[training.source]]
    keys += [OF_DISK] * (training.source != "memory")
    config = load_config(training.config, [*keys, *training.overrides])
    pictures = to_train_on(config.data)
    encoder = encoder_of(config, config.precision)
    model = training_model(config, encoder, len(pictures.class_names))
    loss = loss_of(config)
    model.compile(optimizer_of(config, model), loss, metrics=metrics_of(loss))
    batches = batches_of(config, pictures)
    real = iter(batches)
    held = itertools.repeat(next(real))
    for iterator in (real, held):
        timed(model, iterator, 3)
    waits, rates = [], {"real": [], "held": []}
    for _ in range(ROUNDS):
        waited, seconds = timed(model, real, STEPS)
        waits.append(waited / seconds)
        rates["real"].append(STEPS * config.batch_size / seconds)
        rates["held"].append(STEPS * config.batch_size / timed(model, held, STEPS)[1])
    speed, memory = (np.median(rates[of]) for of in ("real", "held"))
    share = f"{np.median(waits):.1%} ({min(waits):.1%} to {max(waits):.1%})"
    return (training.name, training.source, share, f"{speed:.0f}", f"{memory:.0f}")


def timed(model: keras.Model, batches: Iterator, steps: int) -> tuple[float, float]:
    """Seconds that some steps waited for their batches, and seconds in all."""
    waited = 0.0
    began = time.perf_counter()
    for _ in range(steps):
        asked = time.perf_counter()
        inputs, labels = next(batches)
        waited += time.perf_counter() - asked
        model.train_on_batch(inputs, labels)
    return waited, time.perf_counter() - began


if __name__ == "__main__":
    main()
