"""Folders that an index remembers, found again after a move; and the model that it belongs to."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from serving.errors import ServingError
from serving.index.contract import Index, Model
from serving.index.open import is_far

PICTURES, MODEL = "pictures", "model"  # names of facts


def locate(folder: Path, place: Path | str) -> dict[str, str]:
    """Ways to a folder: absolute, and relative to an index that is a folder itself.

    Args:
        folder: what to find again.
        place: the index's folder or URL.
    """
    absolute = folder.resolve()
    if is_far(place):
        return {"absolute": str(absolute)}
    relative = os.path.relpath(absolute, Path(place).resolve())
    return {"absolute": str(absolute), "relative": relative}


def find_folder(index: Index, fact: str) -> Path | None:
    """The folder that a fact of an index locates, or `None` without one.

    Relative first, so that both can be moved together.
    """
    info = index.info()
    where: Mapping[str, Any] = info.facts.get(fact) or {}
    if not where:
        return None
    if "relative" in where and not is_far(info.place):
        beside = (Path(info.place).resolve() / where["relative"]).resolve()
        if beside.is_dir():
            return beside
    return Path(where["absolute"])


def require_model(index: Index, model: Any) -> None:
    """Refuses an encoder that did not make an index.

    Args:
        index: the index.
        model: anything with a `name` and a `digest`.

    Raises:
        ServingError: names both, and the cure.
    """
    if model.digest != index.model.digest:
        other = Model(model.name, model.digest)
        cure = "Pass the model that built it, or build it again with `sbir index build`"
        raise ServingError(f"the index was built by {index.model}, not by {other}. {cure}")
