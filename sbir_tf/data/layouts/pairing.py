"""Which photo folder shows the same thing as which sketch folder."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sbir_tf.data.layouts.classmap import ClassMap
from sbir_tf.data.layouts.layout import Layout
from sbir_tf.errors import UserError

_NAMED = 10  # classes in a message


@dataclass(frozen=True)
class Pairing:
    """The classes of a data set's folders.

    Attributes:
        sketches, photos: Folder -> class, of each domain.
        sketches_alone: Classes that no photo folder belongs to.
        photos_alone: Photo folders that belong to no class; each is one of its own.
        doubled: Class -> the photo folders, where several belong to one without being told to.
        told: Folders of which a class map says what they show.
    """

    sketches: Mapping[str, str]
    photos: Mapping[str, str]
    sketches_alone: tuple[str, ...] = ()
    photos_alone: tuple[str, ...] = ()
    doubled: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    told: frozenset[str] = frozenset()

    def check(self) -> None:
        """Refuse classes that cannot be trained on.

        Raises:
            UserError: Listing the classes without a partner, or two folders for one class.
        """
        for name, folders in self.doubled.items():
            raise UserError(
                f"Two photo folders belong to the class {name!r}: merge or rename one. Received: "
                f"{folders[0]!r} and {folders[1]!r}"
            )
        if self.photos_alone or self.sketches_alone:
            raise UserError(
                "Classes without a partner in the other domain: rename the folders alike, or "
                f"remove them. Received: sketches alone of {_some(self.sketches_alone)}; photos "
                f"alone of {_some(self.photos_alone)}"
            )


def pair_folders(
    sketches: Iterable[str],
    photos: Iterable[str],
    layout: Layout,
    class_map: ClassMap | None = None,
) -> Pairing:
    """The class of each folder.

    A folder that the class map names shows what the map says. Any other sketch folder is a class
    of its own name; any other photo folder belongs to the class of the same name, else to the
    one that the layout's aliases say, else to the one with the same letters and digits.

    Args:
        sketches: Names of the sketch folders.
        photos: Names of the photo folders.
        layout: Whose aliases count.
        class_map: The user's own word.

    Returns:
        The classes, and those that lack something.
    """
    told = class_map.classes if class_map else {}
    of_sketches = {folder: told.get(folder, folder) for folder in sorted(sketches)}
    classes = set(of_sketches.values())
    by_letters = {letters(name): name for name in sorted(classes)}
    of_photos, strangers, owners = {}, [], {}
    for folder in sorted(photos):
        usual = (folder, layout.aliases.get(folder), by_letters.get(letters(folder)))
        candidates = (told[folder],) if folder in told else usual
        match = next((name for name in candidates if name in classes), None)
        of_photos[folder] = match or candidates[0]
        if match is None:
            strangers.append(folder)
        elif folder not in told:
            owners.setdefault(match, []).append(folder)
    return Pairing(
        of_sketches,
        of_photos,
        tuple(sorted(classes - set(of_photos.values()))),
        tuple(strangers),
        {name: tuple(folders) for name, folders in owners.items() if len(folders) > 1},
        frozenset(told),
    )


def letters(name: str) -> str:
    """A folder's name without what archives write differently: "hot-air balloon" and
    "HotAirBalloon" are both "hotairballoon"."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _some(names: tuple[str, ...]) -> str:
    if not names:
        return "none"
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(map(repr, names[:_NAMED])) + more
