"""What goes into which shard, and how to tell whether it changed since."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sbir_tf.data.facts import DOMAINS
from sbir_tf.data.layouts.layout import Item, Layout
from sbir_tf.data.records.naming import shard_name
from sbir_tf.data.splits import Split
from sbir_tf.data.splits.split import check_path
from sbir_tf.errors import UserError


@dataclass(frozen=True, slots=True)
class Row:
    """What is known of a picture before it is read.

    Attributes:
        key: Its path below the data set's root.
        class_name: What it shows.
        label: Index of the class.
        domain: 0 for a sketch, 1 for a photo.
        instance: The one thing that it shows, or "".
        parts: Of the split, that it is in.
    """

    key: str
    class_name: str
    label: int
    domain: int
    instance: str
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """The pictures of one shard.

    Attributes:
        shard: Its file.
        rows: Its pictures, in order.
        fingerprint: Differs where the settings, a row, a picture's size or its date does.
    """

    shard: str
    rows: tuple[Row, ...]
    fingerprint: str

    def to_json(self) -> bytes:
        """One line of a plan."""
        line = json.dumps([self.shard, self.fingerprint, row_values(self.rows)])
        return line.encode() + b"\n"

    @classmethod
    def from_json(cls, line: bytes) -> "Group":
        """A group from its line."""
        shard, fingerprint, rows = json.loads(line)
        return cls(shard, tuple(Row(*row[:5], tuple(row[5])) for row in rows), fingerprint)


def rows_of(items: Sequence[Item], layout: Layout | None, split: Split | None) -> list[Row]:
    """The rows of a data set, in the order in which they are written.

    The order is that of a hash of the paths: every shard is a mix of classes and domains, and
    the order depends on nothing else.

    Args:
        items: The data set.
        layout: Knows the items' instances.
        split: Knows the items' parts.

    Returns:
        The rows.

    Raises:
        UserError: No item, one whose path is not plainly below the root, or one that is
            listed twice.
    """
    if not items:
        raise UserError("There is no picture to build records from. Received: an empty list")
    labels = {name: label for label, name in enumerate(class_names_of(items))}
    ordered = sorted(items, key=lambda item: (_hash(item.path), item.path))
    for item, after in zip(ordered, [*ordered[1:], None], strict=True):
        check_path(item.path)
        if after is not None and item.path == after.path:
            raise UserError(f"{item.path} is listed twice: list every picture once")
    return [
        Row(
            item.path,
            item.class_name,
            labels[item.class_name],
            DOMAINS[item.domain],
            layout.instance(item) if layout else "",
            tuple(split.of(item.path)) if split else (),
        )
        for item in ordered
    ]


def class_names_of(items: Iterable[Item]) -> tuple[str, ...]:
    """The classes of a data set, in the order of their labels."""
    return tuple(sorted({item.class_name for item in items}))


def states_of(root: Path, rows: Iterable[Row]) -> Iterator[tuple[int, int]]:
    """Size and date of change of each picture's file; (-1, -1) where there is none."""
    for row in rows:
        try:
            state = os.stat(root / row.key)  # noqa: PTH116 (twice as quick, for a million files)
        except (OSError, ValueError):
            yield -1, -1
        else:
            yield state.st_size, state.st_mtime_ns


def grouped(
    root: Path, rows: Sequence[Row], shard_size: int, settings: Any
) -> tuple[list[Group], list[str]]:
    """Rows cut into the groups of shards.

    Args:
        root: Where the pictures are.
        rows: In order.
        shard_size: Of a group; the last may be smaller.
        settings: Of the build: anything that JSON can hold.

    Returns:
        The groups; and a fingerprint of what each is made from, the settings apart.
    """
    count = -(-len(rows) // shard_size)
    groups, inputs = [], []
    for number in range(count):
        part = tuple(rows[number * shard_size : (number + 1) * shard_size])
        inputs.append(fingerprint(row_values(part), list(states_of(root, part))))
        name = shard_name(number, count)
        groups.append(Group(name, part, fingerprint(inputs[-1], settings)))
    return groups, inputs


def fingerprint(*what: Any) -> str:
    """SHA-256 of anything that JSON can hold."""
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()


def row_values(rows: Iterable[Row]) -> list[list]:
    """Rows as JSON can hold them."""
    return [
        [row.key, row.class_name, row.label, row.domain, row.instance, list(row.parts)]
        for row in rows
    ]


def _hash(path: str) -> bytes:
    return hashlib.blake2b(path.encode("utf-8", "surrogateescape"), digest_size=8).digest()
