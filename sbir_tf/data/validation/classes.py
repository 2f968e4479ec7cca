"""Classes, labels and keys that contradict each other: what no single feature's statistics show."""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from sbir_tf.data.facts import DOMAINS
from sbir_tf.data.validation.features import numbers, texts
from sbir_tf.data.validation.report import ERROR, WARNING, Anomaly, anomaly
from sbir_tf.data.validation.statistics import in_part
from sbir_tf.data.validation.words import counted, named, quoted

# Part whose sketches search -> part whose photos are found.
_SEARCHED = {"queries": "gallery", "validation_queries": "validation_gallery"}


def check_classes(table: pa.Table, class_names: Sequence[str]) -> Iterator[Anomaly]:
    """Labels that are not their class's; keys that occur twice; classes of one domain alone."""
    yield from _labels(table, class_names)
    yield from _keys(table)
    sketches, photos = (_classes(table, DOMAINS[domain]) for domain in ("sketch", "photo"))
    if alone := sorted(sketches - photos):
        yield anomaly(
            ERROR,
            "class_without_photos",
            f"{counted(len(alone), 'class')} with sketches but no photos: {quoted(alone)}. No "
            "search can find anything of them: add photos, or remove the sketches",
            alone,
        )
    if alone := sorted(photos - sketches):
        yield anomaly(
            ERROR,
            "class_without_sketches",
            f"{counted(len(alone), 'class')} with photos but no sketches: {quoted(alone)}. Nothing "
            "ties them to drawings: add sketches, or remove the photos",
            alone,
        )
    yield from _unanswered(table, sketches & photos)


def _labels(table: pa.Table, class_names: Sequence[str]) -> Iterator[Anomaly]:
    place = {name: number for number, name in enumerate(class_names)}
    names, labels = texts(table, "class"), numbers(table, "label")
    inside = (labels >= 0) & (labels < len(class_names))
    wanted = np.array([place.get(name, -1) for name in names])
    wrong = np.flatnonzero(inside & (wanted >= 0) & (wanted != labels))
    if not len(wrong):
        return
    keys, first = texts(table, "key")[wrong], wrong[0]
    yield anomaly(
        ERROR,
        "label_disagrees",
        f"The label of {counted(len(wrong), 'picture')} is another class's: {named(keys)}. The "
        f"first is of class {names[first]!r}, label {wanted[first]}, and has the label of "
        f"{class_names[labels[first]]!r}, {labels[first]}. Build the records anew",
        keys,
    )


def _keys(table: pa.Table) -> Iterator[Anomaly]:
    repeated = [key for key, count in Counter(texts(table, "key")).items() if count > 1]
    if repeated:
        yield anomaly(
            ERROR,
            "key_repeated",
            f"{counted(len(repeated), 'key')} with more than one picture: {named(repeated)}. Were "
            "two sets joined? Build them as one",
            repeated,
        )


def _unanswered(table: pa.Table, complete: set[str]) -> Iterator[Anomaly]:
    """Classes that a part's sketches search and its photos lack, though the data set has them."""
    of_rows = table.column("parts").to_pylist()
    parts = {part for row in of_rows for part in row or ()}
    for queries, gallery in _SEARCHED.items():
        if {queries, gallery} <= parts:
            asked = _classes(in_part(table, queries), DOMAINS["sketch"])
            there = _classes(in_part(table, gallery), DOMAINS["photo"])
            lacking = sorted((asked - there) & complete)
            if lacking:
                yield anomaly(
                    WARNING,
                    "query_without_answer",
                    f"{counted(len(lacking), 'class')} with sketches in {queries!r} but no photos "
                    f"in {gallery!r}: {quoted(lacking)}. Their searches can only fail: move photos "
                    "of them there, or the sketches away",
                    lacking,
                )


def _classes(table: pa.Table, domain: int) -> set[str]:
    return set(texts(table, "class")[numbers(table, "domain") == domain])
