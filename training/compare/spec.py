"""What a comparison is made of."""

import importlib
import pkgutil
import re
from collections.abc import Sequence
from dataclasses import dataclass

from sbir_tf.errors import UserError, nearest
from training.config import Config, load_config


@dataclass(frozen=True)
class Row:
    """One way of training, with the settings that were tried for it.

    Attributes:
        label: As the table prints it.
        overrides: `key=value` of a configuration, what makes this row.
        trials: The settings tried, each a few `key=value`; the best on the validation part is
            trained again for the table.
    """

    label: str
    overrides: tuple[str, ...]
    trials: tuple[tuple[str, ...], ...]

    @property
    def slug(self) -> str:
        """The row's name as a folder."""
        return re.sub(r"[^a-z0-9]+", "-", self.label.lower()).strip("-")


@dataclass(frozen=True)
class Comparison:
    """Rows trained at one budget, in tables that share a reference.

    Attributes:
        name: Of the file in training/comparisons.
        title: Of the page.
        note: Paragraphs under the title, Markdown.
        config: The configuration that all rows change.
        overrides: What every row changes of it.
        tables: Heading -> rows. The reference is the first row of each.
        seeds: Of the final trainings. Trials use the first.
    """

    name: str
    title: str
    note: str
    config: str
    overrides: tuple[str, ...]
    tables: dict[str, tuple[Row, ...]]
    seeds: tuple[int, ...] = (0, 1, 2)

    @property
    def rows(self) -> tuple[Row, ...]:
        """Every row once, in the order of the tables."""
        return tuple(dict.fromkeys(row for rows in self.tables.values() for row in rows))

    def trial_config(self, row: Row, trial: Sequence[str]) -> Config:
        """Trained on the train part alone: the validation part is to judge it."""
        return self._config(row, trial, self.seeds[0], ("data.train_on=train",))

    def final_config(self, row: Row, trial: Sequence[str], seed: int) -> Config:
        """Trained on train and validation parts: the test part is to judge it."""
        return self._config(row, trial, seed)

    def _config(self, row, trial, seed, more=()) -> Config:
        overrides = (*self.overrides, *row.overrides, *trial, f"seed={seed}", *more)
        return load_config(self.config, overrides)


def comparison_names() -> list[str]:
    """The names of the comparisons in training/comparisons."""
    package = importlib.import_module("training.comparisons")
    return sorted(module.name for module in pkgutil.iter_modules(package.__path__))


def load_comparison(name: str) -> Comparison:
    """The named comparison.

    Raises:
        UserError: If there is none, naming the nearest.
    """
    if name not in comparison_names():
        raise UserError(f"There is no comparison {name!r}{nearest(name, comparison_names())}")
    return importlib.import_module(f"training.comparisons.{name}").COMPARISON
