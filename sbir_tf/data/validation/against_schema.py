"""What TFDV finds against a schema, said in words: with what, and what to do."""

from collections.abc import Callable, Collection, Iterator

import numpy as np
import pyarrow as pa

from sbir_tf.data.facts import DOMAINS
from sbir_tf.data.validation.features import features_of, numbers, texts
from sbir_tf.data.validation.report import ERROR, WARNING, Anomaly, anomaly
from sbir_tf.data.validation.schema import vocabulary
from sbir_tf.data.validation.statistics import statistics_of
from sbir_tf.data.validation.tfdv import load_tfdv
from sbir_tf.data.validation.words import counted, named, percent, quoted

# Said by other checks, which know the pictures; or no fault: a schema may leave features out.
_SAID_ELSEWHERE = {
    ("width", "FEATURE_TYPE_LOW_FRACTION_PRESENT"),
    ("height", "FEATURE_TYPE_LOW_FRACTION_PRESENT"),
    ("ink", "FEATURE_TYPE_LOW_FRACTION_PRESENT"),
    ("colourfulness", "FEATURE_TYPE_LOW_FRACTION_PRESENT"),
}
_NO_FAULT = {"SCHEMA_NEW_COLUMN"}


def against_schema(
    table: pa.Table, schema, source: str = "the schema", leave: Collection[str] = ()
) -> list[Anomaly]:
    """The anomalies of a data set against a schema.

    TFDV's `validate_statistics` says which feature breaks which rule; the words, the pictures
    and the cure are ours.

    Args:
        table: Of the schema `FACTS`.
        schema: From `make_schema` or `read_schema`.
        source: What messages call the schema.
        leave: Features that are not looked at.
    """
    found = []
    for feature, kinds in reasons(table, schema).items():
        if feature in leave:
            continue
        told = _TOLD.get(feature) or (_told_size if feature.endswith("_size") else None)
        kinds = {k: v for k, v in kinds.items() if (feature, k) not in _SAID_ELSEWHERE}
        if told and not all("PRESENT" in kind for kind in kinds):
            found += told(table, schema, source, feature)
        elif kinds:
            found.append(_as_tfdv_says(feature, kinds, source))
    return found


def reasons(table: pa.Table, schema) -> dict[str, dict[str, str]]:
    """Feature -> kind of TFDV's anomaly -> its description."""
    anomalies = load_tfdv().validate_statistics(statistics_of(table), schema)
    found: dict[str, dict[str, str]] = {}
    for info in anomalies.anomaly_info.values():
        for reason in info.reason:
            kind = type(info).Type.Name(reason.type)
            if kind not in _NO_FAULT:
                feature = ".".join(info.path.step)
                found.setdefault(feature, {})[kind] = reason.description.strip()
    return found


def _told_classes(table: pa.Table, schema, source: str, feature: str) -> Iterator[Anomaly]:
    here, there = set(texts(table, "class")), set(vocabulary(schema))
    missing, new = sorted(there - here), sorted(here - there)
    if len(here & there) < len(there) / 2:
        yield anomaly(
            ERROR,
            "schema_of_another_set",
            f"Of {counted(len(there), 'class')} in {source} the data has {len(here & there)}: is "
            f"it another data set's? Name the right one, or write one with --write-schema. There: "
            f"{quoted(sorted(there))}; here: {quoted(sorted(here))}",
            missing,
        )
        return
    if missing:
        yield anomaly(
            ERROR,
            "class_missing",
            f"{counted(len(missing), 'class')} of {source} not in the data: {quoted(missing)}. "
            "Add the pictures, or write the schema anew if they left on purpose",
            missing,
        )
    if new:
        yield anomaly(
            ERROR,
            "class_new",
            f"{counted(len(new), 'class')} in the data but not in {source}: {quoted(new)}. A "
            "misspelt folder? If they are meant, write the schema anew",
            new,
        )


def _told_label(table: pa.Table, schema, source: str, feature: str) -> Iterator[Anomaly]:
    classes, label = len(vocabulary(schema)), numbers(table, "label")
    outside = np.flatnonzero((label < 0) | (label >= classes))
    keys = texts(table, "key")[outside]
    values = _values(label[outside])
    yield anomaly(
        ERROR,
        "label_outside",
        f"The label of {counted(len(outside), 'picture')} lies outside 0 to {classes - 1}, the "
        f"{counted(classes, 'class')} of {source}: label {values} of {named(keys)}. "
        "Build the records anew; labels are places in the sorted class names",
        keys,
    )


def _told_domain(table: pa.Table, schema, source: str, feature: str) -> Iterator[Anomaly]:
    domain = numbers(table, "domain")
    wrong = np.flatnonzero(~np.isin(domain, list(DOMAINS.values())))
    keys = texts(table, "key")[wrong]
    values = _values(domain[wrong])
    yield anomaly(
        ERROR,
        "domain_invalid",
        f"The domain of {counted(len(wrong), 'picture')} is neither 0 (sketch) nor 1 (photo): "
        f"{values} of {named(keys)}. Build the records anew; the network's gates know these two",
        keys,
    )


def _values(wrong: np.ndarray) -> str:
    """The different ones; the last that a column can hold may stand for what lies beyond."""
    ends = np.iinfo(wrong.dtype).min, np.iinfo(wrong.dtype).max
    return named([f"{v} or beyond" if v in ends else str(v) for v in sorted(set(wrong))])


def _told_bytes(table: pa.Table, schema, source: str, feature: str) -> Iterator[Anomaly]:
    keys = texts(table, "key")[numbers(table, "bytes") <= 0]
    yield anomaly(
        ERROR,
        "encoding_empty",
        f"{counted(len(keys), 'picture')} of 0 bytes: {named(keys)}. A copy or a download broke "
        "off: fetch them again, or delete them",
        keys,
    )


def _told_size(table: pa.Table, schema, source: str, feature: str) -> Iterator[Anomaly]:
    known = next(set(f.string_domain.value) for f in schema.feature if f.name == feature)
    bands = features_of(table).column(feature).flatten().to_pylist()
    new = [band for band in bands if band not in known]
    things = "sketches" if feature.startswith("sketch") else "photos"
    yield anomaly(
        WARNING,
        "size_drift",
        f"{percent(len(new) / len(bands))} of the {things} have sizes that {source} does not "
        f"know: {named(sorted(set(new)))} (it knows {named(sorted(known))}). Were they resized? "
        "Use the same source, or write the schema anew",
        sorted(set(new)),
        count=len(new),
    )


def _as_tfdv_says(feature: str, kinds: dict[str, str], source: str) -> Anomaly:
    """A rule that somebody added to the schema, in TFDV's own words."""
    missing = any("PRESENT" in kind or kind == "SCHEMA_MISSING_COLUMN" for kind in kinds)
    said = " ".join(description.rstrip(".") + "." for description in kinds.values())
    return anomaly(
        ERROR,
        "value_missing" if missing else "schema_rule",
        f"{feature} breaks a rule of {source}: {said} Mend the data, or edit that rule",
        [feature],
    )


_TOLD: dict[str, Callable[..., Iterator[Anomaly]]] = {
    "class": _told_classes,
    "label": _told_label,
    "domain": _told_domain,
    "bytes": _told_bytes,
}
