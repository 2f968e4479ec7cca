"""A data set in folders, cut into what a configuration trains on and what it searches."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import tensorflow as tf

from sbir_tf.data.boxes import resize, resized_centre
from sbir_tf.data.files import TrainingFiles
from sbir_tf.data.layouts import LAYOUTS, Item, Split, list_items, supervised
from sbir_tf.data.reading import pictures_in_order
from sbir_tf.errors import UserError
from training.config import Data


@dataclass(frozen=True)
class FileItems:
    """`pictures.Items` whose pictures are read as they are needed.

    Attributes:
        paths: (N,) of the files.
        labels: (N,) int32, into the sorted class names.
        domain: 0 for sketches, 1 for photos.
        frame: Makes a picture square.
        swap_red_blue: Whether the files are stored with red and blue swapped.
    """

    paths: np.ndarray
    labels: np.ndarray
    domain: int
    frame: Callable[[tf.Tensor], tf.Tensor]
    swap_red_blue: bool

    def __len__(self) -> int:
        return len(self.paths)

    def batches(self, size: int) -> Iterator[np.ndarray]:
        """The pictures (B, S, S, 3), `size` at a time, in order."""
        return pictures_in_order(self.paths, self.frame, size, self.swap_red_blue)


def split_of(data: Data) -> Split:
    """The split that a configuration names, of what lies in its folder."""
    items = list_items(data.root, LAYOUTS[data.layout], data.variant)
    return supervised(items, data.test_sketches, data.split_seed)


def training_files(data: Data) -> TrainingFiles:
    """Everything that a configuration trains on."""
    items = split_of(data).train
    names = class_names(items)
    sketches, photos = ([i for i in items if i.domain == of] for of in ("sketch", "photo"))
    return TrainingFiles(
        paths_of(data, sketches),
        labels_of(sketches, names),
        paths_of(data, photos),
        labels_of(photos, names),
        names,
        swapped(data),
    )


def held_out(data: Data, part: str) -> tuple[FileItems, FileItems]:
    """The test sketches (queries) and all photos (gallery).

    Raises:
        UserError: If `part` is not "test".
    """
    if part != "test":
        raise UserError(
            f"The supervised split of folders has a test part alone. Received: part={part}"
        )
    split = split_of(data)
    return as_items(data, split.queries, split.gallery)


def trained_on(data: Data) -> tuple[FileItems, FileItems]:
    """The sketches and the photos of the training, seen as held-out ones are."""
    items = split_of(data).train
    sketches, photos = ([i for i in items if i.domain == of] for of in ("sketch", "photo"))
    return as_items(data, sketches, photos)


def as_items(data: Data, sketches, photos) -> tuple[FileItems, FileItems]:
    """Sketches and photos as they are evaluated: framed, not varied."""
    names = class_names(photos)

    def items(of, domain, frame, swap):
        return FileItems(paths_of(data, of), labels_of(of, names), domain, frame, swap)

    sketch_frame = partial(resized_centre, size=data.size, test_resize=data.test_resize)
    photo_frame = partial(resize, size=data.size)
    return (
        items(sketches, 0, sketch_frame, False),
        items(photos, 1, photo_frame, swapped(data)),
    )


def swapped(data: Data) -> bool:
    """Whether red and blue of the photos are swapped: as asked, or as the layout has it."""
    asked = data.swap_red_blue
    return LAYOUTS[data.layout].swap_red_blue if asked is None else asked


def class_names(items: tuple[Item, ...]) -> tuple[str, ...]:
    return tuple(sorted({item.class_name for item in items}))


def labels_of(items: list[Item], names: tuple[str, ...]) -> np.ndarray:
    label = {name: number for number, name in enumerate(names)}
    return np.array([label[item.class_name] for item in items], np.int32)


def paths_of(data: Data, items: list[Item]) -> np.ndarray:
    return np.array([str(Path(data.root) / item.path) for item in items], object)
