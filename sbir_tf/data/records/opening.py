"""A complete records folder, opened."""

import hashlib
import json
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from sbir_tf.data.records.files import open_regular
from sbir_tf.data.records.framing import framed_length
from sbir_tf.data.records.manifest import read_manifest
from sbir_tf.data.records.naming import INDEX, MANIFEST, SKIPPED, SPLIT
from sbir_tf.data.records.parquet import read_parquet
from sbir_tf.data.splits import Split, read_split
from sbir_tf.errors import UserError

_CURE = "Fetch it again, or build the records anew"


@dataclass(frozen=True)
class Records:
    """Records on disk.

    Attributes:
        folder: Where they are.
        manifest: What they are.
        table: One row a record, in the order of the shards and in them: the columns of a table
            of facts, then "shard", "offset" (of the record's start in the file) and "length"
            (of the serialized example).
        class_names: In the order of the labels.
        split: That they were built with, if any.
        shards: The TFRecord files, in order.
        skipped: Key -> reason, of the pictures that could not be read when the records were built.
    """

    folder: Path
    manifest: Mapping[str, Any]
    table: pa.Table
    class_names: tuple[str, ...]
    split: Split | None
    shards: tuple[Path, ...]
    skipped: Mapping[str, str] = field(default_factory=dict)


def open_records(folder: Path | str, check_shards: bool = True) -> Records:
    """Open a records folder.

    The index is compared with the manifest, and of the shards their sizes; `read_example` and
    `scan` check each record that they read, `verify_records` all.

    Args:
        folder: As `sbir data build` wrote it.
        check_shards: Whether to refuse shards of another size than was written.

    Returns:
        The records.

    Raises:
        UserError: If the folder is something else or not complete, was written by a newer
            version, or a file is missing, truncated or altered.
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    table = _table(folder, manifest)
    split = None
    if SPLIT in manifest["files"]:
        _checked(folder, SPLIT, manifest)
        split = read_split(folder / SPLIT)
    shards = tuple(folder / shard["name"] for shard in manifest["shards"])
    left_out = map(json.loads, _checked(folder, SKIPPED, manifest).splitlines())
    skipped = {line["key"]: line["reason"] for line in left_out}
    records = Records(folder, manifest, table, tuple(manifest["classes"]), split, shards, skipped)
    for number, shard in enumerate(shards if check_shards else ()):
        _check_size(records, number, shard)
    return records


def _table(folder: Path, manifest: Mapping[str, Any]) -> pa.Table:
    table = read_parquet(_checked(folder, INDEX, manifest))
    pictures = sum(shard["pictures"] for shard in manifest["shards"])
    if pictures != table.num_rows:
        raise UserError(
            f"{folder / MANIFEST} is damaged: its shards hold {pictures} pictures, {INDEX} "
            f"{table.num_rows}. {_CURE}"
        )
    return table.combine_chunks()  # rows are then taken in microseconds, not milliseconds


def _checked(folder: Path, name: str, manifest: Mapping[str, Any]) -> bytes:
    """A small file's bytes, as the manifest knows them."""
    path, known = folder / name, manifest["files"][name]
    try:
        with open_regular(path) as file:
            data = file.read()
    except FileNotFoundError:
        raise UserError(f"{path} is missing. {_CURE}") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from error
    if hashlib.sha256(data).hexdigest() != known["sha256"]:
        raise UserError(
            f"{path} is damaged: it is not the file of the manifest ({len(data)} bytes of "
            f"{known['bytes']}). {_CURE}"
        )
    return data


def _check_size(records: Records, number: int, shard: Path) -> None:
    expected = records.manifest["shards"][number]["bytes"]
    try:
        status = shard.stat()
    except OSError:
        raise UserError(f"{shard} is missing. {_CURE}") from None
    if not stat.S_ISREG(status.st_mode):
        raise UserError(f"{shard} is no regular file. {_CURE}")
    if (size := status.st_size) == expected:
        return
    problem = f"{size} of {expected} bytes"
    if size < expected:
        problem += f", from the record at offset {_first_lost(records, number, size)} on"
    kind = "truncated" if size < expected else "too long"
    raise UserError(f"{shard} is {kind} ({problem}). {_CURE}")


def _first_lost(records: Records, number: int, size: int) -> int:
    """Offset of the first record that does not end within so many bytes."""
    places = records.table.select(["shard", "offset", "length"]).to_pandas()
    own = places[places["shard"] == number]
    return int(own.loc[own["offset"] + framed_length(own["length"]) > size, "offset"].iloc[0])
