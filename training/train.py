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

from sbir_tf.layers import ClassCenters
from training.build import optimizer_of, strategy_of
from training.callbacks import DivergedError, spread
from training.config import Config, load_config
from training.losses import callbacks_of, loss_of, metrics_of, training_model
from training.networks import encoder_of
from training.progress import ProgressLine
from training.run import Run, create_or_continue, existing_run
from training.sources import (
    batches_of,
    check_batches,
    check_cut,
    check_source,
    naming_pictures,
    to_train_on,
)

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
        UserError: If the folder holds something else, the configuration or its data cannot be
            trained on, or the training collapsed or diverged.
    """
    run = existing_run(folder, config)
    if run and run.complete:
        return run
    # What the configuration or its data refuse is refused before anything is written.
    check_source(config.data)
    keras.utils.set_random_seed(config.seed)
    strategy = strategy_of(config)
    with strategy.scope():
        loss = loss_of(config)
        encoder = encoder_of(config, config.precision, pretrained=True)
    pictures = to_train_on(config.data, progress)
    check_batches(config, pictures)
    run = create_or_continue(folder, config)
    check_cut(run, note=True)

    with strategy.scope():
        model = training_model(config, encoder, len(pictures.class_names))
        model.compile(optimizer_of(config, model), loss, metrics=metrics_of(loss))
        margin = getattr(loss, "current_margin", tf.Variable(0.0))
        epoch = tf.Variable(0, dtype=tf.int64)
        accuracy = tf.Variable(0.0, dtype=tf.float64)  # that the margin is earned by
        checkpoint = tf.train.Checkpoint(model=model, margin=margin, accuracy=accuracy, epoch=epoch)
    centers = class_centers(model)
    first_spread = None if centers is None else spread(centers.numpy())
    checkpoints = tf.train.CheckpointManager(
        checkpoint, str(run.checkpoints), max_to_keep=KEPT_CHECKPOINTS
    )
    checkpoint.restore(checkpoints.latest_checkpoint)
    first_step = int(epoch.numpy()) * config.steps_per_epoch

    callbacks = callbacks_of(config, loss, model, first_step, accuracy, first_spread)
    line = ProgressLine(config.steps, first_step, run.folder.name)
    callbacks += [
        line,
        keras.callbacks.CSVLogger(str(run.log), append=True),
        keras.callbacks.TensorBoard(str(run.folder / "tensorboard"), write_graph=False),
        SaveCheckpoint(checkpoints, epoch),
        keras.callbacks.TerminateOnNaN(),
    ]
    batches = batches_of(config, pictures, first_step)
    began = time.monotonic()
    with line, naming_pictures(config, pictures, model.optimizer):
        model.fit(
            batches,
            epochs=config.steps // config.steps_per_epoch,
            initial_epoch=int(epoch.numpy()),
            steps_per_epoch=config.steps_per_epoch,
            callbacks=callbacks,
            verbose=0,
        )
    seconds = time.monotonic() - began
    if centers is not None:
        aside = run.folder / f".aside.{os.getpid()}.npy"
        np.save(aside, centers.numpy())
        aside.replace(run.centers)
    run.note(
        precision=config.precision,
        classes=len(pictures.class_names),
        margin=float(margin.numpy()),
        training_seconds=round(seconds, 1),
        replicas=strategy.num_replicas_in_sync,
    )
    # Last: a run with weights counts as complete.
    aside = run.folder / f".aside.{os.getpid()}.weights.h5"
    encoder.save_weights(aside)
    aside.replace(run.weights)
    return run


def class_centers(model: keras.Model):
    """The variable (K, D) of a model's class centres, or None."""
    layers = (layer for layer in model.layers if isinstance(layer, ClassCenters))
    return next((layer.centers for layer in layers), None)


class SaveCheckpoint(keras.callbacks.Callback):
    """Keeps what is needed to continue after each epoch, unless the loss is not finite."""

    def __init__(self, checkpoints, epoch):
        super().__init__()
        self.checkpoints, self.epoch = checkpoints, epoch

    def on_epoch_end(self, epoch, logs=None):
        finite = all(np.isfinite(weight.numpy()).all() for weight in self.model.weights)
        if not (finite and np.isfinite(logs["loss"])):
            raise DivergedError(
                f"The training diverged in epoch {epoch + 1}: the loss or a weight is not a finite "
                "number. The checkpoint from before is kept. Lower optimizer.learning_rate or set "
                "optimizer.clip_norm, and name another folder with --to"
            )
        self.epoch.assign(epoch + 1)
        self.checkpoints.save()


if __name__ == "__main__":
    name, *overrides = sys.argv[1:]
    train(load_config(name, overrides), Path("runs") / name)
