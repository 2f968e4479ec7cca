"""Retrieval metrics, exact and tie-aware, in NumPy and in bounded memory.

The same ranking gives an mAP@200 of .12 or .40, depending on whose code measures it. Here each
definition has a name (`CONVENTIONS`), and so has the treatment of equal distances (`TIES`).

For one query let R of the N gallery items be relevant, rank_i the rank of the i-th of them:

    exact AP        mean over i of i / rank_i
    interpolated    mean over i of max over j >= i of j / rank_j       (the PASCAL VOC envelope)
    AP@k            the same sum over the hits with rank <= k, over min(k, R) or over those hits
    P@k             hits with rank <= k, over k or over min(k, R)
    hit@k           1 if any hit has rank <= k, else 0

Ties. When items tie, the order of the file would decide, and galleries lie sorted by class. The
default is the expected value over all orders of the tied items, all equally likely. Take a tied
group that begins behind s items, r of them relevant, and holds n items, m of them relevant:

    its j-th place is relevant with probability           m / n
    and then, of the j - 1 places before it, it expects   (j - 1) (m - 1) / (n - 1)   relevant ones
    so the place adds to the sum of i / rank_i            m/n (r + 1 + (j-1)(m-1)/(n-1)) / (s + j)

which is linear, so that a cut at k merely ends the sum there; with n = m = 1 it is the plain
definition. Whether the L = k - s places above the cut hold no hit is hypergeometric. A ranking by
chance is one tied group of the whole gallery (s = r = 0, n = N, m = R), hence with the harmonic
number H_N = 1 + 1/2 + ... + 1/N

    E[AP of a random order] = (H_N + (R - 1) (N - H_N) / (N - 1)) / N

Reference:
    McSherry and Najork, "Computing Information Retrieval Performance Measures Efficiently in the
    Presence of Tied Scores", ECIR 2008.
"""

import hashlib
import itertools
import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from numbers import Integral
from typing import Any

import numpy as np

from sbir_tf.errors import UserError

_TILE_BYTES = 16 << 20  # of gallery, converted to float64 at a time
_LARGEST_SQUARE = 1e300  # so that no distance overflows
_NAMED = 5  # rows or labels in a message


@dataclass(frozen=True)
class Convention:
    """How a code base turns hits into numbers; `CONVENTIONS` has those in use, by name."""

    interpolated: bool = False
    ap_over_retrieved: bool = False
    precision_over_relevant: bool = False


CONVENTIONS = {
    "exact": Convention(),  # AP@k / min(k, R), P@k / k
    "retrieved": Convention(ap_over_retrieved=True),  # GDH, torchmetrics: AP@k / hits in the top k
    "voc": Convention(interpolated=True),  # SAKE, ACNet
    "zse": Convention(interpolated=True, precision_over_relevant=True),  # ZSE-SBIR
}
TIES = ("expected", "stable", "optimistic", "pessimistic")


@dataclass(frozen=True)
class Chance:
    """What a random order of the gallery scores on average.

    mAP is None under the interpolated conventions, for which there is no closed form.
    """

    map_all: float | None
    map_at: dict[int, float | None]
    precision_at: dict[int, float]
    hit_at: dict[int, float]


@dataclass(frozen=True, eq=False)
class Result:
    """Metrics of one evaluation, averaged over the queries that have a relevant item.

    Attributes:
        map_all: Mean average precision over the whole ranking.
        map_at: k -> mAP@k.
        precision_at: k -> P@k.
        hit_at: k -> share of the queries with a relevant item in the first k.
        chance: The same numbers for a random order.
        per_query_ap: `(queries,)`, the AP over the whole ranking; NaN for an excluded query.
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
    chance: Chance
    per_query_ap: np.ndarray = field(repr=False)
    queries: int
    excluded: int
    gallery: int
    convention: str
    ties: str

    def to_json(self) -> str:
        """The result as a JSON object; an excluded query's AP is null."""
        values = {**vars(self), "chance": vars(self.chance)}
        per_query = self.per_query_ap.tolist()
        values["per_query_ap"] = [None if math.isnan(ap) else ap for ap in per_query]
        return json.dumps(values, indent=2, allow_nan=False)


def _unchanged(iterable: Iterable, description: str, total: int) -> Iterable:
    return iterable


def evaluate(
    query_embeddings: np.ndarray,
    query_labels: Sequence,
    gallery_embeddings: np.ndarray,
    gallery_labels: Sequence,
    ks: Sequence[int] = (10, 100, 200),
    convention: str = "exact",
    ties: str = "expected",
    block_bytes: int = 256 << 20,
    progress: Callable[[Iterable, str, int], Iterable] = _unchanged,
) -> Result:
    """Ranks the gallery for each query by Euclidean distance and scores the rankings.

    An item is relevant when its label equals the query's. Squared distances are computed in
    float64, a block of queries at a time. Gallery rows that are equal, value for value, share one
    computed distance and so tie exactly (a matrix product may round two equal columns differently,
    and would order them by their place in the file). Distances that are whole numbers below 2**53,
    as those of codes of 0 and 1 are, also tie exactly. Distances that are equal in theory, but
    rounded apart, do not.

    Args:
        query_embeddings: `(Q, D)`, any real type.
        query_labels: `(Q,)`, whole numbers or text.
        gallery_embeddings: `(G, D)`.
        gallery_labels: `(G,)`.
        ks: Where to cut the ranking for mAP@k, P@k and hit@k. Places behind the gallery's end
            hold nothing relevant, so that P@k cannot reach 1 when k > G.
        convention: A name of `CONVENTIONS`.
        ties: One of `TIES`: the expected value over all orders of tied items, the gallery's order,
            relevant items first, or relevant items last.
        block_bytes: Memory for distances at a time. At least one query is ranked at a time.
        progress: Called with (blocks, description, their number), to show a progress bar.

    Returns:
        A `Result`.

    Raises:
        UserError: Lengths that differ, NaN or infinite embeddings, no gallery, no query with a
            relevant item, a k below 1, an unknown name, or relevant items that tie with others
            under an interpolated convention and `ties="expected"`, which has no closed form.
    """
    queries = _embeddings("query_embeddings", query_embeddings)
    gallery = _embeddings("gallery_embeddings", gallery_embeddings)
    if queries.shape[1] != gallery.shape[1]:
        raise UserError(
            "query and gallery embeddings must have the same dimension. "
            f"Received: {queries.shape[1]} and {gallery.shape[1]}"
        )
    _check_length("query", queries, query_labels)
    _check_length("gallery", gallery, gallery_labels)
    rows = max(1, block_bytes // (16 * len(gallery)))
    blocks = _distance_blocks(queries, gallery, rows)
    blocks = progress(blocks, "Ranking", math.ceil(len(queries) / rows))
    return _evaluate(blocks, query_labels, gallery_labels, ks, convention, ties)


def evaluate_distances(
    blocks: Iterable[np.ndarray],
    query_labels: Sequence,
    gallery_labels: Sequence,
    ks: Sequence[int] = (10, 100, 200),
    convention: str = "exact",
    ties: str = "expected",
) -> Result:
    """Scores rankings by any distance: `evaluate` without its own distances.

    Args:
        blocks: Distances, `(some queries, G)` at a time, in the order of the queries; none below
            0, smaller is nearer.
        query_labels: `(Q,)`, whole numbers or text.
        gallery_labels: `(G,)`.
        ks: As for `evaluate`.
        convention: As for `evaluate`.
        ties: As for `evaluate`.

    Returns:
        A `Result`.

    Raises:
        UserError: As `evaluate`, and distances that are negative, infinite or NaN, or whose shape
            does not fit the labels.
    """
    blocks = _checked_blocks(blocks, len(query_labels), len(gallery_labels))
    return _evaluate(blocks, query_labels, gallery_labels, ks, convention, ties)


def _evaluate(
    blocks: Iterable[np.ndarray],
    query_labels: Sequence,
    gallery_labels: Sequence,
    ks: Sequence[int],
    convention: str,
    ties: str,
) -> Result:
    ks, rules = _checked_ks(ks), _checked_names(convention, ties)
    codes, gallery_codes = _common_codes(query_labels, gallery_labels)
    counts = np.bincount(gallery_codes, minlength=codes.max() + 1)[codes]
    kept = counts > 0
    if not kept.any():
        raise UserError(
            "no query has a relevant item: no query label occurs in the gallery. Received: "
            f"{_some(np.unique(query_labels))} against {_some(np.unique(gallery_labels))}"
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


def average_precision(
    relevant: Sequence[bool],
    distances: Sequence[float],
    k: int | None = None,
    convention: str = "exact",
    ties: str = "expected",
) -> float:
    """Average precision of one ranking, over its whole length or its first k places.

    Args:
        relevant: `(G,)`, whether each item is relevant; at least one is.
        distances: `(G,)`, any numbers; smaller is nearer.
        k: Where the ranking is cut, or None.
        convention: A name of `CONVENTIONS`.
        ties: One of `TIES`.

    Returns:
        A number from 0 to 1.

    Raises:
        UserError: As for `evaluate`.
    """
    rules = _checked_names(convention, ties)
    return _one_query(relevant, distances, ties).average_precision(
        None if k is None else _checked_k(k), rules
    )


def precision_at(
    relevant: Sequence[bool],
    distances: Sequence[float],
    k: int,
    convention: str = "exact",
    ties: str = "expected",
) -> float:
    """Precision of the first k places of one ranking; arguments as for `average_precision`."""
    rules = _checked_names(convention, ties)
    return _one_query(relevant, distances, ties).precision(_checked_k(k), rules)


def hit_at(
    relevant: Sequence[bool], distances: Sequence[float], k: int, ties: str = "expected"
) -> float:
    """Whether (under ties: how probably) the first k places of one ranking hold a relevant item."""
    _checked_names("exact", ties)
    return _one_query(relevant, distances, ties).hit(_checked_k(k))


class RankedHits:
    """Where one query's relevant items stand in its ranking, as groups of tied places.

    Only groups that hold a relevant item are kept, which is all that any metric here needs.

    Args:
        start: `(groups,)`, how many items stand before each group.
        size: How many items the group has.
        hits: How many of them are relevant, at least one.
    """

    def __init__(self, start: np.ndarray, size: np.ndarray, hits: np.ndarray) -> None:
        self.start, self.size, self.hits = start, size, hits
        self.before = np.cumsum(hits) - hits
        self.relevant = int(hits.sum())
        # One entry per place of a group: its rank, its probability of being relevant, and what
        # it adds to the sum of i / rank_i (see the head of this module).
        inside = _count_up(size)
        self.ranks = np.repeat(start, size) + inside + 1
        self.probabilities = np.repeat(hits / size, size)
        slope = (hits - 1) / np.maximum(size - 1, 1)
        earlier = np.repeat(self.before, size) + inside * np.repeat(slope, size)
        self.gains = self.probabilities * (earlier + 1) / self.ranks

    @classmethod
    def from_distances(
        cls, relevant: np.ndarray, distances: np.ndarray, ties: str = "expected"
    ) -> "RankedHits":
        """Ranks one query's gallery; `distances` are float64, 0 or more."""
        if ties == "stable":
            order = np.argsort(distances, kind="stable")
            return cls._untied(np.flatnonzero(relevant[order]))
        start, size, hits = _tied_groups(relevant, distances)
        if ties == "optimistic":
            return cls._untied(np.repeat(start, hits) + _count_up(hits))
        if ties == "pessimistic":
            return cls._untied(np.repeat(start + size - hits, hits) + _count_up(hits))
        return cls(start, size, hits)

    @classmethod
    def _untied(cls, start: np.ndarray) -> "RankedHits":
        return cls(start, np.ones_like(start), np.ones_like(start))

    def average_precision(self, k: int | None, rules: Convention) -> float:
        """AP over the first k places, or over all of them."""
        if k is None:
            k = int(self.start[-1] + self.size[-1])
        if rules.interpolated:
            return self._interpolated(k) / min(k, self.relevant)
        if rules.ap_over_retrieved:
            return self._over_retrieved(k)
        return float(self.gains[: self._places(k)].sum()) / min(k, self.relevant)

    def precision(self, k: int, rules: Convention) -> float:
        """P@k."""
        found = float(self.probabilities[: self._places(k)].sum())
        return found / (min(k, self.relevant) if rules.precision_over_relevant else k)

    def hit(self, k: int) -> float:
        """hit@k: certain once the first group is whole, hypergeometric where the cut divides it."""
        above = k - int(self.start[0])
        if above <= 0:
            return 0.0
        if above >= self.size[0]:
            return 1.0
        drawn, probability = _hypergeometric(int(self.size[0]), int(self.hits[0]), above)
        return 1.0 - float(probability[0]) if drawn[0] == 0 else 1.0

    def _places(self, k: int) -> int:
        return int(np.searchsorted(self.ranks, k, side="right"))

    def _interpolated(self, k: int) -> float:
        if (self.hits < self.size).any():
            raise UserError(
                "the interpolated AP (`voc`, `zse`) has no closed form where relevant items tie "
                "with others. Choose ties='stable', 'optimistic' or 'pessimistic'. "
                "Received: ties='expected'"
            )
        ranks = self.ranks[: self._places(k)]
        precision = np.arange(1, len(ranks) + 1) / ranks
        return float(np.maximum.accumulate(precision[::-1]).sum())

    def _over_retrieved(self, k: int) -> float:
        """AP@k over the hits in the top k: under ties both are random, and not independent.

        Given that h of the m hits are above the cut, they lie anywhere on its L places: a tied
        group of L places and h hits. The expectation is over h, which is hypergeometric.
        """
        whole = int(np.searchsorted(self.start + self.size, k, side="right"))
        found = int(self.hits[:whole].sum())
        gain = float(self.gains[: int(self.size[:whole].sum())].sum())
        above = k - int(self.start[whole]) if whole < len(self.start) else 0
        if above <= 0:
            return gain / found if found else 0.0
        drawn, probability = _hypergeometric(int(self.size[whole]), int(self.hits[whole]), above)
        places = np.arange(above)
        share = 1 / (self.start[whole] + 1 + places)
        first, later = share.sum(), (places * share).sum() / max(above - 1, 1)
        gains = gain + drawn / above * ((found + 1) * first + (drawn - 1) * later)
        return float((probability * gains / np.maximum(found + drawn, 1)).sum())


def _tied_groups(relevant: np.ndarray, distances: np.ndarray) -> tuple[np.ndarray, ...]:
    """Start, size and hits of each group of equal distances that holds a hit.

    Sorting the gallery would take nearly all the time of an evaluation. Only the places of the
    hits are asked for, so that it is enough to count the items of each of many equal intervals of
    distance, and to sort those in which a hit lies.
    """
    ours = distances[relevant]
    low, high, count = ours.min(), ours.max(), len(distances) // 4 + 1

    def interval(values: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            scale = count / (high - low)
            # Hits at one and the same distance, or next to it: one interval.
            scaled = (values - low) * (scale if np.isfinite(scale) else 0.0)
        return np.clip(scaled, 0, count, out=scaled).astype(np.int64)

    intervals = interval(distances)
    counts = np.bincount(intervals)
    asked = np.zeros(len(counts), bool)
    asked[intervals[relevant]] = True
    sorted_ = np.flatnonzero(asked[intervals])
    # The bits of floats that are not negative are ordered as the floats are. Shifted by one (the
    # sign falls out) they leave room for the relevance: sorting numbers beats any argsort.
    keys = distances[sorted_].view(np.uint64) << np.uint64(1) | relevant[sorted_]
    keys.sort()
    values, hits = np.unique(keys[(keys & np.uint64(1)) > 0], return_counts=True)
    start = np.searchsorted(keys, values & ~np.uint64(1))
    size = np.searchsorted(keys, values, side="right") - start
    left_out = np.cumsum(np.where(asked, 0, counts))
    return start + left_out[interval((values >> np.uint64(1)).view(np.float64))], size, hits


def _hypergeometric(size: int, hits: int, drawn: int) -> tuple[np.ndarray, np.ndarray]:
    """How many hits are among `drawn` of `size` items: the possible counts, their probabilities.

    From the ratio of neighbours, p(h + 1) / p(h) = (m - h)(L - h) / ((h + 1)(n - m - L + h + 1)),
    summed as logarithms: the binomials themselves overflow.
    """
    counts = np.arange(max(0, drawn - (size - hits)), min(hits, drawn) + 1)
    h = counts[:-1].astype(float)
    ratios = (hits - h) * (drawn - h) / ((h + 1) * (size - hits - drawn + h + 1))
    logs = np.concatenate([[0.0], np.cumsum(np.log(ratios))])
    weights = np.exp(logs - logs.max())
    return counts, weights / weights.sum()


def _count_up(sizes: np.ndarray) -> np.ndarray:
    """[2, 3] -> [0, 1, 0, 1, 2]."""
    return np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)


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


def _distance_blocks(queries: np.ndarray, gallery: np.ndarray, rows: int) -> Iterator[np.ndarray]:
    """Squared Euclidean distances, `rows` queries at a time: |q|^2 + |g|^2 - 2 q.g."""
    distinct, inverse = np.unique(_first_equal_rows(gallery), return_inverse=True)
    some_are_equal = len(distinct) < len(gallery)
    squares = _squares(gallery)[distinct]
    for first in range(0, len(queries), rows):
        block = queries[first : first + rows].astype(np.float64)
        distances = np.empty((len(block), len(distinct)))
        for part in _tiles(len(distinct), gallery.shape[1]):
            tile = gallery[distinct[part]] if some_are_equal else gallery[part]
            np.matmul(-2 * block, tile.T.astype(np.float64), out=distances[:, part])
        distances += squares
        distances += _squares(block)[:, None]
        np.maximum(distances, 0, out=distances)
        yield distances[:, inverse] if some_are_equal else distances


def _first_equal_rows(embeddings: np.ndarray) -> np.ndarray:
    """For each row, the number of the first row that equals it."""
    seen: dict[bytes, int] = {}
    first = np.empty(len(embeddings), np.int64)
    for row, values in enumerate(embeddings):
        octets = (values + 0).tobytes()  # -0.0 + 0 is 0.0: they are equal, their bytes are not
        first[row] = seen.setdefault(hashlib.blake2b(octets, digest_size=16).digest(), row)
    return first


def _tiles(rows: int, columns: int) -> Iterator[slice]:
    """Slices of so many rows that they take `_TILE_BYTES` as float64."""
    step = max(1, _TILE_BYTES // (8 * max(1, columns)))
    return (slice(start, start + step) for start in range(0, rows, step))


def _squares(embeddings: np.ndarray) -> np.ndarray:
    squares = np.empty(len(embeddings))
    for part in _tiles(*embeddings.shape):
        tile = embeddings[part].astype(np.float64)
        np.einsum("nd,nd->n", tile, tile, out=squares[part])
    return squares


def _one_query(relevant: Sequence[bool], distances: Sequence[float], ties: str) -> RankedHits:
    relevant, distances = np.asarray(relevant, bool), np.asarray(distances, np.float64)
    if relevant.ndim != 1 or relevant.shape != distances.shape:
        raise UserError(
            "`relevant` and `distances` must be lists of the same length. "
            f"Received: shapes {relevant.shape} and {distances.shape}"
        )
    if np.isnan(distances).any():
        raise UserError(f"`distances` is NaN at {_some(np.flatnonzero(np.isnan(distances)))}")
    if not relevant.any():
        raise UserError("`relevant` has no relevant item: the average precision is not defined")
    places = np.unique(distances, return_inverse=True)[1]
    return RankedHits.from_distances(relevant, places.astype(np.float64), ties)


def _embeddings(name: str, embeddings: np.ndarray) -> np.ndarray:
    embeddings = np.asarray(embeddings)
    if embeddings.ndim != 2 or embeddings.dtype.kind not in "iuf":
        raise UserError(
            f"`{name}` must be a table of numbers (items, dimension). "
            f"Received: shape {embeddings.shape}, {embeddings.dtype}"
        )
    if not embeddings.size:
        raise UserError(f"`{name}` is empty. Received: shape {embeddings.shape}")
    with np.errstate(over="ignore", invalid="ignore"):
        bad = np.flatnonzero(~(_squares(embeddings) < _LARGEST_SQUARE))
    if len(bad):
        raise UserError(
            f"`{name}` has NaN, infinite or huge values in {len(bad)} of {len(embeddings)} rows: "
            f"{_some(bad)}"
        )
    return embeddings


def _check_length(name: str, embeddings: np.ndarray, labels: Sequence) -> None:
    if len(labels) != len(embeddings):
        raise UserError(
            f"`{name}_embeddings` and `{name}_labels` must have the same length. "
            f"Received: {len(embeddings)} and {len(labels)}"
        )


def _checked_blocks(blocks: Iterable[np.ndarray], rows: int, columns: int) -> Iterator[np.ndarray]:
    seen = 0
    for block in blocks:
        block = np.ascontiguousarray(block, np.float64)
        seen += len(block)
        if block.shape[1:] != (columns,) or seen > rows:
            raise UserError(
                f"the blocks of distances must have {rows} rows in all and {columns} columns. "
                f"Received: a block of shape {block.shape}, {seen} rows so far"
            )
        fine = (block >= 0) & (block < np.inf)
        bad = np.flatnonzero(~fine.all(axis=1)) + seen - len(block)
        if len(bad):
            raise UserError(f"distances are negative, infinite or NaN for queries {_some(bad)}")
        yield block
    if seen < rows:
        raise UserError(f"the blocks of distances have {seen} rows in all. Expected: {rows}")


def _common_codes(query_labels: Sequence, gallery_labels: Sequence) -> tuple[np.ndarray, ...]:
    """Labels as small numbers, equal where the labels are; one for all that the gallery lacks."""
    queries, gallery = _labels("query", query_labels), _labels("gallery", gallery_labels)
    if queries.dtype.kind != gallery.dtype.kind:
        raise UserError(
            "`query_labels` and `gallery_labels` must be of one kind, whole numbers or text. "
            f"Received: {queries.dtype} and {gallery.dtype}"
        )
    names, gallery_codes = np.unique(gallery, return_inverse=True)
    codes = np.searchsorted(names, queries)
    known = names[np.minimum(codes, len(names) - 1)] == queries
    return np.where(known, codes, len(names)), gallery_codes


def _labels(name: str, labels: Sequence) -> np.ndarray:
    labels = np.asarray(labels)
    if labels.dtype.kind == "O":  # as pandas has text
        labels = np.asarray(labels.tolist())
    if labels.ndim != 1 or labels.dtype.kind not in "biuU":
        raise UserError(
            f"`{name}_labels` must be a list of whole numbers or of text. "
            f"Received: shape {labels.shape}, {labels.dtype}"
        )
    if not len(labels):
        raise UserError(f"`{name}_labels` is empty: there is nothing to evaluate")
    return labels if labels.dtype.kind == "U" else labels.astype(np.int64)


def _checked_k(k: Any) -> int:
    if isinstance(k, bool) or not isinstance(k, Integral) or k < 1:
        raise UserError(f"k must be a whole number, 1 or more. Received: k={k!r}")
    return int(k)


def _checked_ks(ks: Sequence[int]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(_checked_k(k) for k in ks))


def _checked_names(convention: str, ties: str) -> Convention:
    if ties not in TIES:
        raise UserError(f"`ties` must be one of {', '.join(TIES)}. Received: ties={ties!r}")
    if convention not in CONVENTIONS:
        raise UserError(
            f"`convention` must be one of {', '.join(CONVENTIONS)}. "
            f"Received: convention={convention!r}"
        )
    return CONVENTIONS[convention]


def _some(values: np.ndarray) -> str:
    """The first few, for messages."""
    more = ", ..." if len(values) > _NAMED else ""
    return ", ".join(str(value) for value in values[:_NAMED].tolist()) + more
