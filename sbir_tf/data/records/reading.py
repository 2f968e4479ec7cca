"""Reads records: any of them by number, or all in order; every byte checked."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from sbir_tf.data.records.example import key_of
from sbir_tf.data.records.files import open_regular
from sbir_tf.data.records.framing import DamagedRecord, Seen, framed_length, records_of, unframe
from sbir_tf.data.records.opening import Records
from sbir_tf.errors import UserError

_CURE = "Fetch the file again, or build the records anew"
_COLUMNS = ["key", "shard", "offset", "length"]


def read_example(records: Records, rows: Sequence[int]) -> list[bytes]:
    """Serialized examples, by their row in the table.

    Args:
        records: Opened.
        rows: Numbers of rows, in any order.

    Returns:
        A serialized `tf.train.Example` for each, in the order asked for.

    Raises:
        UserError: Naming the shard and the offset of a record that is truncated, altered or
            another than the index says.
        IndexError: If there is no such row.
    """
    count = records.table.num_rows
    for row in rows:
        if not 0 <= row < count:
            raise IndexError(f"There are {count} records. Received: row {row}")
    taken = records.table.select(_COLUMNS).take(pa.array(rows, pa.int64()))
    columns = [taken.column(name).to_pylist() for name in _COLUMNS]
    with ExitStack() as stack:
        files: dict[int, BinaryIO] = {}
        return [_read(records, files, stack, *place) for place in zip(*columns, strict=True)]


def scan(records: Records) -> Iterator[bytes]:
    """All serialized examples, in the order of the table.

    Args:
        records: Opened.

    Yields:
        Serialized `tf.train.Example`s.

    Raises:
        UserError: As `read_example`.
    """
    for number in range(len(records.shards)):
        yield from scan_shard(records, number)


def scan_shard(
    records: Records, number: int, saw: Callable[[bytes], object] | None = None
) -> Iterator[bytes]:
    """The serialized examples of one shard, in order; as `scan`.

    `saw` is given every byte that is read, framing and all: the whole file at the end.
    """
    path = records.shards[number]
    known = places_of(records, number)
    try:
        with open_regular(path) as file:
            found = records_of(Seen(file, saw) if saw else file)
            for key, offset, length in known:
                at, data = next(found, (offset, None))
                _check(path, key, (offset, length), (at, data))
                yield data
            for offset, _ in found:
                raise UserError(f"{path}, offset {offset}: a record that the index lacks. {_CURE}")
    except DamagedRecord as error:
        raise damaged(path, error.offset, error) from error
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}. {_CURE}") from error


def places_of(records: Records, number: int) -> list[tuple[str, int, int]]:
    """Key, offset and length of each record of a shard, in order."""
    first = sum(shard["pictures"] for shard in records.manifest["shards"][:number])
    count = records.manifest["shards"][number]["pictures"]
    own = records.table.slice(first, count)
    return list(
        zip(*(own.column(name).to_pylist() for name in ("key", "offset", "length")), strict=True)
    )


def damaged(path: Path, offset: int, problem: object) -> UserError:
    """The error about a record."""
    return UserError(f"{path}, record at offset {offset}: {problem}. {_CURE}")


def _read(
    records: Records,
    files: dict[int, BinaryIO],
    stack: ExitStack,
    key: str,
    number: int,
    offset: int,
    length: int,
) -> bytes:
    path = records.shards[number]
    try:
        if number not in files:
            files[number] = stack.enter_context(open_regular(path))
        framed = os.pread(files[number].fileno(), framed_length(length), offset)
        data = unframe(framed, length)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}. {_CURE}") from error
    except DamagedRecord as error:
        raise damaged(path, offset, error) from error
    _check(path, key, (offset, length), (offset, data))
    return data


def _check(path: Path, key: str, known: tuple[int, int], found: tuple[int, bytes | None]) -> None:
    """Refuse a whole record that is not the one that the index knows there."""
    offset, length = known
    at, data = found
    if data is None:
        raise damaged(path, offset, "truncated: the file ends before it")
    if (at, len(data)) != (offset, length) or key_of(data) != key:
        raise damaged(path, at, f"another record than {key}, which the index knows there")
