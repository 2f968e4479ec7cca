"""What a validation found: anomalies in words, and the figures that it looked at."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sbir_tf.data.validation.words import LISTED, counted

ERROR, WARNING = "error", "warning"


@dataclass(frozen=True)
class Anomaly:
    """One thing that is wrong, however many pictures or classes it is wrong with.

    Attributes:
        severity: "error": training or figures would be wrong; "warning": worth a look.
        code: What kind it is, a stable word for programs.
        message: What is wrong, with what, and the cure.
        count: How many pictures, classes or records it concerns.
        items: The first ten of them.
    """

    severity: str
    code: str
    message: str
    count: int = 1
    items: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The anomaly as plain JSON values."""
        return {**vars(self), "items": list(self.items)}


@dataclass(frozen=True)
class Report:
    """The result of a validation.

    Attributes:
        anomalies: Errors first.
        facts: Counts of the data set, as plain JSON values.
        statistics: TensorFlow Data Validation's, a `DatasetFeatureStatisticsList`: of all
            pictures, of each domain and of each part of the split.
    """

    anomalies: tuple[Anomaly, ...]
    facts: Mapping[str, Any]
    statistics: Any = field(default=None, repr=False, compare=False)

    @property
    def errors(self) -> tuple[Anomaly, ...]:
        return tuple(a for a in self.anomalies if a.severity == ERROR)

    @property
    def warnings(self) -> tuple[Anomaly, ...]:
        return tuple(a for a in self.anomalies if a.severity == WARNING)

    @property
    def ok(self) -> bool:
        """Whether there is no error; there may be warnings."""
        return not self.errors

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(anomaly.code for anomaly in self.anomalies)

    def to_json(self) -> dict[str, Any]:
        """The report as plain JSON values."""
        return {
            "ok": self.ok,
            "errors": len(self.errors),
            "warnings": len(self.warnings),
            "anomalies": [anomaly.to_json() for anomaly in self.anomalies],
            "facts": dict(self.facts),
        }

    def headline(self) -> str:
        """`3 classes, 90 sketches, 60 photos: 1 error, 2 warnings`."""
        parts = [counted(self.facts["classes"], "class")]
        parts += [counted(self.facts["sketches"], "sketch"), counted(self.facts["photos"], "photo")]
        found = [counted(len(self.errors), "error")] if self.errors else []
        found += [counted(len(self.warnings), "warning")] if self.warnings else []
        return f"{', '.join(parts)}: {', '.join(found) or 'no anomaly'}"

    def __str__(self) -> str:
        lines = [self.headline()]
        lines += [f"{a.severity}: {a.message} [{a.code}]" for a in self.anomalies]
        return "\n".join(lines)


def anomaly(
    severity: str, code: str, message: str, items: Iterable[str] = (), count: int | None = None
) -> Anomaly:
    """An anomaly of all these items, of which it keeps the first few."""
    items = [str(item) for item in items]
    return Anomaly(severity, code, message, count or len(items) or 1, tuple(items[:LISTED]))


def in_order(anomalies: Iterable[Anomaly]) -> tuple[Anomaly, ...]:
    """Errors first, what concerns most first; each once."""
    once = dict.fromkeys(anomalies)
    return tuple(sorted(once, key=lambda a: (a.severity != ERROR, -a.count, a.code, a.message)))
