"""One shard: its records, and beside it what they are until the build is complete."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sbir_tf.data.facts import FACTS, facts_table
from sbir_tf.data.records import storage
from sbir_tf.data.records.digest import digest_of
from sbir_tf.data.records.framing import frame
from sbir_tf.data.records.making import Made
from sbir_tf.data.records.naming import sidecar_name
from sbir_tf.data.records.parquet import read_parquet
from sbir_tf.data.records.plan import Group, Row

# A row of the index: where the record starts in which shard, and the example's bytes.
PLACES = (
    pa.field("shard", pa.int32(), nullable=False),
    pa.field("offset", pa.int64(), nullable=False),
    pa.field("length", pa.int64(), nullable=False),
)
INDEX_SCHEMA = pa.schema([*FACTS, *PLACES])
_NOTE = b"sbir"


@dataclass(frozen=True, slots=True)
class Shard:
    """A finished shard.

    Attributes:
        name: Its file.
        fingerprint: Of the group that it holds.
        pictures, bytes, sha256: What the file holds.
        skipped: Pairs of a picture's key and why it cannot be read.
    """

    name: str
    fingerprint: str
    pictures: int
    bytes: int
    sha256: str
    skipped: tuple[tuple[str, str], ...]


def write_shard(folder: str, group: Group, records: Iterable[Made], number: int) -> Shard:
    """Write a shard, then its sidecar; each appears whole or not at all.

    Args:
        folder: The records folder.
        group: What the shard holds.
        records: Of the group's rows, in order.
        number: Of the shard.

    Returns:
        What was written.

    Raises:
        UserError: If it cannot be written.
    """
    digest, offset, rows, skipped = hashlib.sha256(), 0, [], []
    with storage.whole(folder, group.shard) as file:
        for row, made in zip(group.rows, records, strict=True):
            if made.problem:
                skipped.append((made.key, made.problem))
                continue
            framed = frame(made.example)
            file.write(framed)
            digest.update(framed)
            rows.append((row, made, offset))
            offset += len(framed)
    shard = Shard(
        group.shard, group.fingerprint, len(rows), offset, digest.hexdigest(), tuple(skipped)
    )
    _write_sidecar(folder, shard, _table(rows, number))
    return shard


def finished(folder: str, group: Group) -> bool:
    """Whether a group's shard was finished by an earlier run, and is as that run left it."""
    if not all(storage.exists(folder, n) for n in (group.shard, sidecar_name(group.shard))):
        return False
    try:
        shard, _ = read_sidecar(folder, group.shard)
    except (ValueError, OSError):  # what pyarrow says of a damaged file
        return False
    return shard.fingerprint == group.fingerprint and _digest(folder, group.shard) == shard.sha256


def read_sidecar(folder: str, name: str) -> tuple[Shard, pa.Table]:
    """What a finished shard is, and its rows of the index."""
    table = read_parquet(storage.read(folder, sidecar_name(name)))
    note = json.loads(table.schema.metadata[_NOTE])
    note["skipped"] = tuple(map(tuple, note["skipped"]))
    return Shard(**note), table.replace_schema_metadata()


def _write_sidecar(folder: str, shard: Shard, table: pa.Table) -> None:
    fields: dict[str, Any] = {name: getattr(shard, name) for name in Shard.__slots__}
    table = table.replace_schema_metadata({_NOTE: json.dumps(fields)})
    with storage.whole(folder, sidecar_name(shard.name)) as file:
        pq.write_table(table, file, compression="zstd")


def _table(rows: list[tuple[Row, Made, int]], number: int) -> pa.Table:
    table = facts_table(
        {
            "key": row.key,
            "class": row.class_name,
            "label": row.label,
            "domain": row.domain,
            "instance": row.instance,
            "parts": row.parts,
            **made.facts,
        }
        for row, made, _ in rows
    )
    places = (
        [number] * len(rows),
        [offset for *_, offset in rows],
        [len(made.example) for _, made, _ in rows],
    )
    for field, values in zip(PLACES, places, strict=True):
        table = table.append_column(field, pa.array(values, field.type))
    return table


def _digest(folder: str, name: str) -> str:
    with storage.opened(folder, name) as file:
        return digest_of(file)
