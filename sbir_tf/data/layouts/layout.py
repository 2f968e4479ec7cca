"""What a layout is, and what an item of a data set is."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

SKETCH, PHOTO = "sketch", "photo"


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
            stands for one of several that lie beside each other.
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

    def folder(self, domain: str, variant: str | None = None) -> str:
        """The folder of a domain's class folders, below the root."""
        place = self.sketches if domain == SKETCH else self.photos
        return place.format(variant=variant or self.variant)

    def expects(self, variant: str | None = None) -> str:
        """What the layout looks like, for messages."""
        places = (self.folder(domain, variant) for domain in (SKETCH, PHOTO))
        return " and ".join(f"{place}/<class>/" for place in places)

    def fits(self, root: Path, variant: str | None = None) -> bool:
        """Whether a folder has the folders of both domains."""
        return all((root / self.folder(domain, variant)).is_dir() for domain in (SKETCH, PHOTO))

    def variants(self, root: Path) -> list[str]:
        """The variants that a folder holds."""
        place = next((p for p in (self.sketches, self.photos) if "{variant}" in p), None)
        if place is None:
            return []
        before, _, after = place.partition("{variant}")
        parent = root / before
        found = sorted(entry.name for entry in parent.iterdir()) if parent.is_dir() else []
        return [name for name in found if (parent / (name + after)).is_dir()]
