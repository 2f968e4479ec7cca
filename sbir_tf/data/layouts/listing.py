"""The items of a data set on disk, in one order whatever the file system's."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sbir_tf.data.layouts.classmap import ClassMap
from sbir_tf.data.layouts.layout import DOMAINS, PHOTO, SKETCH, Item, Layout
from sbir_tf.data.layouts.pairing import Pairing, pair_folders
from sbir_tf.data.layouts.recognise import nearest_layout
from sbir_tf.data.layouts.walk import Problem, Walk, walk_classes
from sbir_tf.errors import UserError

# What TensorFlow decodes; the content decides how, not the name.
EXTENSIONS = frozenset({".png", ".jpg", ".jpeg", ".gif", ".bmp"})
# What the package `pictures` reads, and so what records can be built from.
READABLE = EXTENSIONS | {".webp"}


@dataclass(frozen=True)
class Listing:
    """What lies in a data set's folders, whether or not it can be trained on.

    Attributes:
        root: The data set's folder.
        items: All pictures, sorted; those of classes without a partner too.
        pairing: The classes of the folders.
        empty: Class folders without a picture, below the root.
        unreadable: Folders that cannot be listed, or named.
        skipped: Pictures that are no regular files, or cannot be named.
        ignored: Kind -> how many entries were passed over.
    """

    root: Path
    items: tuple[Item, ...]
    pairing: Pairing
    empty: tuple[str, ...]
    unreadable: tuple[Problem, ...]
    skipped: tuple[Problem, ...]
    ignored: Mapping[str, int]

    def check(self) -> None:
        """Refuse a data set that cannot be trained on as it is.

        Raises:
            UserError: If a folder cannot be listed, a class has no pictures, or classes have no
                partner in the other domain.
        """
        for folder in self.unreadable[:1]:
            raise UserError(f"{self.root / folder.path}: {folder.reason}")
        if self.empty:
            folders = len(self.pairing.sketches) + len(self.pairing.photos)
            raise UserError(
                f"{self.root / self.empty[0]} holds no picture "
                f"({', '.join(sorted(READABLE))}): fill or remove it. Received: "
                f"{len(self.empty)} of {folders} class folders are empty"
            )
        self.pairing.check()


def list_items(
    root: Path | str,
    layout: Layout,
    variant: str | None = None,
    class_map: ClassMap | None = None,
) -> tuple[Item, ...]:
    """All pictures of a data set that is fit to train on, sorted.

    Args:
        root: Its folder.
        layout: How it is laid out: one of `LAYOUTS`.
        variant: Which of the variants that the layout holds, or several of one set of drawings,
            joined by commas; None takes its usual one.
        class_map: Which folder shows what, where the names do not say.

    Returns:
        Items of both domains. Files and folders that are hidden, files without a picture's
        extension or with a name that is not UTF-8, and files beside the class folders are left
        out.

    Raises:
        UserError: If the root is missing or laid out otherwise, a folder cannot be listed, a
            class has no pictures, classes have no partner in the other domain, or the class map
            names a folder that is not there.
    """
    listing = list_folder(root, layout, variant, class_map)
    listing.check()
    return listing.items


def list_folder(
    root: Path | str,
    layout: Layout,
    variant: str | None = None,
    class_map: ClassMap | None = None,
) -> Listing:
    """What lies in a data set's folders, its flaws reported rather than refused.

    Args:
        root, layout, variant, class_map: As for `list_items`.

    Raises:
        UserError: If the root is missing or laid out otherwise, or the class map names a folder
            that is not there.
    """
    root = Path(root)
    check_layout(root, layout, variant)
    walks = [
        (domain, place, walk_classes(root, place, READABLE))
        for domain in DOMAINS
        for place in layout.folders(domain, variant)
    ]
    names = {
        of: {n for domain, _, walk in walks if domain == of for n in walk.pictures}
        for of in DOMAINS
    }
    if class_map:
        class_map.check(names[SKETCH] | names[PHOTO])
    pairing = pair_folders(names[SKETCH], names[PHOTO], layout, class_map)
    every = [walk for _, _, walk in walks]
    return Listing(
        root,
        _items(walks, {SKETCH: pairing.sketches, PHOTO: pairing.photos}),
        pairing,
        _empty(walks),
        tuple(sorted(problem for walk in every for problem in walk.unreadable)),
        tuple(sorted(problem for walk in every for problem in walk.skipped)),
        sum((walk.ignored for walk in every), Counter()),
    )


def _items(walks: Iterable[tuple[str, str, Walk]], classes: Mapping) -> tuple[Item, ...]:
    items = [
        Item(path, classes[domain][folder], domain)
        for domain, _, walk in walks
        for folder, paths in walk.pictures.items()
        for path in paths
    ]
    return tuple(sorted(items))


def _empty(walks: Iterable[tuple[str, str, Walk]]) -> tuple[str, ...]:
    """Class folders without a picture; those that could not be listed are named elsewhere."""
    unlisted = {problem.path for _, _, walk in walks for problem in walk.unreadable}
    empty = [
        f"{place}/{name}"
        for _, place, walk in walks
        for name, paths in walk.pictures.items()
        if not paths
    ]
    return tuple(sorted(set(empty) - unlisted))


def check_layout(root: Path, layout: Layout, variant: str | None) -> None:
    """Refuse a root that is missing or laid out otherwise, naming what was found."""
    layout.check_variant(variant)
    wanted = f"layout {layout.name} is {layout.expects(variant)}"
    if not root.is_dir():
        problem = "is not a folder" if root.exists() else "does not exist"
        raise UserError(
            f"data.root={root} {problem}: put the data set there, or name its folder with "
            f"--set data.root=FOLDER ({wanted})"
        )
    if not layout.fits(root, variant):
        try:
            found = nearest_layout(root, layout)
        except OSError as error:
            found = f"{error.filename or root} cannot be listed ({error.strerror}): mend its rights"
        raise UserError(
            f"data.root={root} is not laid out as data.layout={layout.name} ({wanted}); {found}"
        )
