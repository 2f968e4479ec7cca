"""Where an index lives decides what it is: a folder, or an engine's address."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from serving.errors import ServingError
from serving.index.contract import Index, Model

_MILVUS = "milvus://"


def create_index(
    place: Path | str,
    metric: str,
    dimension: int,
    model: Model,
    settings: Mapping[str, Any] | None = None,
) -> Index:
    """Makes an empty index and opens it for writing.

    Args:
        place: a folder that is new or empty, or `milvus://host:port/NAME`.
        metric: "l2", "cosine" or "hamming".
        dimension: of a vector; bits of a code.
        model: the encoder of the vectors.
        settings: of the searcher; by default chosen by what the index holds at each `save`.

    Returns:
        The index.

    Raises:
        ServingError: something is there already, an unknown metric, a wrong dimension.
    """
    if is_far(place):
        from serving.index.milvus import create_milvus

        return create_milvus(str(place), metric, dimension, model, settings)
    from serving.index.stored import create_stored

    return create_stored(Path(place), metric, dimension, model, settings)


def open_index(place: Path | str, writable: bool = False) -> Index:
    """Opens an index.

    Args:
        place: a folder, or `milvus://host:port/NAME`.
        writable: to change it; a folder has one such opener at a time, and any number of others.

    Returns:
        The index.

    Raises:
        ServingError: no index, damaged, of a newer format, in use by another writer.
    """
    if is_far(place):
        from serving.index.milvus import open_milvus

        return open_milvus(str(place), writable)
    from serving.index.stored import open_stored

    return open_stored(Path(place), writable)


def exists(place: Path | str) -> bool:
    """Whether there is an index at a place.

    Raises:
        ServingError: an engine's address where no engine answers.
    """
    if is_far(place):
        from serving.index.milvus import exists_in_milvus

        return exists_in_milvus(str(place))
    from serving.index.stored.layout import is_index

    return is_index(Path(place))


def is_far(place: Path | str) -> bool:
    """Whether a place is an engine's address; refuses addresses of other engines."""
    if "://" not in str(place):
        return False
    if not str(place).startswith(_MILVUS):
        wanted = f"an index is a folder or {_MILVUS}HOST:PORT/NAME"
        raise ServingError(f"{wanted}. Received: {shown(place)}")
    return True


def shown(place: Path | str) -> str:
    """A place as it may be printed and kept: without a password."""
    return re.sub(r"(?<=://)([^:@/]*):.*@", r"\1@", str(place))
