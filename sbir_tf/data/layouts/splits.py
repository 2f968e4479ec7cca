"""How a data set in folders is cut into what is trained on and what is searched."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sbir_tf.data.layouts.layout import PHOTO, Item
from sbir_tf.errors import UserError

SUPERVISED_NOTE = (
    "supervised protocol: every photo of the gallery was trained on; only the query sketches are "
    "new"
)


@dataclass(frozen=True)
class Split:
    """What is trained on, and what searches what.

    Attributes:
        train: Sketches and photos to train on.
        queries: Sketches that search.
        gallery: Photos that are searched.
        note: What a reader of its figures must know.
    """

    train: tuple[Item, ...]
    queries: tuple[Item, ...]
    gallery: tuple[Item, ...]
    note: str


def supervised(items: Sequence[Item], test_sketches: int, seed: int = 0) -> Split:
    """The published protocol: of each class a few sketches are held out, and no photo.

    EVERY photo of the gallery was trained on, so its figures say how well new sketches find
    known photos. Which sketches are held out depends on `seed` and on their classes and file
    names alone, not on the order or the place of the files.

    Args:
        items: The data set.
        test_sketches: Held out of each class: 50 for Sketchy, 10 for TU-Berlin, as published.
        seed: Of the choice.

    Returns:
        The split.

    Raises:
        UserError: If a class has not more than `test_sketches` sketches.
    """
    sketches, photos = defaultdict(list), []
    for item in sorted(items):
        (photos if item.domain == PHOTO else sketches[item.class_name]).append(item)
    queries = []
    for name, of_class in sorted(sketches.items()):
        if len(of_class) <= test_sketches:
            raise UserError(
                f"Of class {name!r}, with {len(of_class)} sketches, none would be left to train "
                f"on: lower data.test_sketches. Received: data.test_sketches={test_sketches}"
            )
        queries += sorted(of_class, key=lambda item: _order(item, seed))[:test_sketches]
    held_out = set(queries)
    train = [item for item in sorted(items) if item not in held_out]
    return Split(tuple(train), tuple(sorted(queries)), tuple(photos), SUPERVISED_NOTE)


def _order(item: Item, seed: int) -> str:
    # By file name, not path: the variants of one data set then hold out the same drawings.
    name = item.path.rpartition("/")[2]
    return hashlib.sha256(f"{seed}\n{item.class_name}\n{name}".encode()).hexdigest()
