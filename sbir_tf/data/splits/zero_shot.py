"""Splits in which the classes that are searched for were never trained on."""

import hashlib
from collections.abc import Sequence
from types import MappingProxyType

from sbir_tf.data.layouts.layout import PHOTO, SKETCH, Item
from sbir_tf.data.layouts.pairing import letters
from sbir_tf.data.splits.held_out import held_out
from sbir_tf.data.splits.split import (
    GALLERY,
    QUERIES,
    TRAIN,
    VALIDATION_GALLERY,
    VALIDATION_QUERIES,
    Split,
)
from sbir_tf.data.splits.supervised import paths_of
from sbir_tf.data.splits.unseen import UNSEEN, unseen_classes
from sbir_tf.errors import UserError

# Of the seen classes' items, which are held out of training to be queries or gallery.
GENERALISED = MappingProxyType({"all-seen": (), "held-out": (PHOTO,), "both": (SKETCH, PHOTO)})


def zero_shot(
    name: str, items: Sequence[Item], seed: int = 0, validation: float = 0, test_photos: float = 0.2
) -> Split:
    """The classes of a published list are searched, all others are trained on.

    With nothing behind the list's name, sketches of the unseen classes search photos of the
    unseen classes. Generalised, photos of the seen classes lie among them. Papers mean different
    things by that word, so that theirs must be named:

    - `+generalised:all-seen`: unseen sketches search the unseen photos and all photos that were
      trained on.
    - `+generalised:held-out`: unseen sketches search the unseen photos and a share of the seen
      classes' photos, which is not trained on.
    - `+generalised:both`: a share of the seen classes' sketches and photos is not trained on;
      those sketches and the unseen ones search those photos and the unseen ones.

    See docs/splits.md for who uses which.

    Args:
        name: A list of `UNSEEN`, such as "sketchy-1", or one with a definition behind it, such
            as "sketchy-1+generalised:held-out".
        items: The data set.
        seed: Of what is drawn.
        validation: Share of the seen classes that is not trained on: their sketches search their
            photos in the validation part.
        test_photos: Share (or number) that a generalised split holds out of each seen class.

    Returns:
        The split.

    Raises:
        UserError: If the data lacks a class of the list, or nothing would be left to train on.
    """
    base, _, generalised = name.partition("+generalised:")
    unseen = unseen_classes(base, {item.class_name for item in items})
    apart = _validation_classes({i.class_name for i in items} - unseen, seed, validation)
    seen = [item for item in items if item.class_name not in unseen | apart]
    parts = _searched(items, unseen, (QUERIES, GALLERY))
    if apart:
        parts |= _searched(items, apart, (VALIDATION_QUERIES, VALIDATION_GALLERY))
    if generalised == "all-seen":
        parts[GALLERY] += [item for item in seen if item.domain == PHOTO]
    elif generalised:
        seen = _hold_out_of(seen, generalised, parts, test_photos, seed)
    return Split(
        name,
        "generalised" if generalised else "zero-shot",
        zero_shot_note(name) + _kept_apart(apart, generalised),
        paths_of(parts | {TRAIN: seen}),
        seed=seed,
        gallery_seen=generalised == "all-seen",
    )


def zero_shot_names() -> list[str]:
    """The names that `zero_shot` knows."""
    return [*UNSEEN, *(f"{base}+generalised:{kind}" for base in UNSEEN for kind in GENERALISED)]


def zero_shot_note(name: str) -> str:
    """What a reader of such a split's figures must know."""
    base, _, generalised = name.partition("+generalised:")
    count = f"{len(UNSEEN[base])} classes of the list {base}"
    note = {
        "": f"zero-shot protocol: sketches of the {count} search photos of these classes alone, "
        "and nothing of them was trained on",
        "all-seen": f"generalised zero-shot protocol, all-seen: sketches of the {count} search "
        "their photos among all photos that were trained on; nothing of these classes was",
        "held-out": f"generalised zero-shot protocol, held-out: sketches of the {count} search "
        "their photos among held-out photos of the trained classes; nothing of the gallery was "
        "trained on",
        "both": f"generalised zero-shot protocol, both: sketches of the {count} and held-out "
        "sketches of the trained classes search held-out photos of all; neither queries nor "
        "gallery were trained on, and the figures mix seen and unseen classes",
    }[generalised]
    if base == "sketchy-2":
        return f"{note} (the list was made of classes that ImageNet-1k lacks)"
    return f"{note}; weights that were pretrained on ImageNet may have seen photos of them"


def _kept_apart(classes: set[str], generalised: str) -> str:
    if not (classes and generalised):
        return ""
    return (
        f"; {len(classes)} seen classes are the validation part's alone and not searched: the "
        "test is smaller than without one"
    )


def _searched(items: Sequence[Item], classes: set[str], parts: tuple[str, str]) -> dict:
    chosen = [item for item in items if item.class_name in classes]
    domains = zip(parts, (SKETCH, PHOTO), strict=True)
    return {part: [item for item in chosen if item.domain == domain] for part, domain in domains}


def _hold_out_of(seen: list[Item], kind: str, parts: dict, amount: float, seed: int) -> list[Item]:
    """Moves a share of the seen classes' items to the parts that are searched; gives the rest."""
    gone = set()
    for domain in GENERALISED[kind]:
        (chosen,) = held_out(seen, domain, [("test_photos", amount)], seed)
        parts[GALLERY if domain == PHOTO else QUERIES] += chosen
        gone.update(chosen)
    return [item for item in seen if item not in gone]


def _validation_classes(seen: set[str], seed: int, share: float) -> set[str]:
    if not share:
        return set()
    if not 0 < share < 1:
        raise UserError(
            "data.validation of a zero-shot split is the share of the seen classes, from 0 to "
            f"below 1. Received: data.validation={share:g}"
        )
    count = max(1, round(share * len(seen)))
    if count >= len(seen):
        raise UserError(
            f"Of the {len(seen)} seen classes none would be left to train on: lower "
            f"data.validation (--validation). Received: data.validation={share:g}"
        )
    return set(sorted(seen, key=lambda name: _order(name, seed))[:count])


def _order(class_name: str, seed: int) -> str:
    text = f"{seed}\nvalidation\n{letters(class_name)}"
    return hashlib.sha256(text.encode()).hexdigest()
