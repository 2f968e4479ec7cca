"""Where a configuration's pictures come from: the bundled icons, or folders of files."""

from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf

from sbir_tf.data.files import TrainingFiles, batches_from_files, next_files
from sbir_tf.data.layouts import SUPERVISED_NOTE
from sbir_tf.data.pipeline import (
    Augmentation,
    TrainingPictures,
    half_of,
    item_draw,
    training_batches,
)
from sbir_tf.data.reading import naming_the_unreadable
from sbir_tf.data.variations import Moved, Published
from training import folders, pictures
from training.config import Config, Data


def check_source(data: Data) -> None:
    """Refuse folders that cannot be trained on, before anything is written."""
    if data.source == "folder":
        folders.split_of(data)


def to_train_on(data: Data, progress=None) -> TrainingPictures | TrainingFiles:
    """Everything that a configuration trains on."""
    if data.source == "folder":
        return folders.training_files(data)
    return pictures.training_pictures(data, progress)


def held_out(data: Data, part: str, progress=None):
    """The sketches (queries) and the photos (gallery) of one part of the split."""
    if data.source == "folder":
        return folders.held_out(data, part)
    return pictures.held_out(data, part, progress)


def trained_on(data: Data, progress=None) -> list:
    """The pictures of a training, as they are: sketches and photos, of one or more parts."""
    if data.source == "folder":
        return list(folders.trained_on(data))
    parts = [pictures.held_out(data, part, progress) for part in data.train_on]
    return [items for part in parts for items in part]


def note_of(data: Data) -> str | None:
    """What a reader of figures must know of the split."""
    return SUPERVISED_NOTE if data.source == "folder" else None


def check_batches(config: Config, chosen: TrainingPictures | TrainingFiles) -> None:
    """Refuse pictures of which no batch can be drawn."""
    half = half_of(config.batch_size, chosen)
    item_draw(chosen, half, config.seed, config.data.classes_per_batch)


def batches_of(
    config: Config, chosen: TrainingPictures | TrainingFiles, first_step: int = 0
) -> tf.data.Dataset:
    """The batches of a training, from `first_step` on."""
    data = config.data
    settings = (config.seed, first_step, data.classes_per_batch)
    moves = Augmentation(data.sketch, data.photo, data.colour)
    if isinstance(chosen, TrainingPictures):
        return training_batches(chosen, config.batch_size, moves, *settings)
    published = data.augmentation == "published"
    variation = Published(data.size) if published else Moved(data.size, moves)
    return batches_from_files(chosen, config.batch_size, variation, *settings)


@contextmanager
def naming_pictures(config: Config, chosen, optimizer) -> Iterator[None]:
    """Turns an error about a picture into one that names its file."""

    def candidates():
        if isinstance(chosen, TrainingFiles):
            step = int(optimizer.iterations.numpy())
            settings = (config.batch_size, config.seed, step, config.data.classes_per_batch)
            yield from next_files(chosen, *settings)

    with naming_the_unreadable(candidates()):
        yield
