"""A data set, with everything that a validation looks at."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from sbir_tf.data.splits import Split
from sbir_tf.data.validation.report import Anomaly, Report
from sbir_tf.data.validation.validate import validate


@dataclass(frozen=True)
class Source:
    """A data set to validate.

    Attributes:
        name: What it is called.
        table: Its facts.
        class_names: What labels are places in.
        split: Its split, if it has one.
        found: What opening it brought to light.
        read: Gives a picture by its key, small, or None where it cannot be read.
    """

    name: str
    table: pa.Table
    class_names: tuple[str, ...]
    split: Split | None
    found: tuple[Anomaly, ...]
    read: Callable[[str], np.ndarray | None]

    def validate(self, against=None, serving=None, source: str | None = None) -> Report:
        """The report: see `validate`."""
        return validate(
            self.table, against, self.split, serving, self.class_names, self.found, source
        )
