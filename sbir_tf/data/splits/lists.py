"""Splits from the lists of others: the authors' JSON, and text lists as SAKE's."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from sbir_tf.data.layouts.layout import PHOTO, SKETCH, Item
from sbir_tf.data.splits.entries import Entry, read_entries
from sbir_tf.data.splits.matching import Matcher
from sbir_tf.data.splits.split import (
    GALLERY,
    QUERIES,
    TRAIN,
    UNUSED,
    VALIDATION_GALLERY,
    VALIDATION_QUERIES,
    Split,
)
from sbir_tf.data.splits.supervised import paths_of
from sbir_tf.errors import UserError


def read_lists(
    files: Sequence[Path | str],
    items: Sequence[Item],
    digests: Mapping[str, str] | None = None,
    *,
    layout: str = "",
    variant: str = "",
) -> Split:
    """The split that others' lists say, of the data as it lies on disk.

    The authors' release has one JSON, `{"train": [["sketches/cat/1.png", 0], ...], "test": ...}`;
    SAKE and its descendants have text lists of lines `path 12`, one for each of train or zero
    (the unseen classes), sketches or photos. Their paths are found by their ends, see `Matcher`.
    Where no list of the test names a photo, the trained photos are the gallery, or, if none is
    listed at all, all photos are both, as in the supervised protocol: of classes that are trained
    on alone. A validation list without photos searches the gallery if that is trained on, and is
    left out if not.

    A photo that is listed again, under its other place or as a copy, is kept once: the lists that
    add `256x256/photo` to `EXTEND_image_sketchy` have 12,500 of them in the gallery. The note
    says how many. What no list names is the part "unused".

    Args:
        files: The lists; a text list's role is in its name, or before it as in "train=FILE".
        items: The data set.
        digests: Path -> digest, to find copies by their content; None finds them by class and
            file name.
        layout, variant: Of the data set, to be written into the split.

    Returns:
        The split, its protocol told by what it says.

    Raises:
        UserError: If a list cannot be read, an entry points outside the root or means no item or
            several, a label means two classes or a class has two labels, or a part stays empty.
    """
    entries = [entry for file in files for entry in read_entries(str(file))]
    by_role: dict[str, list[tuple[Entry, Item]]] = {}
    for entry, item in Matcher(items).find_all(entries):
        by_role.setdefault(entry.role, []).append((entry, item))
    for pairs in by_role.values():
        _check_labels(pairs)
    kept, dropped = {}, 0
    for role, pairs in by_role.items():
        kept[role] = _once([item for _, item in pairs], digests)
        dropped += len(pairs) - len(kept[role])
    parts = _parts(kept, items)
    remarks = []
    if _validation(kept) and VALIDATION_QUERIES not in parts:
        remarks.append("the validation lists are left out: they lack sketches, or photos")
    if dropped:
        repeated = f"{dropped} entries that repeat a picture were left out"
        remarks.append(f"{repeated}: others may count them")
    known = {item for of in parts.values() for item in of}
    if rest := [item for item in items if item not in known]:
        parts[UNUSED] = rest
    return _split(parts, remarks, [Path(str(file)).name for file in files], layout, variant)


def _check_labels(pairs: Iterable[tuple[Entry, Item]]) -> None:
    """One label is one class, in all lists of one role."""
    classes: dict[int, str] = {}
    labels: dict[str, int] = {}
    for entry, item in pairs:
        name = classes.setdefault(entry.label, item.class_name)
        label = labels.setdefault(item.class_name, entry.label)
        if name != item.class_name:
            raise UserError(
                f"{entry.source}: the label {entry.label} means one class. Received: {name!r} and "
                f"{item.class_name!r}"
            )
        if label != entry.label:
            raise UserError(
                f"{entry.source}: the class {name!r} has one label. Received: {label} and "
                f"{entry.label}"
            )


def _once(items: list[Item], digests: Mapping[str, str] | None) -> list[Item]:
    """The items without repetitions, and without copies among the photos."""
    seen, kept = set(), []
    for item in dict.fromkeys(items):
        if item.domain == PHOTO:
            key = _content(item, digests)
            if key in seen:
                continue
            seen.add(key)
        kept.append(item)
    return kept


def _content(item: Item, digests: Mapping[str, str] | None) -> object:
    if digests is None:
        return item.class_name, item.path.rpartition("/")[2]
    return digests.get(item.path) or item


def _parts(kept: dict[str, list[Item]], items: Sequence[Item]) -> dict[str, list[Item]]:
    train, test = kept.get("train", []), kept.get("zero", kept.get("test", []))
    if not train or not test:
        lacking = "the training" if not train else "the test"
        raise UserError(
            f"No list is of {lacking}: name it too. Received: lists of {', '.join(sorted(kept))}"
        )
    queries, gallery = _domain(test, SKETCH), _domain(test, PHOTO)
    if not gallery:
        _check_known(queries, train)
        gallery = _domain(train, PHOTO) or _domain(items, PHOTO)
        train = list(dict.fromkeys([*train, *gallery]))
    parts = {TRAIN: train, QUERIES: queries, GALLERY: gallery}
    sketches, photos = (_domain(_validation(kept), domain) for domain in (SKETCH, PHOTO))
    # A gallery that is not trained on is the test's alone.
    photos = photos or (gallery if set(gallery) <= set(train) else [])
    if sketches and photos:
        parts |= {VALIDATION_QUERIES: sketches, VALIDATION_GALLERY: photos}
    _check_searchable(parts)
    return parts


def _validation(kept: dict[str, list[Item]]) -> list[Item]:
    """What SAKE calls "test" beside "zero" is a validation part."""
    return kept.get("validation", kept.get("test", []) if "zero" in kept else [])


def _check_known(queries: list[Item], train: list[Item]) -> None:
    """Refuse to take the trained photos for a gallery that has to be of other classes."""
    if unseen := sorted(_classes(queries) - _classes(train)):
        raise UserError(
            "The lists name no photo of the classes that are searched for, and these are not "
            "trained on: name the list of the test's photos too. Received: "
            f"{', '.join(map(repr, unseen[:5]))}"
        )


def _check_searchable(parts: dict[str, list[Item]]) -> None:
    for domain in (SKETCH, PHOTO):
        if not _domain(parts[TRAIN], domain):
            raise UserError(f"The lists name no {domain} to train on: name the list of those too")
    if not parts[QUERIES]:
        raise UserError("The lists name no sketch that searches: name the list of those too")
    lonely = sorted(_classes(parts[QUERIES]) - _classes(parts[GALLERY]))
    if lonely:
        raise UserError(
            f"{len(lonely)} classes are searched for and have no photo in the gallery: name the "
            f"list of the test's photos too. Received: {', '.join(map(repr, lonely[:5]))}"
        )


def _split(parts, remarks: list[str], names: list[str], layout: str, variant: str) -> Split:
    seen, searched = _classes(parts[TRAIN]), _classes(parts[QUERIES] + parts[GALLERY])
    trained = set(parts[GALLERY]) & set(parts[TRAIN])
    # Some photos of the gallery that are trained on, and others not, are a mistake of the lists.
    known = {photo for photo in parts[GALLERY] if photo.class_name in seen}
    fully = bool(trained) and known == trained
    protocol = "generalised"
    if searched <= seen:
        protocol = "supervised" if fully else "held-out-photos"
    elif not searched & seen:
        protocol = "zero-shot"
    note = (
        f"{protocol} protocol, as the lists {', '.join(names)} say: {len(trained)} of "
        f"{len(parts[GALLERY])} photos of the gallery and {len(searched & seen)} of "
        f"{len(searched)} searched classes were trained on"
    )
    return Split(
        "lists",
        protocol,
        "; ".join([note, *remarks]),
        paths_of(parts),
        layout=layout,
        variant=variant,
        gallery_seen=fully,
    )


def _domain(items: Iterable[Item], domain: str) -> list[Item]:
    return [item for item in items if item.domain == domain]


def _classes(items: Iterable[Item]) -> set[str]:
    return {item.class_name for item in items}
