"""What a comparison is made of."""

import importlib
import pkgutil
import re
from collections.abc import Sequence
from dataclasses import dataclass

from sbir_tf.errors import UserError, nearest
from training.baselines.plan import METHODS, Plan, plan_of
from training.config import Config, load_config

TRAINED_COLUMNS = ("seeds", "mAP@all", "hit@10", "against", "distance", "weights")


@dataclass(frozen=True)
class Row:
    """One way of training, or a classical method, with the settings that were tried for it.

    Attributes:
        label: As the table prints it.
        overrides: `key=value` of a configuration, or of the method, what makes this row.
        trials: The settings tried, each a few `key=value`; the best on the validation part is
            trained again for the table.
        method: A name in `training.baselines.plan.METHODS`, or None: a training.
    """

    label: str
    overrides: tuple[str, ...]
    trials: tuple[tuple[str, ...], ...]
    method: str | None = None

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
        seeds: Of the final trainings. Trials use the first, and so does a method that draws
            nothing at random.
        columns: Of the tables, names in `training.compare.columns`.
        packages: Whose versions the page names beside TensorFlow's.
    """

    name: str
    title: str
    note: str
    config: str
    overrides: tuple[str, ...]
    tables: dict[str, tuple[Row, ...]]
    seeds: tuple[int, ...] = (0, 1, 2)
    columns: tuple[str, ...] = TRAINED_COLUMNS
    packages: tuple[str, ...] = ()

    @property
    def rows(self) -> tuple[Row, ...]:
        """Every row once, in the order of the tables."""
        return tuple(dict.fromkeys(row for rows in self.tables.values() for row in rows))

    def seeds_of(self, row: Row) -> tuple[int, ...]:
        """The seeds of a row: one where nothing is drawn at random."""
        drawn = row.method is None or METHODS[row.method].random
        return self.seeds if drawn else self.seeds[:1]

    def trial_config(self, row: Row, trial: Sequence[str]) -> Config | Plan:
        """Trained on the train part alone: the validation part is to judge it."""
        return self._config(row, trial, self.seeds[0], ("data.train_on=train",))

    def final_config(self, row: Row, trial: Sequence[str], seed: int) -> Config | Plan:
        """Trained on train and validation parts: the test part is to judge it."""
        return self._config(row, trial, seed)

    def _config(self, row, trial, seed, more=()) -> Config | Plan:
        chosen = (*row.overrides, *trial)
        if row.method:
            config = load_config(self.config, (*self.overrides, *more))
            return plan_of(row.method, chosen, config.data, seed)
        return load_config(self.config, (*self.overrides, *chosen, f"seed={seed}", *more))


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
