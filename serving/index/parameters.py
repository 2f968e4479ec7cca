"""Which ScaNN searcher for how many vectors, from measurements.

128 dimensions, one thread of two busy cores, recall against NumPy, queries shifted away from
the gallery as sketches are from photographs. "tight" means 250 narrow clusters, as MEMS makes.

    100,000 vectors          build   recall@10  recall@100  ms a query
    exact (brute force)      0.1 s     1.000      1.000        2.8
    hash, depth 100, tight   3.8 s      .437       .350        0.18
    hash, depth 500, tight   3.8 s     1.000      1.000        0.25
    hash, depth 500, wide    5.5 s     1.000       .997        0.29
    tree + SOAR, 20%, wide   9.7 s      .997       .981        0.19

    300,000 vectors
    hash, depth 500, tight   4.5 s      .663       .588        0.56
    hash, depth 2000, tight  4.5 s     1.000      1.000        0.91
    hash, depth 500, wide    4.4 s     1.000       .992        0.47
    tree + SOAR, 20%, wide   16 s       .998       .970        0.45
    tree, 20%, wide          11 s       .992       .963        0.60

So hashing alone wins up to about 300,000, where its full scan costs what the tree costs; and
the reorder depth has to exceed the size of a class, whichever searcher it is.
"""

from dataclasses import asdict, dataclass
from typing import Any

from serving.errors import ServingError

EXACT_BELOW = 20_000
TREE_FROM = 300_000
_SHALLOWEST, _DEEPEST = 500, 5_000
_LEAST_FOR_HASHING = 256  # codebooks of 16 words need points to learn from


@dataclass(frozen=True)
class Parameters:
    """How ScaNN searches: `exact`, `hash` or `tree`.

    Args:
        kind: "exact" compares with every vector; "hash" with every vector's short code, then
            reorders the best exactly; "tree" does so in the nearest leaves alone, with SOAR.
        reorder: how many candidates are compared exactly (hash and tree).
        leaves: partitions of the tree.
        leaves_to_search: partitions that a query visits.
    """

    kind: str
    reorder: int = 0
    leaves: int = 0
    leaves_to_search: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Plain values for the manifest."""
        return asdict(self)

    def check(self, count: int) -> None:
        """Refuses what ScaNN would abort on.

        Raises:
            ServingError: an unknown kind, too few vectors, or more leaves than vectors.
        """
        if self.kind not in ("exact", "hash", "tree"):
            raise ServingError(f"kind must be exact, hash or tree. Received: kind={self.kind!r}")
        if self.kind == "exact":
            return
        if count < _LEAST_FOR_HASHING:
            least = f"hashing needs {_LEAST_FOR_HASHING} vectors at least; use kind='exact'"
            raise ServingError(f"{least}. Received: {count} vectors")
        if self.reorder < 1:
            raise ServingError(f"reorder must be at least 1. Received: reorder={self.reorder}")
        if self.kind == "tree" and not 1 <= self.leaves_to_search <= self.leaves <= count:
            order = f"1 <= leaves_to_search <= leaves <= {count} must hold"
            got = f"leaves={self.leaves}, leaves_to_search={self.leaves_to_search}"
            raise ServingError(f"{order}. Received: {got}")


def choose_parameters(count: int, largest_class: int = 0) -> Parameters:
    """Chooses the searcher for a gallery.

    Args:
        count: number of vectors.
        largest_class: pictures in the largest class, if classes are known: a query's whole
            class lies at nearly one distance by its short codes, so the exact comparison
            has to reach through it.

    Returns:
        Exact below 20,000, hashing below 300,000, a tree from there.
    """
    if count < EXACT_BELOW:
        return Parameters("exact")
    reorder = min(_DEEPEST, max(_SHALLOWEST, count // 200, 2 * largest_class))
    if count < TREE_FROM:
        return Parameters("hash", reorder)
    leaves = round(2 * count**0.5)
    return Parameters("tree", reorder, leaves, leaves // 5)
