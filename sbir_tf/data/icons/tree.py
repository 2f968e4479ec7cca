"""The icons as a tree of PNG files, for every tool that reads folders."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from sbir_tf.data.icons.archive import Icon, archive_digest, class_names, load_icons
from sbir_tf.data.icons.render import no_progress, render_all
from sbir_tf.data.icons.splits import Split, styles, zero_shot
from sbir_tf.errors import UserError

MANIFEST = "manifest.json"
FOLDERS = {"sketch": "sketches", "photo": "photos"}
HELD_OUT = {"sketch": "queries", "photo": "gallery"}


def write_tree(
    folder: str | os.PathLike, size: int = 128, progress: Callable = no_progress
) -> Path:
    """Renders the bundled icons into a tree of PNG files.

        folder/sketches/<class>/<set>--<name>.png      all sketches
        folder/photos/<class>/<set>--<name>.png        all pictures
        folder/styles/queries/<class>/...              the sketches of held-out designers
        folder/styles/gallery/<class>/...              the pictures of held-out designers
        folder/styles.json, folder/zero-shot.json      the splits: [path, label] lists
        folder/manifest.json                           archive digest, size, counts

    The tree appears complete or not at all. A complete tree of the same archive and size is left
    as it is; one of another archive or size is replaced.

    Args:
        folder: where to write; missing, empty, or an earlier tree.
        size: side of the pictures in pixels.
        progress: a callable `progress(iterable, description, total)`.

    Returns:
        The folder.

    Raises:
        UserError: if `size` is below 8, or the folder holds something else.
    """
    folder = Path(folder)
    if size < 8:
        raise UserError(f"size must be at least 8 pixels. Received: size={size}")
    icons = load_icons()
    if is_complete(folder, size):
        return folder
    _refuse_foreign(folder)
    temporary = folder.absolute().with_name(f".{folder.absolute().name}.new-{os.getpid()}")
    try:
        _write(temporary, icons, size, progress)
        os.sync()  # one flush for thousands of small files
        _swap(temporary, folder.absolute())
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder


def read_manifest(folder: str | os.PathLike) -> dict | None:
    """The manifest of a tree, or None where there is none."""
    try:
        return json.loads((Path(folder) / MANIFEST).read_text())
    except (FileNotFoundError, NotADirectoryError, json.JSONDecodeError):
        return None


def is_complete(folder: Path, size: int) -> bool:
    """Whether a folder holds the whole tree of this archive at this size."""
    manifest = read_manifest(folder)
    if not manifest or (manifest.get("archive"), manifest.get("size")) != (archive_digest(), size):
        return False
    found = {part: sum(1 for _ in (folder / part).glob("*/*.png")) for part in manifest["files"]}
    return found == manifest["files"]


def path_of(icon: Icon) -> str:
    """An icon's file within the tree: `sketches/cat/lucide--cat.png`."""
    return f"{FOLDERS[icon.domain]}/{icon.class_name}/{icon.file_name}"


def split_lists(split: Split, icons: Sequence[Icon]) -> dict:
    """A split as its JSON file holds it: for each part a list of [path, label].

    Args:
        split: keys of icons.
        icons: the data set.

    Returns:
        `{"name", "classes", "train", "validation", "test"}`; label i is `classes[i]`.
    """
    labels = {name: label for label, name in enumerate(class_names())}
    by_key = {icon.key: icon for icon in icons}
    parts = {
        part: [[path_of(by_key[k]), labels[by_key[k].class_name]] for k in getattr(split, part)]
        for part in ("train", "validation", "test")
    }
    return {"name": split.name, "classes": list(labels), **parts}


def _write(folder: Path, icons: Sequence[Icon], size: int, progress: Callable) -> None:
    pictures = render_all(icons, size, progress=progress)
    pairs = zip(icons, pictures, strict=True)
    for icon, picture in progress(pairs, "writing pictures", len(icons)):
        _save(folder / path_of(icon), picture)
    splits = (styles(icons), zero_shot(icons))
    _link_held_out(folder, icons, splits[0])
    for split in splits:
        _write_json(folder / f"{split.name}.json", split_lists(split, icons))
    parts = [*FOLDERS.values(), *(f"styles/{part}" for part in HELD_OUT.values())]
    manifest = {
        "format": 1,
        "archive": archive_digest(),
        "size": size,
        "classes": len(class_names()),
        "files": {part: sum(1 for _ in (folder / part).glob("*/*.png")) for part in parts},
        "splits": {s.name: {p: len(getattr(s, p)) for p in s.__slots__[1:]} for s in splits},
    }
    _write_json(folder / MANIFEST, manifest)


def _save(path: Path, picture: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path, compress_level=6)


def _link_held_out(folder: Path, icons: Sequence[Icon], split: Split) -> None:
    test = frozenset(split.test)
    for icon in icons:
        if icon.key in test:
            part = folder / "styles" / HELD_OUT[icon.domain] / icon.class_name
            part.mkdir(parents=True, exist_ok=True)
            _link(folder / path_of(icon), part / icon.file_name)


def _link(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except OSError:  # a file system without hard links
        shutil.copyfile(source, target)


def _write_json(path: Path, value: dict) -> None:
    with path.open("w") as file:
        json.dump(value, file, indent=1)
        file.flush()
        os.fsync(file.fileno())


def _refuse_foreign(folder: Path) -> None:
    if folder.is_dir() and any(folder.iterdir()) and read_manifest(folder) is None:
        raise UserError(f"{folder} holds other files. Name a new or an empty folder.")
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder} is a file. Name a folder.")


def _swap(temporary: Path, folder: Path) -> None:
    """Puts the new tree in place of an old one: at every moment one of them is whole on disk."""
    old = folder.with_name(temporary.name.replace(".new-", ".old-"))
    if folder.exists():
        folder.rename(old)
    temporary.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
