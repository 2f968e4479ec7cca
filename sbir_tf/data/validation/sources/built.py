"""Built records, each of them read again."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pictures import PictureError, read_picture
from sbir_tf.data.facts import FACTS
from sbir_tf.data.records import Records, open_records, parsed_example, read_example
from sbir_tf.data.splits import Split
from sbir_tf.data.validation.examples import read_examples
from sbir_tf.data.validation.features import texts
from sbir_tf.data.validation.page.gallery import SIDE
from sbir_tf.data.validation.report import WARNING, Anomaly, anomaly
from sbir_tf.data.validation.sources.source import Source
from sbir_tf.data.validation.words import counted, named
from sbir_tf.errors import UserError


def from_records(
    folder: Path | str, split: Split | None = None, progress=None, thorough: bool = True
) -> Source:
    """Records, each of them read again if `thorough`."""
    # A shard that is too short is not refused, but found with what else there is.
    records = open_records(folder, check_shards=not thorough)
    table, found = records.table.select(FACTS.names), ()
    if thorough:
        reading = read_examples(records, progress)
        table, found = reading.table, reading.anomalies
    rows = {key: row for row, key in enumerate(texts(records.table, "key"))}

    def read(key: str) -> np.ndarray | None:
        try:
            (example,) = read_example(records, [rows[key]])
            return read_picture(parsed_example(example)["image/encoded"], longest=SIDE)
        except (UserError, PictureError, KeyError):
            return None

    # What the build could not read is told, and missing nowhere: a training leaves it out, too.
    split = split or records.split
    split = split.without(records.skipped) if split else None
    found = (*found, *_skipped(records))
    return Source(str(folder), table, records.class_names, split, found, read)


def _skipped(records: Records) -> Iterator[Anomaly]:
    told = [f"{key}: {reason}" for key, reason in records.skipped.items()]
    if told:
        yield anomaly(
            WARNING,
            "file_skipped",
            f"{counted(len(told), 'picture')} left out when the records were built: {named(told)}. "
            "Mend them and build anew, or remove them",
            told,
        )
