"""The end of a build: index, list of skipped pictures, split, and last of all the manifest."""

import hashlib
import importlib.metadata
import json
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sbir_tf.data.records import storage
from sbir_tf.data.records.digest import digest_of
from sbir_tf.data.records.naming import FORMAT, INDEX, MANIFEST, SKIPPED, SPLIT, WORK
from sbir_tf.data.records.plan import Group
from sbir_tf.data.records.shards import INDEX_SCHEMA, Shard, read_sidecar
from sbir_tf.errors import UserError

_ROWS = 2**16  # of a row group: what memory holds
PACKAGES = ("sbir-tf", "pillow", "numpy", "pyarrow")


def finish(
    folder: str,
    groups: Sequence[Group],
    class_names: Sequence[str],
    about: dict[str, Any],
    left_out: Sequence[tuple[str, str]] = (),
) -> dict[str, Any]:
    """Write what makes finished shards a data set.

    Args:
        folder: The records folder.
        groups: Whose shards are written, in order.
        class_names: In the order of the labels.
        about: What else the manifest says: settings, split, root.
        left_out: Pairs of a path and a reason, to be listed with the skipped pictures.

    Returns:
        The manifest.

    Raises:
        UserError: If a shard is not written, or not from its group as it is now; not one picture
            could be read; or a file cannot be written.
    """
    described, sketches = [], 0
    with storage.whole(folder, INDEX) as file:
        with pq.ParquetWriter(file, INDEX_SCHEMA, compression="zstd") as index:
            for table in _large(_tables(folder, groups, described)):
                sketches += table.column("domain").to_pylist().count(0)
                index.write_table(table, row_group_size=_ROWS)
        _check_some(described)
    skipped = sorted({*left_out, *(pair for shard in described for pair in shard.skipped)})
    _write_skipped(folder, skipped)
    pictures = sum(shard.pictures for shard in described)
    manifest = {
        "format": FORMAT,
        **about,
        "counts": {
            "pictures": pictures,
            "sketches": sketches,
            "photos": pictures - sketches,
            "classes": len(class_names),
            "skipped": len(skipped),
        },
        "classes": list(class_names),
        "shards": [
            {"name": s.name, "pictures": s.pictures, "bytes": s.bytes, "sha256": s.sha256}
            for s in described
        ],
        "files": {name: _file(folder, name) for name in _others(folder)},
        "versions": versions(),
        "digest": content_digest(class_names, described),
    }
    write_json(folder, MANIFEST, manifest)
    storage.remove(folder, WORK)
    return manifest


def versions() -> dict[str, str]:
    """Of the packages that decide what a record's bytes are."""
    return {name: importlib.metadata.version(name) for name in PACKAGES}


def write_json(folder: str, name: str, value: Any) -> None:
    """A JSON file, whole or not at all."""
    with storage.whole(folder, name) as file:
        file.write(json.dumps(value, indent=1).encode() + b"\n")


def content_digest(class_names: Sequence[str], shards: Sequence[Shard]) -> str:
    """SHA-256 of the content: the classes and the shards' own digests, in order."""
    told = [list(class_names), [shard.sha256 for shard in shards]]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _tables(folder: str, groups: Sequence[Group], described: list[Shard]) -> Iterator[pa.Table]:
    there = set(storage.names(folder))
    for group in groups:
        shard, table = _written(folder, group) if group.shard in there else (None, None)
        if shard is None or shard.fingerprint != group.fingerprint:
            raise UserError(
                f"{storage.join(folder, group.shard)} was not written: the runner ended early. "
                "Run the same command again"
            )
        described.append(shard)
        yield table


def _written(folder: str, group: Group) -> tuple[Shard | None, pa.Table | None]:
    """What a group's sidecar says; none where there is none."""
    try:
        return read_sidecar(folder, group.shard)
    except (ValueError, OSError):
        return None, None


def _large(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """The same rows in tables of about `_ROWS`: many small row groups read slowly."""
    waiting = []
    for table in tables:
        waiting.append(table)
        if sum(map(len, waiting)) >= _ROWS:
            yield pa.concat_tables(waiting).combine_chunks()
            waiting = []
    if waiting:
        yield pa.concat_tables(waiting).combine_chunks()


def _check_some(shards: Sequence[Shard]) -> None:
    if not any(shard.pictures for shard in shards):
        key, reason = next(pair for shard in shards for pair in shard.skipped)
        skipped = sum(len(shard.skipped) for shard in shards)
        raise UserError(
            f"Not one of {skipped} pictures could be read; the first of them, {key}: {reason}"
        )


def _write_skipped(folder: str, skipped: Sequence[tuple[str, str]]) -> None:
    with storage.whole(folder, SKIPPED) as file:
        for key, reason in skipped:
            file.write(json.dumps({"key": key, "reason": reason}).encode() + b"\n")


def _others(folder: str) -> list[str]:
    return [name for name in (INDEX, SKIPPED, SPLIT) if storage.exists(folder, name)]


def _file(folder: str, name: str) -> dict[str, Any]:
    with storage.opened(folder, name) as file:
        digest = digest_of(file)
        return {"bytes": file.tell(), "sha256": digest}
