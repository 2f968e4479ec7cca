"""Drift and skew: the largest difference of shares (L-infinity), measured by TFDV's comparators."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import pyarrow as pa

from sbir_tf.data.validation.features import features_of
from sbir_tf.data.validation.schema import BAND_DRIFT, CLASS_DRIFT
from sbir_tf.data.validation.statistics import statistics_of
from sbir_tf.data.validation.tfdv import load_tfdv
from sbir_tf.data.validation.words import percent

# How many standard deviations of what chance makes are still called chance.
DEVIATIONS = 3.0


@dataclass(frozen=True)
class Drift:
    """A feature whose shares differ by more than they may.

    Attributes:
        feature: Its name.
        distance: The largest difference of shares, as TFDV measured it.
        threshold: What it may be.
        value: The value with that difference.
        before, after: Its shares.
    """

    feature: str
    distance: float
    threshold: float
    value: str
    before: float
    after: float

    def said(self, before: str, after: str) -> str:
        """The value's two shares, of what is called so, and the distance."""
        return (
            f"{self.value!r} is {percent(self.before)} {before} and {percent(self.after)} {after} "
            f"(L-infinity {self.distance:.2f}, {self.threshold:.2f} allowed)"
        )


def drifts(
    before: pa.Table, after: pa.Table, features: Sequence[str], schema=None, skew: bool = False
) -> list[Drift]:
    """The features whose shares differ by more than the threshold and chance allow.

    Args:
        before, after: Of the schema `FACTS`, or with the columns that the features need.
        features: Names of features whose values are words. Those that one of the tables has no
            value of are left out.
        schema: Whose comparators hold the thresholds; None takes the usual ones.
        skew: Whether to compare as training and serving, not as two versions.

    Returns:
        Those above their threshold, in the order of `features`.
    """
    tables = [features_of(table) for table in (before, after)]
    shares = {name: [_counts(table, name) for table in tables] for name in features}
    shares = {name: pair for name, pair in shares.items() if all(pair)}
    limits = {
        name: _threshold(name, schema, skew) + allowance(*pair) for name, pair in shares.items()
    }
    measured = _measured(before, after, limits, skew)
    found = []
    for name, distance in measured.items():
        if distance > limits[name]:
            found.append(Drift(name, distance, limits[name], *_most(*shares[name])))
    return found


def allowance(before: Counter, after: Counter) -> float:
    """What chance alone may make of the largest difference of shares between two samples.

    Three standard deviations of the difference, sqrt(p (1 - p) (1 / n + 1 / m)), for the value
    whose share p in both together makes it largest.
    """
    n, m = before.total(), after.total()
    shares = [count / (n + m) for count in (before + after).values()]
    return DEVIATIONS * max(sqrt(p * (1 - p) * (1 / n + 1 / m)) for p in shares)


def _measured(before: pa.Table, after: pa.Table, limits: dict[str, float], skew: bool):
    """Feature -> the distance, by TFDV."""
    from tensorflow_metadata.proto.v0 import schema_pb2

    if not limits:
        return {}
    tfdv, schema = load_tfdv(), schema_pb2.Schema()
    for name, limit in limits.items():
        feature = schema.feature.add(name=name, type=schema_pb2.BYTES)
        comparator = feature.skew_comparator if skew else feature.drift_comparator
        comparator.infinity_norm.threshold = limit
    now, other = statistics_of(after), statistics_of(before)
    if skew:
        found = tfdv.validate_statistics(other, schema, serving_statistics=now)
    else:
        found = tfdv.validate_statistics(now, schema, previous_statistics=other)
    measured = {}
    for info in found.drift_skew_info:
        for one in (*info.drift_measurements, *info.skew_measurements):
            measured[".".join(info.path.step)] = one.value
    return {name: measured[name] for name in limits if name in measured}


def _threshold(name: str, schema, skew: bool) -> float:
    for feature in schema.feature if schema is not None else ():
        comparator = feature.skew_comparator if skew else feature.drift_comparator
        if feature.name == name and comparator.HasField("infinity_norm"):
            return comparator.infinity_norm.threshold
    return CLASS_DRIFT if name.endswith("_class") else BAND_DRIFT


def _counts(features: pa.RecordBatch, name: str) -> Counter:
    if name not in features.schema.names:
        return Counter()
    column = features.column(features.schema.get_field_index(name))
    return Counter(column.flatten().to_pylist())


def _most(before: Counter, after: Counter) -> tuple[str, float, float]:
    """The value whose share differs most, with both shares."""
    n, m = before.total(), after.total()
    pairs = {value: (before[value] / n, after[value] / m) for value in before + after}
    value = max(sorted(pairs), key=lambda v: abs(pairs[v][0] - pairs[v][1]))
    return value, *pairs[value]
