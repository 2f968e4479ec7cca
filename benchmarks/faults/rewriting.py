"""Records with mistakes in them: as a faulty build would write them, or as a disk would."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from sbir_tf.data.facts import FACTS
from sbir_tf.data.records import open_records, parsed_example, scan
from sbir_tf.data.records.example import serialized_example
from sbir_tf.data.records.framing import frame
from sbir_tf.data.records.naming import INDEX, MANIFEST

# Feature -> column of the index.
_COLUMNS = {"class/name": "class", "class/label": "label", "domain": "domain"}


def rewrite(folder: Path, change: Callable[[dict], dict | None], rows: int = 1) -> None:
    """Change the first records of a complete folder, its index and its manifest with them.

    Every checksum is right afterwards: the mistake is one that the build itself made.

    Args:
        folder: Of the records, with one shard.
        change: Gives the features to replace in a record's, or None to leave that record alone.
        rows: How many records to change.
    """
    records = open_records(folder)
    table, content, places = records.table.to_pylist(), b"", []
    for row, serialized in zip(table, scan(records), strict=True):
        features = parsed_example(serialized)
        changed = change(features) if rows else None
        if changed is not None:
            rows -= 1
            features |= changed
            row |= {_COLUMNS[n]: v for n, v in changed.items() if n in _COLUMNS and fits(v)}
            row["bytes"] = len(features["image/encoded"])
            serialized = serialized_example(features)
        places.append((len(content), len(serialized)))
        content += frame(serialized)
    (shard,) = records.shards
    shard.write_bytes(content)
    write_index(folder, table, places)
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["shards"][0] |= {"bytes": len(content), "sha256": digest_of(content)}
    data = (folder / INDEX).read_bytes()
    manifest["files"][INDEX] |= {"bytes": len(data), "sha256": digest_of(data)}
    (folder / MANIFEST).write_text(json.dumps(manifest))


def write_index(folder: Path, rows: list[dict], places: list[tuple[int, int]]) -> None:
    """The index of these rows, whose records are at these places."""
    schema = pq.read_schema(folder / INDEX)
    for row, (offset, length) in zip(rows, places, strict=True):
        row |= {"offset": offset, "length": length}
        row["class"] = text(row["class"])
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), folder / INDEX)
    if schema.names[: len(FACTS.names)] != FACTS.names:
        raise ValueError(f"An index begins with the columns of facts. Received: {schema.names}")


def fits(value: int | str) -> bool:
    """Whether the index can hold a value; a build that wrote another keeps the index right."""
    return not isinstance(value, int) or value < 2**7


def text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
