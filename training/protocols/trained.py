"""What a model was trained on, as far as its run or its card tells.

A run's folder lists every item (`data_items.json.gz`). An exported model's card says how its data
were cut: what it trained on is found by cutting the data at hand likewise, if they go by the same
name. Of Sketchy's renderings of one drawing any one counts for all.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from sbir_tf.data.layouts.pairing import letters
from sbir_tf.data.splits import make_split, split_names
from sbir_tf.data.splits.split import TRAIN
from sbir_tf.errors import UserError
from training import pictures
from training.config import Data
from training.fingerprint import CLASSES, kept_items, sizes_of
from training.protocols.asked import ICONS
from training.protocols.material import Material, shown_split
from training.protocols.model import Model

VARIANT = re.compile(r"(^|/)tx_\d+/")


@dataclass(frozen=True)
class Trained:
    """What is known of a training.

    Attributes:
        ids: The pictures at hand that were trained on; None if that is not known.
        classes: Letters of all classes that were trained on; None if that is not known.
        told_by: Where this is known from.
    """

    ids: frozenset[str] | None
    classes: frozenset[str] | None
    told_by: str


def trained_of(model: Model, material: Material) -> Trained:
    """What a model was trained on, of what it is evaluated on."""
    own = model.trained
    if own is None:
        return Trained(None, None, "the model's card names no data")
    if own.source == ICONS:
        return of_icons(own, material)
    return by_items(model, material) if model.run else by_card(own, material)


def of_icons(own: Data, material: Material) -> Trained:
    """Of a training on the bundled icons."""
    icons, parts = pictures.trained_icons(own), " and ".join(own.train_on)
    classes = names_of(icon.class_name for icon in icons)
    here = {icon.key for icon in icons} if material.data.source == ICONS else ()
    return Trained(
        frozenset(here), classes, f"trained on the bundled icons, split {own.split}, {parts}"
    )


def by_items(model: Model, material: Material) -> Trained:
    """Of a run that lists its items."""
    facts, kept = model.run.facts().get("data", {}), kept_items(model.run.folder)
    classes = names_of(facts[CLASSES]) if CLASSES in facts else None
    if kept is None:
        return Trained(None, classes, "the run lists no items")
    told_by = "by the run's own list of items"
    if material.folder is None:
        return Trained(frozenset(), classes, told_by)
    own = model.trained
    here = material.data
    same_root = Path(own.root).resolve() == Path(here.root).resolve()
    sizes = sizes_of(material.folder) if own.source == here.source else None
    ids = trained_ids(kept, material, sizes, same_root)
    if not ids and own.layout != here.layout:  # other paths say nothing of the pictures
        ids = None
    return Trained(ids, classes, told_by)


def trained_ids(
    kept: Mapping[str, list], material: Material, sizes: Mapping | None, same_root: bool
) -> frozenset:
    """The items at hand that a list says were trained on.

    The same path, and elsewhere the same size if it tells; or, moved or read by another layout,
    the same name in a folder of the same name, of the same size.
    """
    trained = {path: size for path, (size, parts) in kept.items() if TRAIN in parts.split()}
    drawings = {drawing_of(path) for path in trained}
    moved = {(*place_in_class(path), size) for path, size in trained.items()} if sizes else set()

    def is_trained(path: str) -> bool:
        if path in trained and (same_root or not sizes or sizes[path] == trained[path]):
            return True
        if sizes and (*place_in_class(path), sizes[path]) in moved:
            return True
        return drawing_of(path) != path and drawing_of(path) in drawings

    return frozenset(filter(is_trained, (*material.query_ids, *material.gallery_ids)))


def place_in_class(path: str) -> tuple[str, str]:
    """Letters of the name of an item's folder, and the name of its file."""
    place = PurePosixPath(path)
    return letters(place.parent.name), place.name


def drawing_of(path: str) -> str:
    """A path whatever the rendering that it names."""
    return VARIANT.sub(r"\1tx/", path)


def by_card(own: Data, material: Material) -> Trained:
    """Of an exported model, whose card says how its data were cut."""
    data, named = material.data, f"by its card: trained on {own.root!r}, split {own.split}"
    if material.folder is None:
        return Trained(frozenset(), None, named)
    if Path(data.root).resolve().name != own.root:
        return Trained(None, classes_of_layout(own, material), f"{named}, not on these by name")
    if own.split in split_names():
        split = recut(own, material)
    else:  # a file's, of the same name here, or what the records were built by
        split = material.folder.split if own.split == shown_split(data) else None
    if split is None:
        return Trained(None, classes_of_layout(own, material), named)
    items = material.folder.items
    trained = {drawing_of(path) for path in split.train}
    ids = frozenset(path for path in items if drawing_of(path) in trained)
    return Trained(ids, names_of(items[path].class_name for path in split.train), named)


def recut(own: Data, material: Material):
    """The data at hand, cut as a card says that a model's were; None if they cannot be."""
    data = replace(own, root=material.data.root)
    try:
        return make_split(
            data.split,
            list(material.folder.items.values()),
            test_sketches=data.test_sketches,
            test_photos=data.test_photos,
            seed=data.split_seed,
            validation=data.validation,
        )
    except UserError:
        return None


def classes_of_layout(own: Data, material: Material) -> frozenset[str] | None:
    """The classes of a training on every class of a public data set, as the one at hand is."""
    every = own.split in ("supervised", "held-out-photos")
    if not every or own.layout == "plain" or own.layout != material.data.layout:
        return None
    return names_of(item.class_name for item in material.folder.items.values())


def names_of(classes) -> frozenset[str]:
    """Letters of class names, as data sets write them differently."""
    return frozenset(map(letters, classes))
