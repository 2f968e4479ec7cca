"""Classes of pictures: what the metadata say, or else the folder of an id `class/file.png`."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import numpy as np

from serving.errors import ServingError
from serving.index.contract import Index


def class_of(name: str) -> str | None:
    """The parent folder's name, or `None` where the id has no folder."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    return parts[-2] if len(parts) > 1 else None


def largest_class(table: Path) -> int:
    """Items in the largest class of a generation; 0 where they name fewer than two classes.

    Args:
        table: its `items.sqlite`.
    """
    with closing(sqlite3.connect(f"{table.absolute().as_uri()}?immutable=1", uri=True)) as items:
        items.create_function("class_of", 1, class_of, deterministic=True)
        for named in ("json_extract(metadata, '$.class')", "class_of(id)"):
            query = f"SELECT count(*) FROM items WHERE {named} IS NOT NULL GROUP BY {named}"
            sizes = [size for (size,) in items.execute(query)]
            if len(sizes) > 1:
                return max(sizes)
    return 0


def known_classes(index: Index, names: Iterable[str]) -> set[str]:
    """Those of some names that are classes of an index's items, by their metadata."""
    anything = np.zeros((1, index.dimension), np.float32)
    found = set()
    for name in set(names):
        try:
            found |= {name} if index.search(anything, 1, where={"class": name})[0][0] else set()
        except ServingError:  # no item has a class
            return set()
    return found
