"""What a layout is, and what an item of a data set is."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sbir_tf.errors import UserError

SKETCH, PHOTO = "sketch", "photo"
DOMAINS = (SKETCH, PHOTO)  # a domain's place is its bit, wherever a number is wanted


@dataclass(frozen=True, slots=True, order=True)
class Item:
    """One picture of a data set.

    Attributes:
        path: Below the data set's root, with "/" on every system.
        class_name: What it shows; the name of the sketches' folder, for photos too.
        domain: "sketch" or "photo".
    """

    path: str
    class_name: str
    domain: str


@dataclass(frozen=True)
class Layout:
    """Where a data set keeps its pictures: a folder of class folders for each domain.

    Attributes:
        name: Of the layout.
        sketches, photos: The folders that hold the class folders, below the root. "{variant}"
            stands for one of several that lie beside each other. Where the sketches alone have
            variants, those are other renderings of the same drawings, and several can be read
            at once: a variant may then be several names, joined by commas.
        variant: Which of those, unless another is asked for.
        sets: The variants by which a folder is recognised; any if empty.
        aliases: Photo folder -> class, where the two names differ in their letters.
        swap_red_blue: Whether photos are stored with red and blue swapped.
        instances: Pattern whose group is the instance in an item's path; none where "".
        beside: Folder -> what a reader should know of it, where an archive has more than the
            layout reads.
    """

    name: str
    sketches: str
    photos: str
    variant: str = ""
    sets: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    swap_red_blue: bool = False
    instances: str = ""
    beside: Mapping[str, str] = field(default_factory=dict)

    def instance(self, item: Item) -> str:
        """The one thing that a picture shows, alike for a photo and the sketches of it.

        Args:
            item: A picture of the data set.

        Returns:
            Its name; "" where the layout, or this picture, has none.
        """
        found = re.search(self.instances, item.path) if self.instances else None
        return found.group(1) if found else ""

    @property
    def has_variants(self) -> bool:
        """Whether one of its folders stands beside others like it."""
        return "{variant}" in self.sketches + self.photos

    @property
    def joins_variants(self) -> bool:
        """Whether several variants can be read at once: renderings of the same drawings."""
        return self.has_variants and "{variant}" not in self.photos

    def check_variant(self, variant: str | None) -> None:
        """Refuse a variant that no folder of this layout could have.

        Raises:
            UserError: If the layout has no variants, or reads them one at a time.
        """
        if variant is not None and not self.has_variants:
            raise UserError(
                f"Layout {self.name} has no variants: name none. Received: variant={variant}"
            )
        if not self.joins_variants and len(names_of(variant)) > 1:
            raise UserError(
                f"Variants of layout {self.name} are data sets of their own: name one of them. "
                f"Received: variant={variant}"
            )

    def folders(self, domain: str, variant: str | None = None) -> tuple[str, ...]:
        """The folders of a domain's class folders, below the root: one for each variant."""
        place = self.sketches if domain == SKETCH else self.photos
        names = names_of(variant) or (self.variant,)
        return tuple(dict.fromkeys(place.format(variant=name) for name in names))

    def expects(self, variant: str | None = None) -> str:
        """What the layout looks like, for messages."""
        places = (place for domain in DOMAINS for place in self.folders(domain, variant))
        return " and ".join(f"{place}/<class>/" for place in places)

    def fits(self, root: Path, variant: str | None = None) -> bool:
        """Whether a folder has the folders of both domains."""
        places = (place for domain in DOMAINS for place in self.folders(domain, variant))
        return all(is_folder(root / place) for place in places)

    def variants(self, root: Path) -> list[str]:
        """The variants that a folder holds; none of one that may not be listed."""
        place = next((p for p in (self.sketches, self.photos) if "{variant}" in p), None)
        if place is None:
            return []
        before, _, after = place.partition("{variant}")
        parent = root / before
        try:
            found = sorted(entry.name for entry in parent.iterdir()) if parent.is_dir() else []
        except PermissionError:
            return []
        # A comma would be taken for the end of a name.
        return [n for n in found if "," not in n and is_folder(parent / (n + after))]


def names_of(variant: str | None) -> tuple[str, ...]:
    """The single variants that a user's word names."""
    return tuple(dict.fromkeys(name.strip() for name in (variant or "").split(",") if name.strip()))


def is_folder(path: Path) -> bool:
    """Whether there is a folder; one that may not be looked for is as good as none."""
    try:
        return path.is_dir()
    except PermissionError:
        return False
