"""Finds the pictures of a folder."""

import os
from collections.abc import Iterator
from pathlib import Path

from serving.errors import ServingError

EXTENSIONS = frozenset({".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".gif", ".bmp"})


def list_pictures(folder: Path | str) -> list[Path]:
    """Lists a folder's pictures; see `walk_pictures`.

    Returns:
        Paths that start with `folder`.
    """
    return list(walk_pictures(folder))


def walk_pictures(folder: Path | str) -> Iterator[Path]:
    """Goes through a folder's pictures, at any depth, by their extension, in sorted order.

    Hidden files and folders are left out. Symbolic links are followed; a folder that was
    already visited is not entered again, so a loop ends.

    Args:
        folder: where to look.

    Yields:
        Paths that start with `folder`. What is in memory is one folder's entries, not all.

    Raises:
        ServingError: the folder is missing, is a file, or holds no picture.
    """
    folder = Path(folder)
    if not folder.is_dir():
        problem = "not a folder" if folder.exists() else "no such folder"
        raise ServingError(f"{folder}: {problem}. Name the folder that holds the pictures")
    empty = True
    for path in _walk(folder, set()):
        empty = False
        yield path
    if empty:
        kinds = ", ".join(sorted(EXTENSIONS))
        raise ServingError(f"{folder}: no picture in this folder (looked for {kinds})")


def _walk(folder: Path, visited: set[tuple[int, int]]) -> Iterator[Path]:
    status = folder.stat()
    if (status.st_dev, status.st_ino) in visited:
        return
    visited.add((status.st_dev, status.st_ino))
    with os.scandir(folder) as entries:
        shown = sorted((e for e in entries if not e.name.startswith(".")), key=lambda e: e.name)
    for entry in shown:
        if _is_folder(entry):
            yield from _walk(folder / entry.name, visited)
        elif Path(entry.name).suffix.lower() in EXTENSIONS:
            yield folder / entry.name


def _is_folder(entry: os.DirEntry) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False
