"""Train one configuration, from its pictures to the encoder's weights.

`sbir train CONFIG`, or `python -m training.train CONFIG [key=value ...]`.
"""

import os
import sys
import time
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from sbir_tf.data.pipeline import Augmentation, training_batches
from training.build import (
    accuracy_of,
    encoder_of,
    loss_of,
    optimizer_of,
    strategy_of,
    training_model,
)
from training.callbacks import CollapseGuard, MarginSchedule
from training.config import Config, load_config
from training.pictures import training_pictures
from training.progress import ProgressLine
from training.run import Run, create_or_continue

KEPT_CHECKPOINTS = 2


def train(config: Config, folder: Path, progress=None) -> Run:
    """Train a configuration in a run's folder, or continue where that folder stands.

    Args:
        config: What to train.
        folder: The run's folder; made if it is not there.
        progress: Shows the progress of the rendering (see `sbir_tf.__main__`).

    Returns:
        The complete run.

    Raises:
        UserError: If the folder holds something else, or the training collapsed.
    """
    run = create_or_continue(folder, config)
    if run.complete:
        return run
    keras.utils.set_random_seed(config.seed)
    pictures = training_pictures(config.data, progress)

    strategy = strategy_of(config)
    with strategy.scope():
        encoder = encoder_of(config, config.precision, pretrained=True)
        model = training_model(config, encoder, len(pictures.class_names))
        loss = loss_of(config)
        model.compile(optimizer_of(config, model), loss, metrics=[accuracy_of(config)])
        margin = getattr(loss, "current_margin", tf.Variable(0.0))
        epoch = tf.Variable(0, dtype=tf.int64)
        checkpoint = tf.train.Checkpoint(model=model, margin=margin, epoch=epoch)
    checkpoints = tf.train.CheckpointManager(
        checkpoint, str(run.checkpoints), max_to_keep=KEPT_CHECKPOINTS
    )
    checkpoint.restore(checkpoints.latest_checkpoint)
    first_step = int(epoch.numpy()) * config.steps_per_epoch

    callbacks = []
    if config.loss.name != "softmax":
        anneal = round(config.loss.anneal * config.steps)
        callbacks.append(MarginSchedule(loss, config.loss.schedule, anneal, first_step))
        callbacks.append(CollapseGuard(model.get_layer("class_centers").centers))
    line = ProgressLine(config.steps, first_step, run.folder.name)
    callbacks += [
        line,
        keras.callbacks.CSVLogger(str(run.log), append=True),
        keras.callbacks.TensorBoard(str(run.folder / "tensorboard"), write_graph=False),
        SaveCheckpoint(checkpoints, epoch),
        keras.callbacks.TerminateOnNaN(),
    ]
    augmentation = Augmentation(config.data.sketch, config.data.photo, config.data.colour)
    batches = training_batches(pictures, config.batch_size, augmentation, config.seed, first_step)
    began = time.monotonic()
    with line:
        model.fit(
            batches,
            epochs=config.steps // config.steps_per_epoch,
            initial_epoch=int(epoch.numpy()),
            steps_per_epoch=config.steps_per_epoch,
            callbacks=callbacks,
            verbose=0,
        )
    seconds = time.monotonic() - began
    if not all(np.isfinite(weight).all() for weight in encoder.get_weights()):
        raise FloatingPointError(f"{run.folder}: the weights are not finite")
    aside = run.folder / f".aside.{os.getpid()}.weights.h5"
    encoder.save_weights(aside)
    aside.replace(run.weights)
    run.note(
        precision=config.precision,
        classes=len(pictures.class_names),
        margin=float(margin.numpy()),
        training_seconds=round(seconds, 1),
        replicas=strategy.num_replicas_in_sync,
    )
    return run


class SaveCheckpoint(keras.callbacks.Callback):
    """Keeps what is needed to continue after each epoch."""

    def __init__(self, checkpoints, epoch):
        super().__init__()
        self.checkpoints, self.epoch = checkpoints, epoch

    def on_epoch_end(self, epoch, logs=None):
        self.epoch.assign(epoch + 1)
        self.checkpoints.save()


if __name__ == "__main__":
    name, *overrides = sys.argv[1:]
    train(load_config(name, overrides), Path("runs") / name)
