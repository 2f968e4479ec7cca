"""Every split that has a name, made of a data set's items."""

import dataclasses
from collections.abc import Sequence

from sbir_tf.data.layouts.layout import Item
from sbir_tf.data.splits.split import Split
from sbir_tf.data.splits.supervised import (
    HELD_OUT_NOTE,
    SUPERVISED_NOTE,
    held_out_photos,
    supervised,
)
from sbir_tf.data.splits.zero_shot import zero_shot, zero_shot_names, zero_shot_note
from sbir_tf.errors import UserError, nearest

_NOTES = {"supervised": SUPERVISED_NOTE, "held-out-photos": HELD_OUT_NOTE}


def split_names() -> list[str]:
    """The names that `make_split` knows."""
    return [*_NOTES, *zero_shot_names()]


def check_name(name: str) -> None:
    """Refuse a name that is no split's, with the nearest."""
    if name not in split_names():
        raise UserError(f"There is no split {name!r}{nearest(name, split_names())}")


def note_for(name: str) -> str:
    """What a reader of a named split's figures must know."""
    check_name(name)
    return _NOTES[name] if name in _NOTES else zero_shot_note(name)


def make_split(
    name: str,
    items: Sequence[Item],
    *,
    test_sketches: float = 10,
    test_photos: float = 0.2,
    seed: int = 0,
    validation: float = 0,
    layout: str = "",
    variant: str = "",
) -> Split:
    """The split of a name.

    Args:
        name: "supervised", "held-out-photos", a list of unseen classes ("sketchy-1",
            "sketchy-2", "tuberlin-30", "quickdraw-30"), or one of those with
            "+generalised:all-seen", "+generalised:held-out" or "+generalised:both" behind it.
        items: The data set.
        test_sketches: Of "supervised" and "held-out-photos": sketches held out of each class.
        test_photos: Of "held-out-photos" and the generalised splits: how many photos of each
            class are held out, or a share if below 1.
        seed: Of what is drawn.
        validation: What a validation part holds out of the training data: sketches of each
            class, or for zero-shot splits a share of the seen classes. 0 makes none.
        layout, variant: Of the data set, to be written into the split.

    Returns:
        The split.

    Raises:
        UserError: If the name is unknown, or the data cannot be cut so.
    """
    check_name(name)
    options = {"seed": seed, "validation": validation}
    if name == "supervised":
        split = supervised(items, test_sketches, **options)
    elif name == "held-out-photos":
        split = held_out_photos(items, test_sketches, test_photos, **options)
    else:
        split = zero_shot(name, items, test_photos=test_photos, **options)
    return dataclasses.replace(split, layout=layout, variant=variant)
