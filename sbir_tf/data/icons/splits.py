"""The two splits of the bundled `icons` that tell the truth: by designer and by class.

A random split over icons would not: a designer's variants of one icon are near copies.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sbir_tf.data.icons.archive import Icon
from sbir_tf.data.layouts.layout import DOMAINS

# `families_by_rule` gives these (a test recomputes them); they are written out so that a rebuilt
# archive cannot move a family from test to training unseen.
STYLES_TEST = {
    "sketch": ("boxicons", "lucide", "solar", "tabler", "tdesign", "uil"),
    "photo": ("noto", "twemoji"),
}
STYLES_VALIDATION = {"sketch": ("clarity", "iconoir", "mingcute"), "photo": ("openmoji",)}
# Shares of a domain's icons: (at least, at most).
TEST_SHARES = (0.25, 0.30)
VALIDATION_SHARES = (0.10, 0.15)
ZERO_SHOT_TEST = 0.20
ZERO_SHOT_VALIDATION = 0.10


@dataclass(frozen=True, slots=True)
class Split:
    """Three parts of the data set, each a sorted tuple of icon keys of both domains.

    Args:
        name: `styles` or `zero-shot`.
        train: what a network may be trained on.
        validation: what settings may be chosen by.
        test: what is reported: its sketches are the queries, its pictures the gallery.
        dropped: held-out sketches that no picture of their part answers.
    """

    name: str
    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]
    dropped: tuple[str, ...] = ()


def styles(icons: Sequence[Icon]) -> Split:
    """Holds out whole designer families, on both sides.

    No family of the test part or of the validation part has an icon in another part, so no test
    query and no gallery picture is in a style that was trained on. A designer of both sketches
    and pictures is trained on: held out, its sketches would find their own coloured copies.

    Args:
        icons: the data set.

    Returns:
        The split; a held-out sketch of a class without a picture in its part is `dropped`.
    """
    parts = {name: set() for name in ("train", "validation", "test")}
    for icon in icons:
        parts[_styles_part(icon)].add(icon)
    test, test_dropped = _answerable(parts["test"])
    validation, validation_dropped = _answerable(parts["validation"])
    return Split(
        "styles",
        _keys(parts["train"]),
        _keys(validation),
        _keys(test),
        _keys(test_dropped | validation_dropped),
    )


def zero_shot(icons: Sequence[Icon]) -> Split:
    """Holds out whole classes, in all styles.

    Classes are ordered by a hash of their name: the first fifth is the test part, the next tenth
    the validation part.

    Args:
        icons: the data set.

    Returns:
        The split.
    """
    names = sorted({icon.class_name for icon in icons}, key=lambda n: hash_of("zero-shot", n))
    first = round(len(names) * ZERO_SHOT_TEST)
    second = first + round(len(names) * ZERO_SHOT_VALIDATION)
    parts = (names[second:], names[first:second], names[:first])
    return Split("zero-shot", *(_keys(i for i in icons if i.class_name in part) for part in parts))


def families_by_rule(icons: Sequence[Icon]) -> tuple[dict, dict]:
    """The rule behind `STYLES_TEST` and `STYLES_VALIDATION`, which looks at no model.

    On each side the families that draw on that side alone are taken in the order of a hash of
    their name, passing over any that would exceed the largest share, until the smallest share is
    reached: first for the test part, then, from the rest, for the validation part.

    Args:
        icons: the data set.

    Returns:
        Two dicts from domain to a sorted tuple of families: test and validation.
    """
    test, validation = {}, {}
    for domain in DOMAINS:
        sizes = _one_sided_shares(icons, domain)
        test[domain] = _take(sizes, *TEST_SHARES)
        rest = {family: share for family, share in sizes.items() if family not in test[domain]}
        validation[domain] = _take(rest, *VALIDATION_SHARES)
    return test, validation


def hash_of(purpose: str, name: str) -> str:
    """A fixed pseudo-random order of names, the same on every machine."""
    return hashlib.sha256(f"{purpose}:{name}".encode()).hexdigest()


def _one_sided_shares(icons: Sequence[Icon], domain: str) -> dict[str, float]:
    mine = [icon.family for icon in icons if icon.domain == domain]
    others = {icon.family for icon in icons if icon.domain != domain}
    return {family: mine.count(family) / len(mine) for family in set(mine) - others}


def _take(shares: dict[str, float], least: float, most: float) -> tuple[str, ...]:
    taken, total = [], 0.0
    for family in sorted(shares, key=lambda f: hash_of("styles", f)):
        if total < least and total + shares[family] <= most:
            taken.append(family)
            total += shares[family]
    return tuple(sorted(taken))


def _styles_part(icon: Icon) -> str:
    if icon.family in STYLES_TEST[icon.domain]:
        return "test"
    return "validation" if icon.family in STYLES_VALIDATION[icon.domain] else "train"


def _answerable(icons: set[Icon]) -> tuple[set[Icon], set[Icon]]:
    answers = {icon.class_name for icon in icons if icon.domain == "photo"}
    dropped = {icon for icon in icons if icon.class_name not in answers}
    return icons - dropped, dropped


def _keys(icons: Iterable[Icon]) -> tuple[str, ...]:
    return tuple(sorted(icon.key for icon in icons))
