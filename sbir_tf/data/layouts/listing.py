"""The items of a data set on disk, in one order whatever the file system's."""

import os
from pathlib import Path

from sbir_tf.data.layouts.layout import PHOTO, SKETCH, Item, Layout
from sbir_tf.data.layouts.pairing import paired_classes
from sbir_tf.data.layouts.plain import PLAIN
from sbir_tf.data.layouts.release import RELEASE
from sbir_tf.data.layouts.sketchy_ext import SKETCHY_EXT
from sbir_tf.data.layouts.tuberlin_ext import TUBERLIN_EXT
from sbir_tf.errors import UserError

LAYOUTS = {layout.name: layout for layout in (SKETCHY_EXT, TUBERLIN_EXT, RELEASE, PLAIN)}
# What TensorFlow decodes; the content decides how, not the name.
EXTENSIONS = frozenset({".png", ".jpg", ".jpeg", ".gif", ".bmp"})


def list_items(root: Path | str, layout: Layout, variant: str | None = None) -> tuple[Item, ...]:
    """All pictures of a data set, sorted.

    Args:
        root: Its folder.
        layout: How it is laid out: one of `LAYOUTS`.
        variant: Which of the variants that the layout holds; None takes its usual one.

    Returns:
        Items of both domains. Files and folders that are hidden, files without a picture's
        extension, and files beside the class folders are left out.

    Raises:
        UserError: If the root is missing or laid out otherwise, a class has no pictures, or
            classes have no partner in the other domain.
    """
    root = Path(root)
    check_layout(root, layout, variant)
    files = {
        domain: _pictures_by_class(root, layout.folder(domain, variant))
        for domain in (SKETCH, PHOTO)
    }
    classes = paired_classes(files[SKETCH], files[PHOTO], layout)
    items = [Item(path, name, SKETCH) for name, paths in files[SKETCH].items() for path in paths]
    items += [
        Item(path, classes[name], PHOTO) for name, paths in files[PHOTO].items() for path in paths
    ]
    return tuple(sorted(items))


def check_layout(root: Path, layout: Layout, variant: str | None) -> None:
    """Refuse a root that is missing or laid out otherwise, naming what was found."""
    wanted = f"layout {layout.name} is {layout.expects(variant)}"
    if not root.is_dir():
        problem = "is not a folder" if root.exists() else "does not exist"
        raise UserError(
            f"data.root={root} {problem}: put the data set there, or name its folder with "
            f"--set data.root=FOLDER ({wanted})"
        )
    if not layout.fits(root, variant):
        raise UserError(
            f"data.root={root} is not laid out as data.layout={layout.name} ({wanted}); "
            f"{_nearest(root, layout)}"
        )


def _nearest(root: Path, wanted: Layout) -> str:
    """What else the root, or a folder in it, looks like."""
    inside = sorted(entry for entry in root.iterdir() if entry.is_dir())
    for layout in (wanted, *LAYOUTS.values()):
        for folder in (root, *inside):
            variants = [v for v in layout.variants(folder) if layout.fits(folder, v)]
            if not variants and not layout.fits(folder):
                continue
            keys = [f"data.root={folder}"] if folder != root else []
            keys += [f"data.layout={layout.name}"] if layout != wanted else []
            if variants and (layout.variant not in variants or not keys):
                usual = layout.variant in variants
                keys.append(f"data.variant={layout.variant if usual else variants[0]}")
            return f"did you mean {' '.join(f'--set {key}' for key in keys)}?"
    found = ", ".join(folder.name for folder in inside[:5]) or "no folder"
    return f"found there: {found}"


def _pictures_by_class(root: Path, place: str) -> dict[str, list[str]]:
    classes = {
        entry.name: [
            f"{place}/{entry.name}/{file.name}"
            for file in _visible(entry.path)
            if Path(file.name).suffix.lower() in EXTENSIONS and file.is_file()
        ]
        for entry in _visible(root / place)
        if entry.is_dir()
    }
    empty = sorted(name for name, paths in classes.items() if not paths)
    if empty:
        raise UserError(
            f"{root / place / empty[0]} holds no picture ({', '.join(sorted(EXTENSIONS))}): fill "
            f"or remove it. Received: {len(empty)} of {len(classes)} class folders are empty"
        )
    return classes


def _visible(folder: Path | str) -> list[os.DirEntry]:
    with os.scandir(folder) as entries:
        return [entry for entry in entries if not entry.name.startswith(".")]
