"""What a training tells of itself while it runs: a log, curves, pictures, validation metrics."""

import keras
import tensorflow as tf

from sbir_tf.data.pipeline import TrainingPictures
from sbir_tf.data.streaming import TrainingItems
from training.config import Config
from training.explain.board import SHARE, Board
from training.explain.budget import Budget
from training.explain.costs import Costs
from training.explain.distances import Distances
from training.explain.embedding import Embedder
from training.explain.gates import GateStatistics, gates_of
from training.explain.log import EpochLog
from training.explain.profiling import Profile
from training.explain.projector import Projector
from training.explain.scalars import Scalars
from training.explain.sheets import ContactSheet
from training.explain.stopping import StopEarly, last_epoch
from training.explain.subsets import drawn, loaded, some_of, some_trained_on
from training.explain.validation import Validation, validation_part
from training.losses import class_centers
from training.position import Position
from training.run import Run
from training.strategy import workers_of

__all__ = ["callbacks_of", "last_epoch"]

SHOWN = 128  # sketches, and photos, of the training
GATED = 32  # of those, whose gates are looked at


def callbacks_of(
    config: Config,
    run: Run,
    model: keras.Model,
    encoder: keras.Model,
    pictures: TrainingPictures | TrainingItems,
    position: Position,
    profile: tuple[int, int] | None = None,
) -> list[keras.callbacks.Callback]:
    """Everything that explains a training; none of it changes a weight.

    They belong behind the callbacks that add to the logs, and before the one that keeps
    checkpoints, which may judge by what these measure.

    Args:
        config: What is trained.
        run: Where: log.csv and tensorboard/ are written into its folder.
        model: The compiled model that is fitted.
        encoder: The part of it that gives embeddings.
        pictures: What it is trained on.
        position: Where the training stands; it comes before all other callbacks.
        profile: First and last step that the profiler looks on at; None profiles none.
    """
    embedder = Embedder(encoder, config)
    part = validation_part(config)
    folder = run.folder / "tensorboard"
    writer = tf.summary.create_file_writer(str(folder))
    parts = board_parts(config, model, encoder, embedder, pictures, part, folder)
    budgets = budgets_of(config)
    callbacks = [Costs(run, budgets)]
    if part:
        budget = budgets["validation"]
        callbacks.append(Validation(config, embedder, part, position, budget, writer))
    if config.validation.patience:
        callbacks.append(StopEarly(config.validation.patience))
    callbacks += [
        EpochLog(run.log, position),
        Scalars(writer, config.batch_size, position, budgets["curves"]),
        Board(writer, parts, config.steps, position, budgets["board"]),
    ]
    return callbacks + ([Profile(folder, profile, position)] if profile else [])


def budgets_of(config: Config) -> dict[str, Budget]:
    """The shares of the time, by what they are for."""
    spec = config.validation
    # When a training stops must not depend on how fast the machine is, or on an interruption.
    validation = 1.0 if spec.patience else spec.share
    shares = {"validation": validation, "board": SHARE, "curves": 1.0}
    # Several workers must do the same at every step, however long it took each of them.
    alone = workers_of(tf.distribute.get_strategy()) == 1
    return {name: Budget(share if alone else 1.0) for name, share in shares.items()}


def board_parts(config, model, encoder, embedder, pictures, part, folder) -> list:
    """What is looked at after every epoch, of what this training has."""
    trained = tuple(loaded(items) for items in some_trained_on(config, pictures, SHOWN))
    parts = []
    if (centers := class_centers(model)) is not None:
        margin = getattr(model.loss, "current_margin", None)
        parts.append(Distances(embedder, trained, centers, margin))
    if gates_of(encoder):
        few = tuple(some_of(items, drawn(len(items), GATED, config.seed)) for items in trained)
        parts.append(GateStatistics(encoder, few))
    # Of what is trained on, sketches find pictures that they were trained to find.
    sheet = (part, "validation") if part else (trained, "trained_on")
    parts.append(ContactSheet(embedder, sheet[0], f"retrieval/{sheet[1]}"))
    parts.append(Projector(embedder, trained, pictures.class_names, folder))
    return parts
