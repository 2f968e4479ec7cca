"""One walk through the class folders of a domain, which names what it leaves out."""

import os
from collections import Counter
from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from pathlib import Path

NO_UTF8 = "its name is not UTF-8: rename it"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Something on disk that cannot be used.

    Attributes:
        path: Below the data set's root, printable whatever the name's bytes are.
        reason: Why, and what mends it.
    """

    path: str
    reason: str


@dataclass
class Walk:
    """What lies in the class folders of a domain.

    Attributes:
        pictures: Class folder -> paths of its pictures, below the root.
        unreadable: Folders that cannot be listed, or named.
        skipped: Files with a picture's extension that are no regular files, or cannot be named.
        ignored: Kind -> how many entries were passed over.
    """

    pictures: dict[str, list[str]] = field(default_factory=dict)
    unreadable: list[Problem] = field(default_factory=list)
    skipped: list[Problem] = field(default_factory=list)
    ignored: Counter = field(default_factory=Counter)


def walk_classes(root: Path, place: str, extensions: Set[str]) -> Walk:
    """List a domain's class folders.

    Args:
        root: The data set's folder.
        place: Of the class folders, below the root.
        extensions: Of pictures, in small letters, with the dot.

    Returns:
        Everything there but hidden entries. Folders inside class folders are not entered.
    """
    walk = Walk()
    for entry in _entries(root, place, walk):
        path = f"{place}/{entry.name}"
        kind = _kind(entry)
        if kind == "file":
            walk.ignored["files beside the class folders"] += 1
        elif kind != "folder":
            walk.unreadable.append(Problem(printable(path), kind))
        elif not _is_utf8(entry.name):
            walk.unreadable.append(Problem(printable(path), NO_UTF8))
        else:
            walk.pictures[entry.name] = list(_pictures(root, path, extensions, walk))
    return walk


def printable(path: str) -> str:
    """A path that can be shown and stored; bytes that are not UTF-8 become \\xNN."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _pictures(root: Path, place: str, extensions: Set[str], walk: Walk) -> Iterator[str]:
    for entry in _entries(root, place, walk):
        path = f"{place}/{entry.name}"
        kind = _kind(entry)
        if kind == "folder":
            walk.ignored["folders inside class folders"] += 1
        elif Path(entry.name).suffix.lower() not in extensions:
            walk.ignored["files without a picture's extension"] += 1
        elif kind != "file":
            walk.skipped.append(Problem(printable(path), kind))
        elif not _is_utf8(entry.name):
            walk.skipped.append(Problem(printable(path), NO_UTF8))
        else:
            yield path


def _entries(root: Path, place: str, walk: Walk) -> list[os.DirEntry]:
    try:
        with os.scandir(root / place) as entries:
            return [entry for entry in entries if not entry.name.startswith(".")]
    except OSError as error:
        reason = f"the folder cannot be listed ({error.strerror}): mend its rights"
        walk.unreadable.append(Problem(printable(place), reason))
        return []


def _kind(entry: os.DirEntry) -> str:
    """ "file", "folder", or why it is neither."""
    try:
        if entry.is_dir():
            return "folder"
        if entry.is_file():
            return "file"
    except OSError as error:
        return f"it cannot be followed ({error.strerror})"
    return "a link to nothing" if entry.is_symlink() else "a pipe or a device, not a file"


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
