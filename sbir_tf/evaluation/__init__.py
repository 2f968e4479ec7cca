"""How good a ranking is: metrics whose definitions have names."""

from sbir_tf.evaluation.metrics import (
    CONVENTIONS,
    TIES,
    Chance,
    Result,
    average_precision,
    evaluate,
    evaluate_distances,
    hit_at,
    precision_at,
)

__all__ = [
    "CONVENTIONS",
    "TIES",
    "Chance",
    "Result",
    "average_precision",
    "evaluate",
    "evaluate_distances",
    "hit_at",
    "precision_at",
]
