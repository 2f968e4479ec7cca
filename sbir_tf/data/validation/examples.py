"""What built records really hold: each one read again, decoded, and compared with the index."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from google.protobuf.message import DecodeError

from pictures import PictureError, facts_of, read_picture
from sbir_tf.data.facts import FACTS, facts_table
from sbir_tf.data.records import Records, parsed_example, read_example, verify_records
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
_CURED = "build the records anew"
# Of the columns that are narrower than a record's numbers.
_LIMITS = {
    field.name: 2 ** (field.type.bit_width - 1)
    for field in FACTS
    if pa.types.is_integer(field.type) and field.name in _SAME
}


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


def read_examples(records: Records, progress: Callable[..., Iterable] | None = None) -> Reading:
    """Read every record of a built data set: its checksums, its features, its picture.

    A damaged record does not end the reading.

    Args:
        records: From `open_records`.
        progress: As `sbir_tf.console.bar`.

    Returns:
        Their facts, and where they are not what the index says.

    Raises:
        UserError: If a shard is missing, or no regular file.
    """
    for shard in records.shards:
        if not shard.is_file():
            problem = "no regular file" if shard.exists() else "missing"
            raise UserError(f"{shard} is {problem}: fetch it again, or build the records anew")
    tables, wrong = [], []
    for rows in _batches(records, progress):
        tables.append(facts_table(facts for facts, _ in rows))
        wrong += [(facts["key"], different) for facts, all_of in rows for different in all_of]
    table = pa.concat_tables(tables)
    problems, shards = texts(table, "problem"), records.table["shard"].to_pylist()
    damaged = {shards[row] for row, text in enumerate(problems) if text.startswith(DAMAGED)}
    told = tuple(str(records.shards[shard]) for shard in damaged)
    return Reading(table, (*_disagreements(wrong), *_replaced(records, told, progress)))


def _batches(records: Records, progress) -> Iterator[list[tuple[dict[str, Any], list[str]]]]:
    """What is read of some thousand records at a time, in order."""
    batches = records.table.to_batches(_AT_ONCE)
    shown = progress(batches, "reading records", len(batches)) if progress else batches
    first = 0
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for batch in shown:
            rows = range(first, first + len(batch))
            yield list(pool.map(lambda *it: _read(records, *it), rows, batch.to_pylist()))
            first = rows.stop


def _read(records: Records, number: int, row: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The facts of one record, and in what it differs from its row in the index."""
    indexed = {name: row[name] for name in FACTS.names}
    try:
        # One at a time: no more shards are open than there are threads.
        (serialized,) = read_example(records, [number])
        features = parsed_example(serialized)
    except UserError as error:
        return indexed | {"problem": f"{DAMAGED}{error}"}, []
    except (LookupError, ValueError, DecodeError) as error:
        place = f"{records.shards[row['shard']]}, record at offset {row['offset']}"
        problem = f"{DAMAGED}{place}: not an example ({error!r}). Build the records anew"
        return indexed | {"problem": problem}, []
    recorded = {name: _plain(features[feature]) for name, feature in _SAME.items()}
    recorded["bytes"] = len(features["image/encoded"])
    different = [
        f"{name} {value!r}, {indexed[name]!r} in the index"
        for name, value in recorded.items()
        if value != indexed[name]
    ]
    facts, more = _seen(features, records)
    return _fitting(recorded) | facts, different + more


def _fitting(recorded: dict[str, Any]) -> dict[str, Any]:
    """The values, each as near as its column can hold it: which differs from the index's."""
    return recorded | {
        name: min(max(recorded[name], -limit), limit - 1) for name, limit in _LIMITS.items()
    }


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
    if not abs(ink - features["image/ink"]) <= _TOLERANCE:  # which NaN is not either
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


def _replaced(records: Records, told: tuple[str, ...], progress) -> Iterator[Anomaly]:
    """Shards whose known records are whole, and which are not the files that were written.

    Args:
        records: All of them.
        told: Shards whose damage is told already.
        progress: As `sbir_tf.console.bar`.
    """
    options = {"progress": progress} if progress else {}
    try:
        lines = verify_records(records, **options)
    except DecodeError:  # of a record that is no example, and told already
        lines = ()
    for line in lines:
        if not line.startswith(told):
            cure = "" if line.endswith(_CURED) else f". Copy it again, or {_CURED}"
            yield anomaly(ERROR, "shard_replaced", line + cure, [line])
