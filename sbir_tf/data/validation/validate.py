"""Everything that is checked of a data set, in one report."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa

from sbir_tf.data.facts import DOMAINS, FACTS
from sbir_tf.data.splits import Split
from sbir_tf.data.validation.against_schema import against_schema
from sbir_tf.data.validation.classes import check_classes
from sbir_tf.data.validation.comparisons import check_drift, check_label_drift, check_skew
from sbir_tf.data.validation.contents import check_contents
from sbir_tf.data.validation.copies import check_copies, check_split_fits
from sbir_tf.data.validation.features import numbers, texts
from sbir_tf.data.validation.report import Anomaly, Report, in_order
from sbir_tf.data.validation.schema import make_schema
from sbir_tf.data.validation.serving_log import read_serving_log
from sbir_tf.data.validation.statistics import statistics_of
from sbir_tf.errors import UserError


def validate(
    table: pa.Table,
    against=None,
    split: Split | None = None,
    serving: Path | str | pa.Table | None = None,
    class_names: Sequence[str] | None = None,
    found: Iterable[Anomaly] = (),
    source: str | None = None,
) -> Report:
    """Check a data set, by TensorFlow Data Validation and by what that cannot see.

    Args:
        table: Facts of every picture, of the schema `FACTS`.
        against: A schema of `make_schema` or `read_schema`, or the facts of another version of
            the data set; None checks the data set against itself alone.
        split: What the parts of the split are; they replace the table's, and are checked for leaks.
        serving: The log of a service (see `serving_log`), or its table: compared with training.
        class_names: The vocabulary that labels are places in; None takes the table's classes.
        found: Anomalies that are known already, to be put into the report.
        source: What messages call `against`.

    Returns:
        The report; `report.ok` says whether there are no errors.

    Raises:
        UserError: If the table is empty or has other columns, or the log cannot be read.
    """
    _check(table)
    table = table if split is None else with_parts(table, split)
    names = sorted(set(texts(table, "class"))) if class_names is None else list(class_names)
    schema, previous = (None, against) if isinstance(against, pa.Table) else (against, None)
    own = make_schema(table, names)
    # Labels follow the classes: against another vocabulary, the classes are what is said.
    anomalies = [*found, *against_schema(table, own, "the vocabulary")]
    if previous is not None:
        before = make_schema(previous)
        anomalies += against_schema(table, before, source or "the other", ("label", *_SIZES))
        anomalies += check_drift(table, previous, schema, source or "the other")
    elif schema is not None:
        anomalies += against_schema(table, schema, source or "the schema", ("label",))
    anomalies += check_classes(table, names)
    anomalies += check_contents(table)
    anomalies += check_copies(table, split)
    anomalies += check_split_fits(table, split) if split is not None else ()
    anomalies += check_label_drift(table, schema)
    if serving is not None:
        log = serving if isinstance(serving, pa.Table) else read_serving_log(serving)
        anomalies += check_skew(table, log, schema)
    return Report(in_order(anomalies), counts_of(table), statistics_of(table, sliced=True))


# Of another version's sizes its shares are compared, which is finer than its bands.
_SIZES = tuple(f"{domain}_size" for domain in DOMAINS)


def with_parts(table: pa.Table, split: Split) -> pa.Table:
    """The table with the parts that a split puts its pictures in."""
    parts = [list(split.of(key)) for key in texts(table, "key")]
    place = table.schema.get_field_index("parts")
    field = FACTS.field("parts")
    return table.set_column(place, field, pa.array(parts, field.type))


def counts_of(table: pa.Table) -> dict:
    """How many of what a data set has, as plain JSON values."""
    domain = numbers(table, "domain")
    parts = Counter(part for parts in table.column("parts").to_pylist() for part in parts or ())
    return {
        "pictures": len(table),
        "classes": len(set(texts(table, "class"))),
        "sketches": int((domain == DOMAINS["sketch"]).sum()),
        "photos": int((domain == DOMAINS["photo"]).sum()),
        "bytes": int(numbers(table, "bytes").sum()),
        "unreadable": int((texts(table, "problem") != "").sum()),
        "parts": dict(parts),
    }


def _check(table: pa.Table) -> None:
    missing = [name for name in FACTS.names if name not in table.column_names]
    if missing:
        raise UserError(
            f"A table of facts has the columns {', '.join(FACTS.names)}. Received: no "
            f"{', '.join(missing)}"
        )
    if not len(table):
        raise UserError("There is no picture to validate. Received: a table of 0 rows")
