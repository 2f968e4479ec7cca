"""From where the hits stand to the means over all queries, and what chance would score."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from sbir_tf.evaluation.conventions import Convention
from sbir_tf.evaluation.ranked_hits import RankedHits
from sbir_tf.evaluation.results import Chance, Result

AT_K = ("map_at", "precision_at", "hit_at", "recall_at", "ndcg_at")


def scores_of(hits: RankedHits, ks: Sequence[int], rules: Convention) -> np.ndarray:
    """`(Q, metrics)`: AP over all places, reciprocal rank, then each of `AT_K` at each k."""
    columns = [
        hits.average_precision(None, rules),
        hits.reciprocal_rank(),
        *(hits.average_precision(k, rules) for k in ks),
        *(hits.precision(k, rules) for k in ks),
        *(hits.hit(k) for k in ks),
        *(hits.recall(k) for k in ks),
        *(hits.ndcg(k) for k in ks),
    ]
    return np.stack(columns, axis=1)


def by_name(scores: Sequence[float], ks: Sequence[int]) -> dict:
    """One line of `scores_of`, or of means of such lines, by the names that `Result` uses."""
    map_all, mrr, *at = map(float, scores)
    table = np.reshape(at, (len(AT_K), len(ks))).tolist()
    at_k = (dict(zip(ks, part, strict=True)) for part in table)
    return {"map_all": map_all, "mrr": mrr, **dict(zip(AT_K, at_k, strict=True))}


def result_of(
    scores: np.ndarray,
    labels: np.ndarray,
    gallery_labels: np.ndarray,
    class_names: Sequence[str],
    ks: Sequence[int],
    rules: Convention,
    **names: str,
) -> Result:
    """The means over the queries that count.

    Args:
        scores: `(Q, metrics)` as `scores_of` gives them, NaN where nothing is relevant.
        labels: `(Q,)`, places in `class_names`.
        gallery_labels: `(N,)`.
        class_names: Of the labels.
        ks: Where rankings were cut.
        rules: By which they were scored.
        names: Of the convention and the treatment of ties.
    """
    kept = ~np.isnan(scores[:, 0])
    per_query_ap = scores[:, 0].copy()
    per_query_ap.flags.writeable = False
    counts = np.bincount(gallery_labels, minlength=labels.max() + 1)[labels]
    return Result(
        **by_name(_means(scores[kept]), ks),
        chance=chance_of(counts[kept], len(gallery_labels), ks, rules),
        per_query_ap=per_query_ap,
        per_class={
            class_names[label]: {
                "queries": int(np.sum(labels[kept] == label)),
                "relevant": int(counts[labels == label][0]),
                **by_name(_means(scores[labels == label]), ks),
            }
            for label in np.unique(labels[kept]).tolist()
        },
        queries=len(labels),
        excluded=int(np.sum(~kept)),
        gallery=len(gallery_labels),
        **names,
    )


def chance_of(counts: np.ndarray, total: int, ks: Sequence[int], rules: Convention) -> Chance:
    """A random ranking is one tied group; queries with as many relevant items share its value."""
    hits, queries = np.unique(counts, return_counts=True)
    groups = np.arange(len(hits) + 1), np.zeros_like(hits), np.full_like(hits, total), hits
    table = scores_of(RankedHits(*groups), ks, replace(rules, interpolated=False))
    chance = Chance(**by_name(np.average(table, axis=0, weights=queries), ks))
    if rules.interpolated:
        return replace(chance, map_all=None, map_at=dict.fromkeys(ks))
    return chance


def _means(scores: np.ndarray) -> list[float]:
    # Columns that lie together are added in one order, however many columns there are.
    return [float(np.mean(column)) for column in scores.T.copy()]
