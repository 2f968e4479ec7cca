"""What a split is: the parts of a data set, every item named."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

from sbir_tf.errors import UserError, nearest

TRAIN, QUERIES, GALLERY = "train", "queries", "gallery"
VALIDATION_QUERIES, VALIDATION_GALLERY = "validation_queries", "validation_gallery"
UNUSED = "unused"
NEEDED = (TRAIN, QUERIES, GALLERY)
PARTS = (*NEEDED, VALIDATION_QUERIES, VALIDATION_GALLERY, UNUSED)
PROTOCOLS = ("supervised", "held-out-photos", "zero-shot", "generalised")
# Of what is evaluated: its sketches, and the photos that they search.
EVALUATED = {
    "test": (QUERIES, GALLERY),
    "validation": (VALIDATION_QUERIES, VALIDATION_GALLERY),
}
# Separators of every system, drive letters, and what no file name can hold.
_OUTSIDE = re.compile(r"^[/\\]|^[A-Za-z]:|(^|[/\\])\.\.(\Z|[/\\])")
_CROOKED = re.compile(r"(^|/)\.?(/|\Z)|\0")


@dataclass(frozen=True)
class Split:
    """What is trained on, and what searches what.

    Attributes:
        name: Such as "supervised" or "sketchy-1".
        protocol: "supervised", "held-out-photos", "zero-shot" or "generalised".
        note: What a reader of its figures must know.
        parts: Part -> paths of its items, sorted. "train" holds sketches and photos, "queries"
            the sketches that search, "gallery" the photos that are searched;
            "validation_queries" and "validation_gallery" are there both or neither. "unused"
            names the items that the split knows and leaves out.
        layout, variant: Of the data set, for a reader; "" if unknown.
        seed: Of the choices that were drawn.
        gallery_seen: Whether photos of the gallery were trained on.

    Raises:
        UserError: If a part is missing or unknown, or an item is twice in one part or lies
            outside the root.
    """

    name: str
    protocol: str
    note: str
    parts: Mapping[str, tuple[str, ...]]
    layout: str = ""
    variant: str = ""
    seed: int = 0
    gallery_seen: bool = False

    def __post_init__(self):
        if self.protocol not in PROTOCOLS:
            raise UserError(
                f"A split has no protocol {self.protocol!r}{nearest(self.protocol, PROTOCOLS)}"
            )
        check_parts(self.parts)
        # Sorted, so that two splits of the same items are equal.
        ordered = {part: tuple(sorted(self.parts[part])) for part in PARTS if part in self.parts}
        object.__setattr__(self, "parts", ordered)

    @property
    def train(self) -> tuple[str, ...]:
        return self.parts[TRAIN]

    @property
    def queries(self) -> tuple[str, ...]:
        return self.parts[QUERIES]

    @property
    def gallery(self) -> tuple[str, ...]:
        return self.parts[GALLERY]

    def of(self, path: str) -> tuple[str, ...]:
        """The parts that an item is in; none if the split does not name it."""
        return self._places.get(path, ())

    def without(self, paths: Collection[str]) -> "Split":
        """This split of the same data less some items, such as pictures that cannot be read."""
        left = {
            part: tuple(path for path in own if path not in paths)
            for part, own in self.parts.items()
        }
        return replace(self, parts=left) if paths else self

    def items(self) -> frozenset[str]:
        """The paths of all items that the split names."""
        return frozenset(self._places)

    @cached_property
    def _places(self) -> dict[str, tuple[str, ...]]:
        places: dict[str, tuple[str, ...]] = {}
        for part, paths in self.parts.items():
            for path in paths:
                places[path] = (*places.get(path, ()), part)
        return places


def check_parts(parts: Mapping[str, tuple[str, ...]]) -> None:
    """Refuse parts that are no split's."""
    unknown = sorted(set(parts) - set(PARTS))
    if unknown:
        raise UserError(f"A split has no part {unknown[0]!r}{nearest(unknown[0], PARTS)}")
    validation = {VALIDATION_QUERIES, VALIDATION_GALLERY}
    needed = {*NEEDED, *(validation if validation & set(parts) else ())}
    if not needed <= set(parts):
        missing = sorted(needed - set(parts))
        raise UserError(
            f"A split has the parts {', '.join(sorted(needed))}. Received: no {', '.join(missing)}"
        )
    for part in sorted(needed):
        if not parts[part]:
            raise UserError(f"The part {part!r} of a split needs one item or more. Received: none")
    for part, paths in parts.items():
        for path in paths:
            check_path(path)
        if len(set(paths)) != len(paths):
            first = next(a for a, b in pairwise(sorted(paths)) if a == b)
            raise UserError(f"An item is twice in the part {part!r}: remove one. Received: {first}")


def check_path(path: str) -> None:
    """Refuse a path that is not plainly below a root."""
    if _OUTSIDE.search(path):
        raise UserError(f"An item's path must stay below the data set's root. Received: {path!r}")
    if not path or _CROOKED.search(path):
        raise UserError(
            f"An item's path must be folders and a file name with single / between. Received: "
            f"{path!r}"
        )
