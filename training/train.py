"""Train one configuration, from its pictures to the encoder's weights.

`sbir train CONFIG`, or `python -m training.train CONFIG [key=value ...]`.
"""

import sys
from functools import partial
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from sbir_tf.data.pipeline import TrainingPictures
from sbir_tf.data.streaming import TrainingItems
from sbir_tf.files import sweep, written_aside
from training import explain
from training.build import optimizer_of
from training.centers import start_centers
from training.checkpoints import Checkpoints
from training.config import Config, load_config
from training.explain.profiling import check_steps
from training.explain.validation import check_judge
from training.fingerprint import Fingerprint, accept_or_refuse, fingerprint_of
from training.guards import DivergenceGuard
from training.locking import only_process_in
from training.losses import callbacks_of, class_centers, loss_of, metrics_of, training_model
from training.networks import encoder_of
from training.position import Position
from training.preemption import Preempted, Preemption, preemption
from training.principal import start_embedding
from training.progress import ProgressLine, tell
from training.provenance import command_line
from training.run import (
    Run,
    check_writable,
    create_or_continue,
    existing_run,
    made,
    note_session,
    noting_failure,
)
from training.saving import SaveCheckpoint, check_metric
from training.sharing import shared
from training.sources import batches_of, check_batches, naming_pictures, to_train_on
from training.state import TrainingState
from training.strategy import strategy_of, workers_of
from training.workers import any_worker, together


def train(
    config: Config,
    folder: Path,
    progress=None,
    accept_data: bool | None = False,
    profile: tuple[int, int] | None = None,
) -> Run:
    """Train a configuration in a run's folder, or continue where that folder stands.

    Args:
        config: What to train.
        folder: The run's folder; made if it is not there.
        progress: Shows the progress of the rendering (see `sbir_tf.__main__`).
        accept_data: Continue though the data set changed. None: never, and the refusal offers it
            to nobody.
        profile: First and last step that TensorFlow's profiler looks on at; None profiles none.

    Returns:
        The complete run.

    Raises:
        UserError: If the folder holds something else, the configuration or its data cannot be
            trained on, or the training collapsed or diverged.
        Preempted: If SIGTERM ended the training early; its state is kept.
    """
    run = existing_run(folder, config)
    if run and run.complete:
        return run
    check_writable(folder)
    with preemption(command_line(sys.argv)) as ending:
        # What the configuration or its data refuse is refused before anything is written.
        data = fingerprint_of(config.data)
        check_judge(config)
        check_steps(profile, config.steps)
        keras.utils.set_random_seed(config.seed)
        strategy = strategy_of(config)
        if workers_of(strategy) > 1:
            ending.agree = partial(any_worker, strategy)
            ending.heed()  # TensorFlow's workers have taken SIGTERM for themselves
        digest = data.facts["digest"]
        with together(strategy, config, folder, digest) as own, noting_failure(Run(own, config)):
            train_to_the_end(config, own, strategy, data, progress, accept_data, profile, ending)
    return Run(folder, config)


def train_to_the_end(
    config: Config,
    folder: Path,
    strategy: tf.distribute.Strategy,
    data: Fingerprint,
    progress,
    accept_data: bool | None,
    profile: tuple[int, int] | None,
    ending: Preemption,
) -> None:
    """Train what is left, from the pictures to the weights."""
    with strategy.scope():
        loss = loss_of(config)
        encoder = encoder_of(config, config.precision, pretrained=True)
    pictures = to_train_on(config.data, progress)
    check_batches(config, pictures)
    with only_process_in(made(folder)):
        for place in (folder, folder / "tensorboard"):
            sweep(place)
        run = create_or_continue(folder, config, data=data.facts)
        accept_or_refuse(run, data, accept_data)
        note_session(run)
        run.forget("failure")
        train_run(run, strategy, loss, encoder, pictures, profile, ending)


def train_run(
    run: Run,
    strategy: tf.distribute.Strategy,
    loss: keras.losses.Loss,
    encoder: keras.Model,
    pictures: TrainingPictures | TrainingItems,
    profile: tuple[int, int] | None,
    ending: Preemption,
) -> None:
    """Train from where a run stands to its weights."""
    config = run.config
    position = Position(config.steps_per_epoch)
    with strategy.scope():
        start_embedding(config, encoder, pictures)
        model = training_model(config, encoder, len(pictures.class_names))
        start_centers(config, model, encoder, pictures)
        metrics = metrics_of(loss)
        model.compile(optimizer_of(config, model), loss, metrics=metrics)
        # Metrics are of all replicas already: Keras would add them up again over workers.
        model.distribute_reduction_method = "first"
        margin = getattr(loss, "current_margin", tf.Variable(0.0))
        accuracy = tf.Variable(0.0, dtype=tf.float64)  # that the margin is earned by
        callbacks = [
            DivergenceGuard(position),
            *callbacks_of(config, loss, model, position, accuracy),
            *explain.callbacks_of(config, run, model, encoder, pictures, position, profile),
        ]
        check_metric(config, metrics, callbacks)
        state = TrainingState(position, callbacks, model, margin=margin, accuracy=accuracy)
        checkpoints = Checkpoints(run.checkpoints, config.keep, config.best_metric)
        state.read_newest(checkpoints, tell)

    line = ProgressLine(config.steps, position.step, run.folder.name, config.batch_size)
    guards = [callback for callback in callbacks if hasattr(callback, "check_weights")]
    save = SaveCheckpoint(config, checkpoints, state, position, ending, guards)
    batches = shared(batches_of(config, pictures, position.step), strategy)
    with ending.after_a_step(), line, naming_pictures(config, pictures, position):
        model.fit(
            batches,
            epochs=explain.last_epoch(config, callbacks, position),
            initial_epoch=position.epoch,
            steps_per_epoch=config.steps_per_epoch,
            callbacks=[position, *callbacks, line, save],
            verbose=0,
        )
    seconds = position.seconds
    if config.validation.patience:
        state.read(checkpoints.path(checkpoints.best_of_whole()))
        model.optimizer.finalize_variable_values(model.trainable_variables)  # of ema_momentum
    centers = class_centers(model)
    if centers is not None:
        with written_aside(run.centers) as aside:
            np.save(aside, centers.numpy())
    run.note(
        precision=config.precision,
        classes=len(pictures.class_names),
        margin=float(margin.numpy()),
        training_seconds=round(seconds, 1),
        trained_steps=position.step,
        replicas=strategy.num_replicas_in_sync,
    )
    # Last: a run with weights counts as complete.
    with written_aside(run.weights) as aside:
        encoder.save_weights(aside)


if __name__ == "__main__":
    name, *overrides = sys.argv[1:]
    try:
        train(load_config(name, overrides), Path("runs") / name)
    except Preempted as ended:
        print(ended)
