"""A data set on disk, in a folder or in records, cut into what a configuration trains on and what
it searches."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import tensorflow as tf

from sbir_tf.data.boxes import resize, resized_centre
from sbir_tf.data.layouts import EXTENSIONS, LAYOUTS, Item, Listing, list_folder, read_class_map
from sbir_tf.data.layouts.layout import DOMAINS, PHOTO, SKETCH
from sbir_tf.data.records import open_records
from sbir_tf.data.splits import (
    Split,
    check_leaks,
    check_split,
    is_split_file,
    make_split,
    read_split,
)
from sbir_tf.data.splits.split import EVALUATED
from sbir_tf.data.stores import Files, RecordRows, Store
from sbir_tf.data.streaming import TrainingItems, pictures_in_order
from sbir_tf.errors import UserError
from training.config import Data
from training.rules import BUILT


@dataclass(frozen=True)
class StoredItems:
    """`pictures.Items` whose pictures are read as they are needed.

    Attributes:
        places: (N,) of the pictures, in their store.
        labels: (N,) int32, into the sorted class names of the whole data set.
        domain: 0 for sketches, 1 for photos.
        frame: Makes a picture square.
        store: Where the places are.
    """

    places: np.ndarray
    labels: np.ndarray
    domain: int
    frame: Callable[[tf.Tensor], tf.Tensor]
    store: Store

    def __len__(self) -> int:
        return len(self.places)

    def batches(self, size: int) -> Iterator[np.ndarray]:
        """The pictures (B, S, S, 3), `size` at a time, in order."""
        return pictures_in_order(self.store, self.places, self.frame, size)


@dataclass(frozen=True)
class OnDisk:
    """A data set on disk, not yet cut.

    Attributes:
        items: All that can be read of it.
        stores: Where its sketches and its photos are.
        places: Of the items in those stores, in their order.
        built: The split that it was built with, of records.
        skipped: Paths that a split of the data set may name, though they could not be read when
            the records were built.
    """

    items: Sequence[Item]
    stores: tuple[Store, Store]
    places: Sequence
    built: Split | None = None
    skipped: Collection[str] = ()


@dataclass(frozen=True)
class Folder:
    """A data set on disk and how it is cut.

    Attributes:
        items: All of its items, by their paths.
        split: Of them.
        stores: Where its sketches and its photos are.
        places: Of the items in those stores, by their paths.
    """

    items: Mapping[str, Item]
    split: Split
    stores: tuple[Store, Store]
    places: Mapping[str, object]

    def part(self, name: str) -> list[Item]:
        """The items of a part, sorted."""
        return [self.items[path] for path in self.split.parts[name]]


def folder_of(data: Data) -> Folder:
    """What lies in a configuration's folder or records, cut as it says.

    Raises:
        UserError: If it is laid out otherwise, its split is of other data, or leaks.
    """
    opened = open_records_of(data) if data.source == "records" else open_files_of(data)
    split = split_of(data, opened)
    check_leaks(split)
    paths = [item.path for item in opened.items]
    by_path = dict(zip(paths, opened.items, strict=True))
    return Folder(by_path, split, opened.stores, dict(zip(paths, opened.places, strict=True)))


def listing_of(data: Data) -> Listing:
    """What lies in a configuration's folder."""
    class_map = read_class_map(data.class_map) if data.class_map else None
    return list_folder(data.root, LAYOUTS[data.layout], data.variant, class_map)


def open_files_of(data: Data) -> OnDisk:
    """A data set in a folder."""
    listing = listing_of(data)
    listing.check()
    check_extensions(data, listing.items)
    places = [Path(data.root) / item.path for item in listing.items]
    return OnDisk(listing.items, (Files(), Files(swapped(data))), places)


def check_extensions(data: Data, items: Iterable[Item]) -> None:
    """Refuse pictures that TensorFlow cannot read from their files."""
    others = [item.path for item in items if Path(item.path).suffix.lower() not in EXTENSIONS]
    if others:
        raise UserError(
            f"TensorFlow reads no {Path(others[0]).suffix} files: build records of {data.root} "
            "with `sbir data build` and train on them with data.source=records. Received: "
            f"{len(others)} such pictures, {others[0]} the first"
        )


def open_records_of(data: Data) -> OnDisk:
    """A data set in records; red and blue were set right when they were built."""
    records = open_records(data.root)
    keys, names, bits = (records.table[name].to_pylist() for name in ("key", "class", "domain"))
    if strange := sorted(set(bits) - {0, 1}):
        raise UserError(
            f"data.root={data.root} holds domains that are neither 0 nor 1: build it anew (`sbir "
            f"data validate {data.root}` names the records). Received: domain {strange[0]}"
        )
    items = [Item(*it, DOMAINS[bit]) for *it, bit in zip(keys, names, bits, strict=True)]
    store = RecordRows(records)
    return OnDisk(items, (store, store), range(len(items)), records.split, records.skipped)


def split_of(data: Data, opened: OnDisk) -> Split:
    """The split that a configuration names."""
    if data.split == BUILT and opened.built is None:
        raise UserError(
            f"{data.root} was built without a split: name one with --set data.split=supervised, "
            "say, or build it with `sbir data build --split`"
        )
    if data.split == BUILT:
        return opened.built.without(opened.skipped)
    if is_split_file(data.split):
        split = read_split(data.split).without(opened.skipped)
        check_split(split, opened.items)
        return split
    return make_split(
        data.split,
        opened.items,
        test_sketches=data.test_sketches,
        test_photos=data.test_photos,
        seed=data.split_seed,
        validation=data.validation,
        layout=data.layout,
        variant=data.variant or "",
    )


def note_of(data: Data, part: str = "test") -> str:
    """What a reader of a part's figures must know of the split."""
    return note_of_split(folder_of(data).split, part)


def note_of_split(split: Split, part: str = "test") -> str:
    """The same, of a split that is read."""
    if part == "validation" and split.protocol in ("zero-shot", "generalised"):
        return (
            f"validation part of the split {split.name}: sketches of classes that were kept out of "
            "the training search photos of these classes alone"
        )
    return split.note


def training_items(data: Data) -> TrainingItems:
    """Everything that a configuration trains on; the labels count its classes alone."""
    folder = folder_of(data)
    items = folder.part("train")
    names = class_names(items)
    sketches, photos = by_domain(items)
    return TrainingItems(
        places_of(folder, sketches, 0),
        labels_of(sketches, names),
        places_of(folder, photos, 1),
        labels_of(photos, names),
        names,
        *folder.stores,
    )


def held_out(data: Data, part: str) -> tuple[StoredItems, StoredItems]:
    """The sketches (queries) and the photos (gallery) of "test" or "validation".

    Raises:
        UserError: If the split has no such part.
    """
    folder = folder_of(data)
    if part not in EVALUATED or EVALUATED[part][0] not in folder.split.parts:
        raise UserError(
            f"The split data.split={data.split} has a test part alone. Received: part={part} "
            "(a validation part is made of the training data by data.validation or, in a file, by "
            "`sbir data split --validation`)"
        )
    queries, gallery = (folder.part(name) for name in EVALUATED[part])
    return as_items(data, folder, queries, gallery)


def trained_on(data: Data) -> tuple[StoredItems, StoredItems]:
    """The sketches and the photos of the training, seen as held-out ones are."""
    folder = folder_of(data)
    return as_items(data, folder, *by_domain(folder.part("train")))


def as_items(data: Data, folder: Folder, sketches, photos) -> tuple[StoredItems, StoredItems]:
    """Sketches and photos as they are evaluated: framed, not varied; labelled over all classes."""
    names = class_names(folder.items.values())

    def items(of, domain, frame):
        places = places_of(folder, of, domain)
        return StoredItems(places, labels_of(of, names), domain, frame, folder.stores[domain])

    sketch_frame = partial(resized_centre, size=data.size, test_resize=data.test_resize)
    return items(sketches, 0, sketch_frame), items(photos, 1, partial(resize, size=data.size))


def swapped(data: Data) -> bool:
    """Whether red and blue of the photos are swapped: as asked, or as the layout has it."""
    asked = data.swap_red_blue
    return LAYOUTS[data.layout].swap_red_blue if asked is None else asked


def by_domain(items: Iterable[Item]) -> tuple[list[Item], list[Item]]:
    """The sketches and the photos."""
    sketches = [item for item in items if item.domain == SKETCH]
    return sketches, [item for item in items if item.domain == PHOTO]


def class_names(items: Iterable[Item]) -> tuple[str, ...]:
    return tuple(sorted({item.class_name for item in items}))


def labels_of(items: list[Item], names: tuple[str, ...]) -> np.ndarray:
    label = {name: number for number, name in enumerate(names)}
    return np.array([label[item.class_name] for item in items], np.int32)


def places_of(folder: Folder, items: list[Item], domain: int) -> np.ndarray:
    return folder.stores[domain].places([folder.places[item.path] for item in items])
