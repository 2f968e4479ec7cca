"""A new index: whole under its name, or not there."""

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from serving.errors import ServingError
from serving.files import sync_folder
from serving.index.contract import Model
from serving.index.searchers.settings import check_wanted
from serving.index.stored.building import build_generation
from serving.index.stored.index import StoredIndex
from serving.index.stored.journal_files import make_journal
from serving.index.stored.layout import GENERATIONS, check_target, is_index, write_current
from serving.index.validate import check_kind


def create_stored(
    folder: Path, metric: str, dimension: int, model: Model, settings: Mapping[str, Any] | None
) -> StoredIndex:
    """Makes an empty index in a folder; see `create_index`."""
    check_kind(metric, dimension)
    check_wanted(settings or {})
    check_target(folder)
    if is_index(folder):
        there = "an index is there already"
        raise ServingError(f"{folder}: {there}. Open it, remove it, or name another folder")
    place = folder.resolve()  # a link leads to a folder: that one is made
    place.parent.mkdir(parents=True, exist_ok=True)
    _sweep(place)
    aside = place.with_name(f".{place.name[:100]}.{os.getpid()}.new")
    try:
        (aside / GENERATIONS).mkdir(parents=True)
        made = {"model": model, "metric": metric, "dimension": int(dimension), "wanted": settings}
        build_generation(aside, [], number=0, items=0, folded=0, **made)
        make_journal(aside)
        write_current(aside, 0)
        os.rename(aside, place)  # noqa: PTH104 (the tests kill the process here)
        sync_folder(place.parent)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    try:
        return StoredIndex(folder, writable=True)
    except OSError:  # no room to open it
        shutil.rmtree(place)
        raise


def _sweep(folder: Path) -> None:
    """Removes what a process that is no more left of such an attempt."""
    ours = re.compile(rf"\.{re.escape(folder.name[:100])}\.(\d+)\.new")
    for entry in folder.parent.iterdir():
        found = ours.fullmatch(entry.name)
        if found and not Path(f"/proc/{found[1]}").exists():
            shutil.rmtree(entry, ignore_errors=True)
