"""What is evaluated on: who searches what, and what each picture shows."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sbir_tf.data.icons.archive import archive_digest
from sbir_tf.data.layouts import Item
from sbir_tf.data.splits import is_split_file
from sbir_tf.errors import UserError
from training import folders, pictures
from training.config import Data
from training.fingerprint import as_text, items_of, sizes_of
from training.folders import Folder, StoredItems
from training.pictures import Items
from training.protocols.asked import ICONS, Asked
from training.protocols.cut import cut, protocol_and_data, unseen_of
from training.protocols.fine_grained import by_instance, instance_of
from training.protocols.model import Model
from training.protocols.place import place_of
from training.protocols.protocol import Protocol


@dataclass(frozen=True)
class Material:
    """Sketches and the photos that they search.

    Attributes:
        protocol: That it follows.
        part: "test" or "validation".
        data: The data set and how it is cut.
        queries, gallery: The pictures; their labels are places in `names`.
        query_ids, gallery_ids: Names of the pictures: paths, or keys of icons.
        names: What the labels mean: classes, or instances.
        query_classes, gallery_classes: The class of each picture.
        note: What a reader of its figures must know.
        excluded: Sketches that were left out, as the photo that they show is not there.
        unseen: Classes that nothing may have been trained on.
        gallery_seen: Whether its photos may have been.
        folder: Of a data set on disk.
        digest: Of the items and how they are cut.
    """

    protocol: Protocol
    part: str
    data: Data
    queries: Items | StoredItems
    gallery: Items | StoredItems
    query_ids: tuple[str, ...]
    gallery_ids: tuple[str, ...]
    names: tuple[str, ...]
    query_classes: tuple[str, ...]
    gallery_classes: tuple[str, ...]
    note: str
    excluded: int
    unseen: frozenset[str]
    gallery_seen: bool
    folder: Folder | None
    digest: str

    def facts(self) -> dict:
        """What result.json says of the data."""
        root = None if self.folder is None else self.data.root
        split = self.data.split or "none: all pictures"
        return {"source": self.data.source, "root": root, "split": split, "digest": self.digest}


def material_of(model: Model, asked: Asked, progress=None) -> Material:
    """The sketches and the photos that a protocol has a model compare.

    Raises:
        UserError: If the protocol, the data or a part of them is not there.
    """
    protocol, data = protocol_and_data(model, place_of(model, asked), asked)
    if data.source == ICONS:
        return of_icons(protocol, data, asked.part, progress)
    folder, sketches, photos = cut(data, protocol, asked.part)
    return on_disk(protocol, data, asked.part, folder, sketches, photos)


def of_icons(protocol: Protocol, data: Data, part: str, progress=None) -> Material:
    """A part of a split of the bundled icons."""
    queries, gallery = pictures.held_out(data, part, progress)
    names = pictures.bundled.class_names()
    of_queries, of_gallery = (
        tuple(names[label] for label in items.labels) for items in (queries, gallery)
    )
    return Material(
        protocol,
        part,
        data,
        queries,
        gallery,
        queries.keys,
        gallery.keys,
        tuple(names),
        of_queries,
        of_gallery,
        note="",
        excluded=0,
        unseen=frozenset() if protocol.classes_seen else frozenset(of_queries),
        gallery_seen=False,
        folder=None,
        digest=archive_digest(),
    )


def on_disk(
    protocol: Protocol,
    data: Data,
    part: str,
    folder: Folder,
    sketches: Sequence[Item],
    photos: Sequence[Item],
) -> Material:
    """Sketches and photos of a data set in a folder or in records."""
    excluded = 0
    if protocol.instances:
        sketches, photos, excluded = by_instance(sketches, photos, data.layout, data.root)
    if not sketches or not photos:
        raise UserError(
            f"The protocol {protocol.name} finds nothing to search in {data.root}. Received: "
            f"{len(sketches)} sketches and {len(photos)} photos"
        )
    names = folders.class_names(folder.items.values())
    both = folders.as_items(data, folder, sketches, photos)
    if protocol.instances:
        both, names = labelled_by_instance(both, (sketches, photos), data.layout)
    split = folder.split
    seen = protocol.gallery_seen or bool(split and split.gallery_seen)
    return Material(
        protocol,
        part,
        data,
        *both,
        *(tuple(item.path for item in of) for of in (sketches, photos)),
        names,
        *(tuple(item.class_name for item in of) for of in (sketches, photos)),
        note=folders.note_of_split(split, part) if split else "",
        excluded=excluded,
        unseen=unseen_of(protocol, split, sketches, {i.class_name for i in folder.items.values()}),
        gallery_seen=seen,
        folder=folder,
        digest=digest_of(folder),
    )


def labelled_by_instance(both, items, layout: str) -> tuple[tuple, tuple[str, ...]]:
    """Pictures whose labels are the things that they show, and the names of those."""
    shown = [[instance_of(item, layout) for item in of] for of in items]
    names = tuple(sorted({name for of in shown for name in of}))
    place = {name: number for number, name in enumerate(names)}
    labels = [np.array([place[name] for name in of], np.int32) for of in shown]
    return tuple(replace(of, labels=own) for of, own in zip(both, labels, strict=True)), names


def digest_of(folder: Folder) -> str:
    """SHA-256 of the items of a data set, their sizes and their parts."""
    items = items_of(folder) if folder.split else sizes_of(folder)
    return hashlib.sha256(as_text(items).encode("utf-8", "surrogateescape")).hexdigest()


def shown_split(data: Data) -> str:
    """A split's name, of a file without its folder."""
    return Path(data.split).name if is_split_file(data.split) else data.split
