"""What built records really hold: each one read again, decoded, and compared with the index."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from pictures import PictureError, facts_of, read_picture
from sbir_tf.data.facts import FACTS, facts_table
from sbir_tf.data.records import Records
from sbir_tf.data.records.digest import digest_of
from sbir_tf.data.records.example import parsed_example
from sbir_tf.data.records.framing import DamagedRecord, framed_length, unframe
from sbir_tf.data.validation.contents import DAMAGED
from sbir_tf.data.validation.features import texts
from sbir_tf.data.validation.report import ERROR, Anomaly, anomaly
from sbir_tf.data.validation.words import counted, named
from sbir_tf.errors import UserError

# Column of the index -> feature of the record.
_SAME = {
    "key": "image/key",
    "class": "class/name",
    "label": "class/label",
    "domain": "domain",
    "instance": "instance",
    "parts": "split/parts",
    "width": "source/width",
    "height": "source/height",
    "digest": "image/digest",
}
# Of ink, which a smaller picture keeps but for rounding.
_TOLERANCE = 0.02
_AT_ONCE = 1024  # records


@dataclass(frozen=True)
class Reading:
    """What was read.

    Attributes:
        table: Facts of every record. Class, label, domain and parts are the record's own, ink and
            colourfulness those of the picture in it; the size and the digest are the source
            picture's, as recorded. A record that is damaged has a problem, and is otherwise as
            the index has it.
        anomalies: Where records and index disagree.
    """

    table: pa.Table
    anomalies: tuple[Anomaly, ...]


def examples_table(records: Records, progress: Callable[..., Iterable] | None = None) -> pa.Table:
    """The facts of built records, as they are in their shards: the table of `read_examples`."""
    return read_examples(records, progress).table


def read_examples(records: Records, progress: Callable[..., Iterable] | None = None) -> Reading:
    """Read every record of a built data set: its checksums, its features, its picture.

    A damaged record does not end the reading.

    Args:
        records: From `open_records`.
        progress: As `sbir_tf.console.bar`.

    Returns:
        Their facts, and where they are not what the index says.
    """
    tables, wrong = [], []
    for rows in _batches(records, progress):
        tables.append(facts_table(facts for facts, _ in rows))
        wrong += [(facts["key"], different) for facts, all_of in rows for different in all_of]
    table = pa.concat_tables(tables)
    problems, shards = texts(table, "problem"), records.table["shard"].to_pylist()
    damaged = {shards[row] for row, text in enumerate(problems) if text.startswith(DAMAGED)}
    return Reading(table, (*_disagreements(wrong), *_replaced(records, damaged)))


def _batches(records: Records, progress) -> Iterator[list[tuple[dict[str, Any], list[str]]]]:
    """What is read of some thousand records at a time, in order."""
    batches = records.table.to_batches(_AT_ONCE)
    shown = progress(batches, "reading records", len(batches)) if progress else batches
    with ExitStack() as stack, ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        files = [_opened(shard, stack) for shard in records.shards]
        for batch in shown:
            yield list(pool.map(lambda row: _read(files, records, row), batch.to_pylist()))


def _opened(shard: Path, stack: ExitStack):
    try:
        return stack.enter_context(shard.open("rb"))
    except OSError as error:
        raise UserError(
            f"{shard} cannot be read ({error.strerror}): fetch it again, or build the records anew"
        ) from error


def _read(files, records: Records, row: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The facts of one record, and in what it differs from its row in the index."""
    shard, offset, length = row["shard"], row["offset"], row["length"]
    indexed = {name: row[name] for name in FACTS.names}
    try:
        framed = os.pread(files[shard].fileno(), framed_length(length), offset)
        features = parsed_example(unframe(framed, length))
    except DamagedRecord as error:
        place = f"{records.shards[shard].name}, offset {offset}: {error}"
        return indexed | {"problem": DAMAGED + place}, []
    except Exception as error:  # a whole record that is no example of ours
        place = f"{records.shards[shard].name}, offset {offset}: not an example ({error})"
        return indexed | {"problem": DAMAGED + place}, []
    recorded = {name: _plain(features[feature]) for name, feature in _SAME.items()}
    recorded["bytes"] = len(features["image/encoded"])
    different = [
        f"{name} {value!r}, {indexed[name]!r} in the index"
        for name, value in recorded.items()
        if value != indexed[name]
    ]
    facts, more = _seen(features, records)
    return recorded | facts, different + more


def _seen(features: dict[str, Any], records: Records) -> tuple[dict[str, Any], list[str]]:
    """The facts that only the picture itself tells."""
    try:
        rgb = read_picture(features["image/encoded"], longest=None, name="its picture")
    except PictureError as error:
        return {"problem": str(error).removeprefix("its picture: ")}, []
    height, width = rgb.shape[:2]
    wanted = features["image/width"], features["image/height"]
    different = []
    if (width, height) != wanted:
        different.append(f"picture of {width} x {height}, recorded as {wanted[0]} x {wanted[1]}")
    seen = facts_of(rgb)
    swapped = records.manifest["settings"]["swap_red_blue"] and features["domain"] == 1
    ink = facts_of(rgb[..., ::-1]).ink if swapped else seen.ink
    if abs(ink - features["image/ink"]) > _TOLERANCE:
        different.append(f"picture with {ink:.3f} ink, recorded as {features['image/ink']:.3f}")
    return {"ink": seen.ink, "colourfulness": seen.colourfulness}, different


def _plain(value):
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def _disagreements(wrong: list[tuple[str, str]]) -> Iterator[Anomaly]:
    if wrong:
        keys = list(dict.fromkeys(key for key, _ in wrong))
        first = next(difference for key, difference in wrong)
        yield anomaly(
            ERROR,
            "index_disagrees",
            f"{counted(len(keys), 'record')} not as the index has them: {named(keys)}. The first: "
            f"{first}. Were files replaced? Build the records anew",
            [f"{key}: {difference}" for key, difference in wrong],
            count=len(keys),
        )


def _replaced(records: Records, damaged: set[int]) -> Iterator[Anomaly]:
    """Shards whose records are whole, and which are not the files that were written."""
    for number, shard in enumerate(records.shards):
        if number in damaged:
            continue
        with shard.open("rb") as file:
            digest = digest_of(file)
        if digest != records.manifest["shards"][number]["sha256"]:
            yield anomaly(
                ERROR,
                "shard_replaced",
                f"{shard.name} is another file than was built, though each record in it is whole. "
                "Copy it again, or build the records anew",
                [shard.name],
            )
