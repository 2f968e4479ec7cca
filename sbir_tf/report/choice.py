"""Which queries and which confusions a report shows: the same for the same rankings."""

from dataclasses import dataclass

import numpy as np

from sbir_tf.evaluation import Rankings

QUERIES = 8  # of the best, of the median, of the worst
PLACES = 10  # of each of them, and those whose classes are counted for confusions
PAIRS = 12


@dataclass(frozen=True)
class Confusion:
    """Two classes that are mixed up.

    Attributes:
        searched: Label of the queries.
        found: Label of what stands among their first places.
        share: Of all first places of the queries of this class.
        query: Row of an example: the query of which most of `found` is found.
        item: Row of the nearest gallery item of `found` for it.
    """

    searched: int
    found: int
    share: float
    query: int
    item: int


def best_median_worst(rankings: Rankings, count: int = QUERIES) -> dict[str, np.ndarray]:
    """Rows of the "best", "median" and "worst" queries by AP@all, of as many classes as can be."""
    values = rankings.average_precision()
    rows = np.flatnonzero(~np.isnan(values))
    rows = rows[np.argsort(-values[rows], kind="stable")]
    from_median = np.argsort(np.abs(np.arange(len(rows)) - (len(rows) - 1) / 2), kind="stable")
    orders = {"best": rows, "median": rows[from_median], "worst": rows[::-1]}
    return {name: of_other_classes(order, rankings, count) for name, order in orders.items()}


def of_other_classes(order: np.ndarray, rankings: Rankings, count: int) -> np.ndarray:
    """The first rows of an order, one of each class; then others, where the classes are few."""
    _, first = np.unique(rankings.query_labels[order], return_index=True)
    first = np.sort(first)
    rest = np.setdiff1d(np.arange(len(order)), first)
    return order[np.concatenate([first, rest])[:count]]


def confusions(rankings: Rankings, count: int = PAIRS) -> list[Confusion]:
    """The pairs of classes that are mixed up most, by their share of the first places."""
    top = rankings.top[:, :PLACES]
    kept = rankings.relevant > 0
    found = rankings.gallery_labels[top]
    searched = np.broadcast_to(rankings.query_labels[:, None], found.shape)
    wrong = (found != searched) & kept[:, None]
    pairs, counts = np.unique(
        np.stack([searched[wrong], found[wrong]], axis=1), axis=0, return_counts=True
    )
    queries = np.bincount(rankings.query_labels[kept], minlength=int(searched.max()) + 1)
    shares = counts / (queries[pairs[:, 0]] * top.shape[1])
    order = np.lexsort((pairs[:, 1], pairs[:, 0], -counts, -shares))[:count]
    return [
        Confusion(*map(int, pairs[row]), float(shares[row]), *example(rankings, *pairs[row]))
        for row in order
    ]


def example(rankings: Rankings, searched: int, found: int) -> tuple[int, int]:
    """The query in whose first places most of `found` stands, and the nearest of those."""
    rows = np.flatnonzero(rankings.query_labels == searched)
    of_class = rankings.gallery_labels[rankings.top[rows, :PLACES]] == found
    best = int(np.argmax(of_class.sum(axis=1)))
    return int(rows[best]), int(rankings.top[rows[best], np.argmax(of_class[best])])


def rows_to_show(rankings: Rankings) -> tuple[np.ndarray, np.ndarray]:
    """The rows of all queries and of all gallery items that a report shows as pictures, sorted."""
    queries = np.concatenate(list(best_median_worst(rankings).values()))
    pairs = confusions(rankings)
    items = np.concatenate(
        [rankings.top[queries, :PLACES].ravel(), np.array([pair.item for pair in pairs], int)]
    )
    of_pairs = np.array([pair.query for pair in pairs], int)
    return np.unique(np.concatenate([queries, of_pairs])), np.unique(items)
