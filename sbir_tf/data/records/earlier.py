"""What an earlier build left in a folder: nothing, a part, the same, something else."""

import json
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

from sbir_tf.data.layouts.walk import printable
from sbir_tf.data.records import storage
from sbir_tf.data.records.naming import (
    BUILD,
    FORMAT,
    INDEX,
    MANIFEST,
    SKIPPED,
    SPLIT,
    WORK,
    is_shard_name,
)
from sbir_tf.data.records.opening import open_records
from sbir_tf.data.records.parquet import read_parquet
from sbir_tf.errors import UserError

_CURE = "name another folder, or discard that build with --force"
_NAMED = 3  # pictures in a message


def check_folder(folder: str) -> None:
    """Refuse a folder that holds anything but a build.

    Raises:
        UserError: Naming it; nothing in it was touched.
    """
    found = storage.names(folder)
    if found and _json(folder, BUILD).get("format") != FORMAT:
        raise UserError(
            f"{folder} holds other files: name a new or an empty folder. Received one with "
            f"{', '.join(found[:_NAMED])}"
        )


def complete_already(
    folder: str, made_from: dict[str, Any], keys: Iterable[str]
) -> dict[str, Any] | None:
    """The manifest of a folder that holds what is to be built; None where work is left.

    Args:
        folder: The records folder, checked.
        made_from: What is to be built.
        keys: The pictures of it, those that are left out included.

    Raises:
        UserError: If the folder is of another build, saying what differs; or is damaged.
    """
    earlier = _json(folder, BUILD)
    if not earlier:
        return None
    differing = _differing(earlier["settings"], made_from["settings"])
    complete = storage.exists(folder, MANIFEST)
    if complete and not differing and earlier != made_from:
        differing = _changed(folder, keys)
    if differing:
        raise UserError(f"{folder} is of another build ({differing}): {_CURE}")
    if not complete:
        return None
    if storage.is_local(folder):
        _check_whole(folder)
    storage.remove(folder, WORK)
    return json.loads(storage.read(folder, MANIFEST))


def discard(folder: str) -> None:
    """Remove a build; its manifest first, so that the rest never looks complete."""
    for name in (MANIFEST, INDEX, SKIPPED, SPLIT, WORK):
        storage.remove(folder, name)
    remove_shards(folder)
    storage.remove(folder, BUILD)


def remove_shards(folder: str, but: Collection[str] = ()) -> None:
    """Remove shards, but those of these names."""
    for name in storage.names(folder):
        if is_shard_name(name) and name not in but:
            storage.remove(folder, name)


def _check_whole(folder: str) -> None:
    try:
        open_records(Path(folder))
    except UserError as error:
        raise UserError(f"{error}. Build it anew with --force") from error


def _differing(there: dict[str, Any], here: dict[str, Any]) -> str:
    names = [name for name in here if there.get(name) != here[name]]
    return "; ".join(f"{name}={there.get(name)!r} there, {here[name]!r} here" for name in names)


def _changed(folder: str, keys: Iterable[str]) -> str:
    """Which pictures are new or missing; else that some changed."""
    index = read_parquet(storage.read(folder, INDEX), ["key"])
    skipped = storage.read(folder, SKIPPED).splitlines()
    unread = (json.loads(line)["key"] for line in skipped)
    # Some keys of the list are as the folder has them, some as they can be shown.
    there = {*index.column("key").to_pylist(), *map(printable, unread)}
    here = set(map(printable, keys))
    new, missing = sorted(here - there), sorted(there - here)
    if not new and not missing:
        return "pictures, their classes or parts changed since"
    return f"{_some(new, 'new')}; {_some(missing, 'missing')}"


def _some(keys: Sequence[str], what: str) -> str:
    if not keys:
        return f"no picture {what}"
    more = ", ..." if len(keys) > _NAMED else ""
    return f"{len(keys)} {what}: {', '.join(keys[:_NAMED])}{more}"


def _json(folder: str, name: str) -> dict[str, Any]:
    """The values of a file; none where it is missing or something else."""
    try:
        value = json.loads(storage.read(folder, name))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
