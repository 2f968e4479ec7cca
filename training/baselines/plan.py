"""A classical method, its settings and its data: what a configuration is to a training."""

import dataclasses
import typing
from dataclasses import dataclass

from sbir_tf.errors import UserError, nearest
from training.baselines.cca import CCA
from training.baselines.cca_itq import CCAITQ
from training.baselines.frozen import Frozen
from training.baselines.hog import HOG
from training.baselines.itq import ITQ
from training.baselines.pls import PLS
from training.baselines.s_helo import SHELO
from training.baselines.sift_words import SIFTWords
from training.config import Data, config_from_json
from training.overrides import parse

METHODS = {
    "hog": HOG,
    "sift_words": SIFTWords,
    "s_helo": SHELO,
    "frozen": Frozen,
    "cca": CCA,
    "pls": PLS,
    "itq": ITQ,
    "cca_itq": CCAITQ,
}


@dataclass(frozen=True)
class Plan:
    """A fit, whole.

    Attributes:
        method: Its name in `METHODS`.
        baseline: The method with its settings.
        data: The pictures, at the size that the method reads.
        seed: Of what it draws at random.
    """

    method: str
    baseline: object
    data: Data
    seed: int = 0

    def to_json(self) -> dict:
        """The plan as plain JSON values."""
        return dataclasses.asdict(self)


def plan_of(method: str, overrides: typing.Sequence[str], data: Data, seed: int) -> Plan:
    """The plan of a method with `key=value` settings, such as `cell=8`.

    Raises:
        UserError: If the method or a key is unknown (naming the nearest), or a value does not fit
            its key's type.
    """
    if method not in METHODS:
        raise UserError(f"There is no method {method!r}{nearest(method, METHODS)}")
    kind = METHODS[method]
    fields = {field.name: field.type for field in dataclasses.fields(kind)}
    settings = {}
    for override in overrides:
        key, _, text = override.partition("=")
        if key not in fields:
            raise UserError(f"{method} has no setting {key!r}{nearest(key, fields)}")
        settings[key] = parse(fields[key], text, key)
    baseline = kind(**settings)
    return Plan(method, baseline, dataclasses.replace(data, size=baseline.size), seed)


def plan_from_json(values: dict) -> Plan:
    """The plan that `Plan.to_json` gave these values."""
    data = config_from_json({"name": "", "steps": 1, "data": values["data"]}).data
    baseline = METHODS[values["method"]](**values["baseline"])
    return Plan(values["method"], baseline, data, values["seed"])
