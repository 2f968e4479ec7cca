"""A trained encoder taught the classes of one's own folder."""

import math
import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import keras

from sbir_tf.data.layouts import Item, Place, list_items, locate
from sbir_tf.data.layouts.layout import PHOTO, SKETCH
from sbir_tf.errors import UserError
from sbir_tf.evaluation import Result
from training.cluster import TF_CONFIG, cluster_of
from training.config import Config, Data, Optimizer, Validation, overridden
from training.evaluate import comparable, evaluate_encoder, evaluate_run
from training.fingerprint import refuse_another_cut
from training.networks import encoder_of
from training.run import Run
from training.starts import Start, start_of
from training.train import train

SPLIT = "held-out-photos"  # neither the test's sketches nor its photos are trained on
NEEDED = 3  # of a class and a domain: to train on, to stop by, to be measured by
HELD_OUT = 0.2
# The learning rate, beside that of the first training; and the pretrained part's, beside that.
SLOWER = 0.3
EPOCHS, PATIENCE = 30, 5
FEWEST_STEPS = 10  # of an epoch


def finetune(
    model: Path,
    folder: Path,
    to: Path | None = None,
    overrides: Sequence[str] = (),
    layout: str | None = None,
    variant: str | None = None,
    progress=None,
) -> tuple[Run, Result, Result]:
    """Fine-tune a trained encoder on a folder, or continue where the run's folder stands.

    Args:
        model: A run's folder, or an exported model's.
        folder: The data set.
        to: The run's folder; None names it after the model and the data set, in runs.
        overrides: `key=value`, as of `sbir train --set`.
        layout, variant: Of the data set; None recognises them.
        progress: Shows the progress of the encoding.

    Returns:
        The run, and the metrics on its test part before and after. The test part is looked at
        after the training alone.

    Raises:
        UserError: If there is no such model, the folder is too small or laid out otherwise, or
            this is one of several workers.
    """
    refuse_workers()
    start = start_of(model)
    config = finetuning(start, locate(folder, layout, variant), overrides)
    run = train(config, to or Path("runs") / config.name, progress, accept_data=None)
    refuse_another_cut(run)  # of a run that was complete before
    flip = config.data.test_flip
    before = evaluate_encoder(start_encoder(config), config, "test", progress, flip)
    after = evaluate_run(run, "test", progress)
    run.note(
        finetuned={"from": str(model), "map_all_before": before.map_all, "map_all": after.map_all}
    )
    return run, before, after


def refuse_workers() -> None:
    """Refuse to be one of several workers, which would all write the same run."""
    if os.environ.get(TF_CONFIG) and cluster_of(os.environ).workers > 1:
        raise UserError(
            f"Fine-tuning is for one machine, and {TF_CONFIG} names several workers: unset it"
        )


def finetuning(start: Start, place: Place, overrides: Sequence[str] = ()) -> Config:
    """The configuration that fine-tunes an encoder on a data set."""
    counts = counts_of(place)
    data = data_of(start.config.data, place, counts)
    # The pictures that are left to train on.
    left = {
        domain: sum(count - 2 * taken(data, domain, count) for count in counts[domain].values())
        for domain in (SKETCH, PHOTO)
    }
    batch = max(2, min(start.config.batch_size, 2 * min(left.values())))
    steps_per_epoch = max(FEWEST_STEPS, math.ceil(sum(left.values()) / batch))
    accumulate = start.config.optimizer.accumulate
    steps_per_epoch = math.ceil(steps_per_epoch / accumulate) * accumulate  # whole optimizer steps
    config = replace(
        start.config,
        name=re.sub(r"[^\w-]+", "_", f"{start.config.name}_{place.root.resolve().name}"),
        steps=EPOCHS * steps_per_epoch,
        steps_per_epoch=steps_per_epoch,
        batch_size=batch,
        # The machine is another, too.
        strategy="auto",
        gpus=None,
        replicas=1,
        data=data,
        network=replace(start.config.network, weights=str(start.weights), embedding_start="random"),
        loss=replace(start.config.loss, center_start="means", keep=0.0),
        optimizer=slower(start.config.optimizer),
        # Stopping must not depend on how fast the machine is.
        validation=Validation(share=1.0, patience=PATIENCE),
        best_metric="val_map",
    )
    return overridden(config, overrides)


def counts_of(place: Place) -> dict[str, Counter]:
    """Pictures of each class, by domain.

    Raises:
        UserError: If there are too few to train on, to stop by and to measure with.
    """
    items: Sequence[Item] = list_items(place.root, place.layout, place.variant)
    counts = {
        domain: Counter(item.class_name for item in items if item.domain == domain)
        for domain in (SKETCH, PHOTO)
    }
    if len(counts[SKETCH]) < 2:
        raise UserError(
            f"{place.root} has {len(counts[SKETCH])} class: fine-tuning needs 2 or more, each with "
            f"{NEEDED} sketches and {NEEDED} photos or more"
        )
    few = [
        f"{name} has {count} {'sketches' if domain == SKETCH else 'photos'}"
        for domain in counts
        for name, count in sorted(counts[domain].items())
        if count < NEEDED
    ]
    if few:
        more = f" and {len(few) - 1} more" if len(few) > 1 else ""
        raise UserError(
            f"{place.root} is too small to fine-tune on: class {few[0]}{more}. Every class needs "
            f"{NEEDED} sketches and {NEEDED} photos: to train on, to stop by, to be measured by"
        )
    return counts


def data_of(before: Data, place: Place, counts: dict[str, Counter]) -> Data:
    """The data set as it is cut: of every class some for the test and some for the validation."""
    fewest = min(counts[SKETCH].values())
    held_out = max(1, int(HELD_OUT * fewest))
    return replace(
        before,
        source="folder",
        root=str(place.root),
        layout=place.layout.name,
        variant=place.variant,
        swap_red_blue=None,
        class_map=None,
        split=SPLIT,
        test_sketches=held_out,
        validation=held_out,
        test_photos=HELD_OUT,
        train_on=("train",),
        classes_per_batch=None,
    )


def taken(data: Data, domain: str, count: int) -> int:
    """How many of a class with so many pictures the test holds out; the validation, as many."""
    return data.test_sketches if domain == SKETCH else max(1, round(data.test_photos * count))


def slower(optimizer: Optimizer) -> Optimizer:
    """The optimizer at a low learning rate, that of the pretrained part lower still."""
    rate = optimizer.learning_rate * SLOWER
    return replace(optimizer, learning_rate=rate, backbone_rate=SLOWER)


def start_encoder(config: Config) -> keras.Model:
    """The encoder as a fine-tuning begins with it."""
    return comparable(encoder_of(config, "float32", pretrained=True), config)
