"""From distances and labels to the means over all queries, and what chance would score."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from sbir_tf.errors import UserError
from sbir_tf.evaluation.conventions import Convention, checked_ks, checked_names
from sbir_tf.evaluation.labels import common_codes
from sbir_tf.evaluation.messages import first_few
from sbir_tf.evaluation.ranked_hits import RankedHits
from sbir_tf.evaluation.results import Chance, Result


def score_rankings(
    blocks: Iterable[np.ndarray],
    query_labels: Sequence,
    gallery_labels: Sequence,
    ks: Sequence[int],
    convention: str,
    ties: str,
) -> Result:
    """The means over the queries; arguments as for `evaluate_distances`."""
    ks, rules = checked_ks(ks), checked_names(convention, ties)
    codes, gallery_codes = common_codes(query_labels, gallery_labels)
    counts = np.bincount(gallery_codes, minlength=codes.max() + 1)[codes]
    kept = counts > 0
    if not kept.any():
        raise UserError(
            "no query has a relevant item: no query label occurs in the gallery. Received: "
            f"{first_few(np.unique(query_labels))} against {first_few(np.unique(gallery_labels))}"
        )
    scores = np.full((len(codes), 1 + 3 * len(ks)), np.nan)
    for row, distances in enumerate(itertools.chain.from_iterable(blocks)):
        if kept[row]:
            hits = RankedHits.from_distances(gallery_codes == codes[row], distances, ties)
            scores[row] = _scores(hits, ks, rules)
    per_query_ap = scores[:, 0].copy()
    per_query_ap.flags.writeable = False
    map_all, *at = [float(np.mean(column)) for column in scores[kept].T.copy()]
    return Result(
        map_all,
        *_split(at, ks),
        chance=_chance(counts[kept], len(gallery_codes), ks, rules),
        per_query_ap=per_query_ap,
        queries=len(codes),
        excluded=int(np.sum(~kept)),
        gallery=len(gallery_codes),
        convention=convention,
        ties=ties,
    )


def _scores(hits: RankedHits, ks: Sequence[int], rules: Convention) -> list[float]:
    return [
        hits.average_precision(None, rules),
        *(hits.average_precision(k, rules) for k in ks),
        *(hits.precision(k, rules) for k in ks),
        *(hits.hit(k) for k in ks),
    ]


def _split(values: list[float], ks: Sequence[int]) -> Iterator[dict[int, float]]:
    return (dict(zip(ks, part, strict=True)) for part in np.reshape(values, (3, len(ks))).tolist())


def _chance(counts: np.ndarray, total: int, ks: Sequence[int], rules: Convention) -> Chance:
    """A random ranking is one tied group; queries with as many relevant items share its value."""
    sizes, queries = np.unique(counts, return_counts=True)
    plain = replace(rules, interpolated=False)
    groups = (RankedHits(np.array([0]), np.array([total]), np.array([size])) for size in sizes)
    table = [_scores(group, ks, plain) for group in groups]
    map_all, *at = np.average(table, axis=0, weights=queries).tolist()
    chance = Chance(map_all, *_split(at, ks))
    if rules.interpolated:
        return replace(chance, map_all=None, map_at=dict.fromkeys(ks))
    return chance
