"""How good a ranking is: metrics whose definitions have names."""

from sbir_tf.evaluation.conventions import CONVENTIONS, TIES
from sbir_tf.evaluation.flipped import evaluate_flipped
from sbir_tf.evaluation.metrics import evaluate, evaluate_distances
from sbir_tf.evaluation.one_query import average_precision, hit_at, precision_at
from sbir_tf.evaluation.results import Chance, Result

__all__ = [
    "CONVENTIONS",
    "TIES",
    "Chance",
    "Result",
    "average_precision",
    "evaluate",
    "evaluate_distances",
    "evaluate_flipped",
    "hit_at",
    "precision_at",
]
