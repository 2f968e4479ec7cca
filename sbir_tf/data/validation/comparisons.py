"""What is compared: held out with trained on, one version with another, served with trained on."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from sbir_tf.data.facts import DOMAINS
from sbir_tf.data.validation.drift import drifts
from sbir_tf.data.validation.features import numbers, texts
from sbir_tf.data.validation.report import WARNING, Anomaly, anomaly
from sbir_tf.data.validation.schema import CLASS_DRIFT
from sbir_tf.data.validation.statistics import SLICE_NAMES, slices
from sbir_tf.data.validation.words import counted

# Parts that are held out -> the domain that they hold.
_HELD_OUT = {
    "queries": "sketch",
    "gallery": "photo",
    "validation_queries": "sketch",
    "validation_gallery": "photo",
}


def check_label_drift(table: pa.Table, schema=None) -> Iterator[Anomaly]:
    """Whether what is held out has its classes in other shares than what is trained on.

    Where a part has classes that training has not, as those of a zero-shot split, only the shares
    of the classes that both have are compared. A part with as many of every class is as it should
    be, too: the published protocols hold out a fixed number, however many a class has.
    """
    parts = slices(table)
    for part, domain in _HELD_OUT.items():
        if "train" not in parts or part not in parts:
            continue
        pair = _comparable(*(_of_domain(parts[name], domain) for name in ("train", part)))
        if _is_even(*pair):
            continue
        for drift in drifts(*pair, [f"{domain}_class"], schema):
            yield anomaly(
                WARNING,
                "label_drift",
                f"Classes have other shares of the {SLICE_NAMES[domain]} in {part!r} than in "
                f"training: {drift.said('in training', 'there')}. Figures will say less about each "
                "class: draw the split anew, or add pictures",
                [drift.value],
            )


def _comparable(train: pa.Table, test: pa.Table) -> list[pa.Table]:
    """Both, less the classes that one lacks on purpose."""
    known = set(texts(train, "class"))
    common = known & set(texts(test, "class"))
    if set(texts(test, "class")) <= known:
        return [train, test]
    return [rows.filter(np.isin(texts(rows, "class"), list(common))) for rows in (train, test)]


def _is_even(train: pa.Table, test: pa.Table) -> bool:
    """Whether no class's share of `test` differs from that of all by more than a drift may."""
    counts = Counter(texts(test, "class"))
    classes = counts.keys() | set(texts(train, "class"))
    even = 1 / max(len(classes), 1)
    return all(abs(counts[name] / len(test) - even) <= CLASS_DRIFT for name in classes)


def check_drift(table: pa.Table, previous: pa.Table, schema=None, source="the other") -> Iterator:
    """Whether the shares of classes, sizes, ink and colours differ from another version's."""
    names = [
        f"{domain}_{kind}" for kind in ("class", "size", "ink", "colour") for domain in DOMAINS
    ]
    codes = {"class": "label_drift", "size": "size_drift"}
    for drift in drifts(previous, table, names, schema):
        domain, kind = drift.feature.split("_")
        yield anomaly(
            WARNING,
            codes.get(kind, "look_drift"),
            f"The {kind} of the {SLICE_NAMES[domain]} drifted: "
            f"{drift.said(f'in {source}', 'here')}. If it is meant, train anew, and "
            "compare figures of one version alone",
            [drift.value],
        )


def check_skew(table: pa.Table, serving: pa.Table, schema=None) -> Iterator[Anomaly]:
    """Whether what users send looks unlike what is trained on."""
    parts = slices(table)
    training = parts.get("train", table)
    names = [f"{domain}_{kind}" for kind in ("ink", "colour", "shape") for domain in DOMAINS]
    for drift in drifts(training, serving, names, schema, skew=True):
        domain, kind = drift.feature.split("_")
        sent = _of_domain(serving, domain)
        yield anomaly(
            WARNING,
            "serving_skew",
            f"The {kind} of {counted(len(sent), f'served {domain}')} is not that of training: "
            f"{drift.said('in training', 'served')}. Check how they are made (thickness, inverted, "
            "cropped), or train with such pictures",
            [drift.value],
            count=len(sent),
        )


def _of_domain(table: pa.Table, domain: str) -> pa.Table:
    return table.filter(numbers(table, "domain") == DOMAINS[domain])
