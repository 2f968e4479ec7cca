"""Splits in which every class is trained on: sketches held out, or photos too."""

from collections.abc import Iterable, Sequence

from sbir_tf.data.layouts.layout import PHOTO, SKETCH, Item
from sbir_tf.data.splits.held_out import held_out
from sbir_tf.data.splits.split import (
    GALLERY,
    QUERIES,
    TRAIN,
    VALIDATION_GALLERY,
    VALIDATION_QUERIES,
    Split,
)

SUPERVISED_NOTE = (
    "supervised protocol: every photo of the gallery was trained on; only the query sketches are "
    "new"
)
HELD_OUT_NOTE = (
    "held-out-photos protocol: neither the query sketches nor the photos of the gallery were "
    "trained on; their classes were. The gallery is smaller than the published one: compare with "
    "no supervised figure"
)


def supervised(
    items: Sequence[Item], test_sketches: float = 10, seed: int = 0, validation: float = 0
) -> Split:
    """The published protocol: of each class a few sketches are held out, and no photo.

    EVERY photo of the gallery was trained on, so its figures say how well new sketches find
    known photos. Which sketches are held out depends on `seed` and on their classes and file
    names alone, not on the order or the place of the files.

    Args:
        items: The data set.
        test_sketches: Held out of each class: 50 for Sketchy, 10 for TU-Berlin, as published.
        seed: Of the choice.
        validation: Further sketches of each class that are neither trained on nor tested; they
            search the same photos.

    Returns:
        The split.

    Raises:
        UserError: If a class would have no sketch left to train on.
    """
    queries, validation_queries = _sketches(items, test_sketches, validation, seed)
    photos = [item for item in items if item.domain == PHOTO]
    parts = {TRAIN: _rest(items, queries, validation_queries), QUERIES: queries, GALLERY: photos}
    if validation:
        parts |= {VALIDATION_QUERIES: validation_queries, VALIDATION_GALLERY: photos}
    return Split(
        "supervised",
        "supervised",
        SUPERVISED_NOTE,
        paths_of(parts),
        seed=seed,
        gallery_seen=True,
    )


def held_out_photos(
    items: Sequence[Item],
    test_sketches: float = 10,
    test_photos: float = 0.2,
    seed: int = 0,
    validation: float = 0,
) -> Split:
    """As `supervised`, but the gallery holds only photos that were not trained on.

    The query sketches are those of `supervised` with the same seed.

    Args:
        items: The data set.
        test_sketches: Held out of each class.
        test_photos: Held out of each class: how many, or a share if below 1.
        seed: Of both choices.
        validation: Further sketches of each class for the validation part; its gallery holds as
            many further photos as the test's.

    Returns:
        The split.

    Raises:
        UserError: If a class would have no sketch or no photo left to train on.
    """
    queries, validation_queries = _sketches(items, test_sketches, validation, seed)
    amounts = [("test_photos", test_photos)] * (2 if validation else 1)
    gallery, *validation_gallery = held_out(items, PHOTO, amounts, seed)
    rest = _rest(items, queries, validation_queries, gallery, *validation_gallery)
    parts = {TRAIN: rest, QUERIES: queries, GALLERY: gallery}
    if validation:
        parts |= {VALIDATION_QUERIES: validation_queries, VALIDATION_GALLERY: validation_gallery[0]}
    return Split("held-out-photos", "held-out-photos", HELD_OUT_NOTE, paths_of(parts), seed=seed)


def paths_of(parts: dict[str, Iterable[Item]]) -> dict[str, tuple[str, ...]]:
    """The paths of the items of each part."""
    return {part: tuple(item.path for item in of) for part, of in parts.items()}


def _sketches(items, test_sketches, validation, seed) -> tuple[list[Item], list[Item]]:
    amounts = [("test_sketches", test_sketches)]
    amounts += [("validation", validation)] if validation else []
    queries, *more = held_out(items, SKETCH, amounts, seed)
    return queries, more[0] if more else []


def _rest(items: Iterable[Item], *taken: list[Item]) -> list[Item]:
    gone = {item for some in taken for item in some}
    return [item for item in items if item not in gone]
