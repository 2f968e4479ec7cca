"""Classes by folder: an id `class/file.png` is of the class that its parent folder names."""

from collections import Counter
from collections.abc import Iterable
from pathlib import PurePosixPath


def class_of(name: str) -> str | None:
    """The parent folder's name, or `None` where the id has no folder."""
    return PurePosixPath(name).parent.name or None


def largest_class(ids: Iterable[str]) -> int:
    """Pictures in the largest class; 0 where the ids name fewer than two classes."""
    sizes = Counter(class_of(name) for name in ids)
    sizes.pop(None, None)
    return max(sizes.values()) if len(sizes) > 1 else 0
