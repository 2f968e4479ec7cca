"""What an earlier build left in a folder: nothing, a part, the same, something else."""

import json
import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sbir_tf.data.records import storage
from sbir_tf.data.records.naming import BUILD, FORMAT, INDEX, MANIFEST, SKIPPED, SPLIT, WORK
from sbir_tf.data.records.opening import open_records
from sbir_tf.data.records.plan import Row
from sbir_tf.errors import UserError

_SHARD = re.compile(r"shard-\d{5,}-of-\d{5,}\.tfrecord")
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
    folder: str, made_from: dict[str, Any], rows: Sequence[Row]
) -> dict[str, Any] | None:
    """The manifest of a folder that holds what is to be built; None where work is left.

    Args:
        folder: The records folder, checked.
        made_from: What is to be built.
        rows: The pictures of it.

    Raises:
        UserError: If the folder is of another build, saying what differs; or is damaged.
    """
    earlier = _json(folder, BUILD)
    if not earlier:
        return None
    differing = _differing(earlier["settings"], made_from["settings"])
    complete = storage.exists(folder, MANIFEST)
    if complete and not differing and earlier != made_from:
        differing = _changed(folder, rows)
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
        if _SHARD.fullmatch(name) and name not in but:
            storage.remove(folder, name)


def _check_whole(folder: str) -> None:
    try:
        open_records(Path(folder))
    except UserError as error:
        raise UserError(f"{error}. Build it anew with --force") from error


def _differing(there: dict[str, Any], here: dict[str, Any]) -> str:
    names = [name for name in here if there.get(name) != here[name]]
    return "; ".join(f"{name}={there.get(name)!r} there, {here[name]!r} here" for name in names)


def _changed(folder: str, rows: Sequence[Row]) -> str:
    """Which pictures are new or missing; else that some changed."""
    index = pq.read_table(pa.BufferReader(storage.read(folder, INDEX)), columns=["key"])
    skipped = storage.read(folder, SKIPPED).splitlines()
    there = {*index.column("key").to_pylist(), *(json.loads(line)["key"] for line in skipped)}
    here = {row.key for row in rows}
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
