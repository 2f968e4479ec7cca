"""The schema: what TFDV infers, made stricter by what is known, as a file that a team commits."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from sbir_tf.data.facts import DOMAINS
from sbir_tf.data.validation.features import OF_A_DOMAIN, PLAIN, texts
from sbir_tf.data.validation.regular import regular_file
from sbir_tf.data.validation.statistics import statistics_of
from sbir_tf.data.validation.tfdv import load_tfdv
from sbir_tf.errors import UserError
from sbir_tf.files import written_aside

CLASSES = "classes"  # the vocabulary's name in the file
# The share of sizes that may lie in bands which the data had not when its schema was made.
NEW_SIZES = 0.1
# Largest difference of shares, on top of what chance makes between samples of these sizes.
CLASS_DRIFT, BAND_DRIFT = 0.05, 0.2
_HEADER = """\
# The schema of a data set for `sbir data validate FOLDER --against THIS_FILE`, written by
# `--write-schema`: a tensorflow.metadata.v0.Schema as text. Commit it, and edit what should be
# stricter or more lenient: the classes, the bands of sizes, and how far shares may drift
# (infinity_norm: the largest difference of shares, on top of what chance makes).
"""
_LIMITS = {
    "domain": (0, 1),
    "bytes": (1, None),
    "width": (1, None),
    "height": (1, None),
    "ink": (0.0, 1.0),
    "colourfulness": (0.0, None),
}


def make_schema(table: pa.Table, class_names: Sequence[str] | None = None):
    """The schema of a data set.

    Args:
        table: Of the schema `FACTS`.
        class_names: The vocabulary; None takes the table's own classes.

    Returns:
        `tensorflow_metadata.proto.v0.schema_pb2.Schema`: inferred by TFDV; every class named and
        needed; labels inside the vocabulary; domains 0 and 1; nothing missing; for each domain the
        bands of sizes that were seen, and how far its classes, sizes, ink and colours may drift.
    """
    schema = load_tfdv().infer_schema(statistics_of(table))
    names = sorted(set(texts(table, "class"))) if class_names is None else list(class_names)
    domains = {domain.name: list(domain.value) for domain in schema.string_domain}
    del schema.string_domain[:]
    schema.string_domain.add(name=CLASSES, value=names)
    for feature in schema.feature:
        seen = domains.get(feature.domain, [])
        feature.ClearField("domain_info")
        _make_strict(feature, names, seen)
    return schema


def read_schema(file: Path | str):
    """The schema in a file.

    Raises:
        UserError: If it cannot be read, or is not that of a data set of sketches and photos.
    """
    from google.protobuf import text_format
    from tensorflow_metadata.proto.v0 import schema_pb2

    try:
        text = regular_file(file).read_text("utf-8")
        schema = text_format.Parse(text, schema_pb2.Schema())
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror}") from error
    except (text_format.ParseError, UnicodeDecodeError) as error:
        first = str(error).splitlines()[0]
        raise UserError(
            f"{file} is not a schema ({first}): `--write-schema FILE` writes one"
        ) from None
    missing = {"class", "label", "domain"} - {feature.name for feature in schema.feature}
    if missing or not vocabulary(schema):
        raise UserError(
            f"{file} is not the schema of sketches and photos: `--write-schema FILE` writes one. "
            f"Received: no {', '.join(sorted(missing)) or 'classes'}"
        )
    return schema


def write_schema(schema, file: Path | str) -> Path:
    """Write a schema as text, aside and then renamed; the same schema gives the same bytes."""
    from google.protobuf import text_format

    file = Path(file)
    with written_aside(file) as aside:
        aside.write_text(_HEADER + text_format.MessageToString(schema, as_utf8=True), "utf-8")
    return file


def vocabulary(schema) -> tuple[str, ...]:
    """The class names of a schema."""
    feature = next(feature for feature in schema.feature if feature.name == "class")
    listed = {domain.name: domain.value for domain in schema.string_domain}
    return tuple(feature.string_domain.value or listed.get(feature.domain, ()))


def _make_strict(feature, class_names: list[str], seen: list[str]) -> None:
    if feature.name in PLAIN:
        feature.presence.min_fraction, feature.presence.min_count = 1.0, 1
    else:
        feature.ClearField("shape")
        feature.ClearField("presence")
        feature.value_count.min = feature.value_count.max = 1
    if feature.name == "class":
        feature.domain = CLASSES
        unique = feature.unique_constraints
        unique.min = unique.max = len(class_names)
    elif feature.name == "label":
        _limit(feature, 0, len(class_names) - 1)
    elif feature.name in _LIMITS:
        _limit(feature, *_LIMITS[feature.name])
    elif feature.name in _drifting():
        _let_drift(feature, seen)


def _let_drift(feature, seen: list[str]) -> None:
    kind = feature.name.partition("_")[2]
    threshold = CLASS_DRIFT if kind == "class" else BAND_DRIFT
    feature.drift_comparator.infinity_norm.threshold = threshold
    if kind in ("shape", "ink", "colour"):
        feature.skew_comparator.infinity_norm.threshold = threshold
    if kind == "size" and seen:
        feature.string_domain.value.extend(sorted(seen))
        feature.distribution_constraints.min_domain_mass = 1 - NEW_SIZES


def _limit(feature, low, high) -> None:
    limits = feature.float_domain if isinstance(low, float) else feature.int_domain
    limits.min = low
    if high is not None:
        limits.max = high


def _drifting() -> set[str]:
    return {f"{domain}_{kind}" for domain in DOMAINS for kind in OF_A_DOMAIN}
