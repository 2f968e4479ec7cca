"""How good a ranking is: metrics whose definitions have names."""

from sbir_tf.evaluation.bootstrap import Interval, bootstrap
from sbir_tf.evaluation.conventions import CONVENTIONS, TIES, USED_BY
from sbir_tf.evaluation.flipped import evaluate_flipped, rank_flipped
from sbir_tf.evaluation.metrics import evaluate, evaluate_distances
from sbir_tf.evaluation.one_query import (
    average_precision,
    hit_at,
    ndcg_at,
    precision_at,
    recall_at,
    reciprocal_rank,
)
from sbir_tf.evaluation.paired import Paired, compare, compare_rankings
from sbir_tf.evaluation.rank import rank, rank_distances, rank_scores
from sbir_tf.evaluation.rankings import Rankings
from sbir_tf.evaluation.results import Chance, Result

__all__ = [
    "CONVENTIONS",
    "TIES",
    "USED_BY",
    "Chance",
    "Interval",
    "Paired",
    "Rankings",
    "Result",
    "average_precision",
    "bootstrap",
    "compare",
    "compare_rankings",
    "evaluate",
    "evaluate_distances",
    "evaluate_flipped",
    "hit_at",
    "ndcg_at",
    "precision_at",
    "rank",
    "rank_distances",
    "rank_flipped",
    "rank_scores",
    "recall_at",
    "reciprocal_rank",
]
