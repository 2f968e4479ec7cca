"""What an evaluation returns."""

import json
import math
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Chance:
    """What a random order of the gallery scores on average.

    mAP is None under the interpolated conventions, for which there is no closed form.
    """

    map_all: float | None
    map_at: dict[int, float | None]
    precision_at: dict[int, float]
    hit_at: dict[int, float]
    recall_at: dict[int, float]
    ndcg_at: dict[int, float]
    mrr: float


@dataclass(frozen=True, eq=False)
class Result:
    """Metrics of one evaluation, averaged over the queries that have a relevant item.

    Attributes:
        map_all: Mean average precision over the whole ranking.
        map_at: k -> mAP@k.
        precision_at: k -> P@k.
        hit_at: k -> share of the queries with a relevant item in the first k.
        recall_at: k -> R@k, the share of the relevant items among the first k.
        ndcg_at: k -> nDCG@k, of relevance 0 and 1.
        mrr: Mean of 1 / the rank of the first relevant item.
        chance: The same numbers for a random order.
        per_query_ap: `(queries,)`, the AP over the whole ranking; NaN for an excluded query.
        per_class: class -> the same numbers over its queries alone, how many these are
            ("queries") and how many items of the class the gallery has ("relevant").
        queries: How many queries there were.
        excluded: How many of them have no relevant item in the gallery and count nowhere.
        gallery: How many items each query ranks.
        convention: Name of the convention.
        ties: How equal distances were ordered.
    """

    map_all: float
    map_at: dict[int, float]
    precision_at: dict[int, float]
    hit_at: dict[int, float]
    recall_at: dict[int, float]
    ndcg_at: dict[int, float]
    mrr: float
    chance: Chance
    per_query_ap: np.ndarray = field(repr=False)
    per_class: dict[str, dict] = field(repr=False)
    queries: int
    excluded: int
    gallery: int
    convention: str
    ties: str

    @property
    def per_class_ap(self) -> dict[str, float]:
        """class -> mean AP of its queries, over the whole ranking."""
        return {name: numbers["map_all"] for name, numbers in self.per_class.items()}

    def to_json(self) -> str:
        """The result as a JSON object; an excluded query's AP is null."""
        values = {**vars(self), "chance": vars(self.chance)}
        per_query = self.per_query_ap.tolist()
        values["per_query_ap"] = [None if math.isnan(ap) else ap for ap in per_query]
        return json.dumps(values, indent=2, allow_nan=False)
