"""Where a configuration's pictures come from: the bundled icons, or a data set on disk."""

from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf

from sbir_tf.data.pipeline import (
    Augmentation,
    TrainingPictures,
    half_of,
    item_draw,
    training_batches,
)
from sbir_tf.data.streaming import (
    TrainingItems,
    naming_the_unreadable,
    next_places,
    streamed_batches,
)
from sbir_tf.data.variations import Moved, Published
from training import folders, pictures
from training.config import Config, Data
from training.position import Position


def to_train_on(data: Data, progress=None) -> TrainingPictures | TrainingItems:
    """Everything that a configuration trains on."""
    if data.source != "icons":
        return folders.training_items(data)
    return pictures.training_pictures(data, progress)


def held_out(data: Data, part: str, progress=None):
    """The sketches (queries) and the photos (gallery) of one part of the split."""
    if data.source != "icons":
        return folders.held_out(data, part)
    return pictures.held_out(data, part, progress)


def trained_on(data: Data, progress=None) -> list:
    """The pictures of a training, as they are: sketches and photos, of one or more parts."""
    if data.source != "icons":
        return list(folders.trained_on(data))
    parts = [pictures.held_out(data, part, progress) for part in data.train_on]
    return [items for part in parts for items in part]


def note_of(data: Data, part: str = "test") -> str | None:
    """What a reader of a part's figures must know of the split."""
    return folders.note_of(data, part) if data.source != "icons" else None


def check_batches(config: Config, chosen: TrainingPictures | TrainingItems) -> None:
    """Refuse pictures of which no batch can be drawn."""
    half = half_of(config.batch_size, chosen)
    item_draw(chosen, half, config.seed, *_sampling(config.data))


def batches_of(
    config: Config, chosen: TrainingPictures | TrainingItems, first_step: int = 0
) -> tf.data.Dataset:
    """The batches of a training, from `first_step` on."""
    data = config.data
    settings = (config.seed, first_step, *_sampling(data))
    moves = Augmentation(data.sketch, data.photo, data.colour, data.drawing)
    if isinstance(chosen, TrainingPictures):
        return training_batches(chosen, config.batch_size, moves, *settings)
    published = data.augmentation == "published"
    variation = Published(data.size, drawing=data.drawing) if published else Moved(data.size, moves)
    return streamed_batches(chosen, config.batch_size, variation, *settings)


def _sampling(data: Data) -> tuple[int | None, bool]:
    return data.classes_per_batch, data.balance == "classes"


@contextmanager
def naming_pictures(config: Config, chosen, position: Position) -> Iterator[None]:
    """Turns an error about a picture into one that names it."""

    def candidates():
        if isinstance(chosen, TrainingItems):
            settings = (config.batch_size, config.seed, position.step, *_sampling(config.data))
            yield from next_places(chosen, *settings)

    with naming_the_unreadable(candidates()):
        yield
