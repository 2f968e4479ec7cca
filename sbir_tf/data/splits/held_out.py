"""Which items of a class are held out: the same ones on every machine and in every order."""

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

from sbir_tf.data.layouts.layout import PHOTO, SKETCH, Item
from sbir_tf.errors import UserError

PLURAL = {SKETCH: "sketches", PHOTO: "photos"}


class TooFewItems(UserError):
    """A class has no more items than are to be held out of it."""


def by_class(items: Iterable[Item], domain: str) -> dict[str, list[Item]]:
    """The items of one domain, sorted, by their class."""
    found = defaultdict(list)
    for item in sorted(items):
        if item.domain == domain:
            found[item.class_name].append(item)
    return dict(sorted(found.items()))


def held_out(
    items: Iterable[Item], domain: str, amounts: Sequence[tuple[str, float]], seed: int
) -> list[list[Item]]:
    """Some items of every class, once for each amount, no item twice.

    Which ones depends on the seed, the class and the file names alone: not on the place of the
    files, so that the variants of one data set hold out the same drawings; and a new file moves
    few. A further amount leaves the choice for those before it as it is. Where several variants
    are read at once, a drawing is held out in all of them, and counts once.

    Args:
        items: The data set.
        domain: "sketch" or "photo".
        amounts: (setting, amount) of each: how many of a class, or a share if below 1. The
            setting is what an error names.
        seed: Of the choice.

    Raises:
        TooFewItems: If a class would have none left.
    """
    chosen = [[] for _ in amounts]
    for name, of_class in by_class(items, domain).items():
        drawings = _drawings(of_class, seed)
        counts = [amount_of(amount, len(drawings), key) for key, amount in amounts]
        if len(drawings) <= sum(counts):
            key = amounts[0][0]
            given = " ".join(dict.fromkeys(f"data.{key}={amount:g}" for key, amount in amounts))
            raise TooFewItems(
                f"Of class {name!r}, with {len(drawings)} {PLURAL[domain]}, none would be left "
                f"to train on: lower data.{key} (--{key.replace('_', '-')}). Received: {given}"
            )
        for into, count in zip(chosen, counts, strict=True):
            into += (item for drawing in drawings[:count] for item in drawing)
            drawings = drawings[count:]
    return chosen


def amount_of(amount: float, total: int, key: str) -> int:
    """How many of `total` an amount is: a share, of at least one, if it is below 1."""
    if not (0 < amount < 1 or (1 <= amount < math.inf and amount == int(amount))):
        raise UserError(
            f"data.{key} is a whole number, or a share below 1. Received: data.{key}={amount:g}"
        )
    return max(1, round(amount * total)) if amount < 1 else int(amount)


def _drawings(of_class: Iterable[Item], seed: int) -> list[list[Item]]:
    """Items that are one but for their variant's folder, those above the class's, together."""
    found = defaultdict(list)
    for item in of_class:
        found[tuple(item.path.split("/")[-2:])].append(item)
    return sorted(found.values(), key=lambda drawing: _order(drawing[0], seed))


def _order(item: Item, seed: int) -> str:
    name = item.path.rpartition("/")[2]
    return hashlib.sha256(f"{seed}\n{item.class_name}\n{name}".encode()).hexdigest()
