"""Finds the pictures of a folder."""

from pathlib import Path

from serving.errors import ServingError

EXTENSIONS = frozenset({".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".gif", ".bmp"})


def list_pictures(folder: Path | str) -> list[Path]:
    """Lists a folder's pictures, at any depth, by their extension, in sorted order.

    Hidden files and folders are left out. Symbolic links are followed; a folder that was
    already visited is not entered again, so a loop ends.

    Args:
        folder: where to look.

    Returns:
        Paths that start with `folder`.

    Raises:
        ServingError: the folder is missing, is a file, or holds no picture.
    """
    folder = Path(folder)
    if not folder.is_dir():
        problem = "not a folder" if folder.exists() else "no such folder"
        raise ServingError(f"{folder}: {problem}. Name the folder that holds the pictures")
    found = _walk(folder, set())
    if not found:
        kinds = ", ".join(sorted(EXTENSIONS))
        raise ServingError(f"{folder}: no picture in this folder (looked for {kinds})")
    return found


def _walk(folder: Path, visited: set[tuple[int, int]]) -> list[Path]:
    status = folder.stat()
    if (status.st_dev, status.st_ino) in visited:
        return []
    visited.add((status.st_dev, status.st_ino))
    found = []
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            found += _walk(entry, visited)
        elif entry.suffix.lower() in EXTENSIONS:
            found.append(entry)
    return found
