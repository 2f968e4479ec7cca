"""How a searcher searches: asked for, or chosen from how many vectors there are and of what.

The choice rests on the measurements of docs/ann.md. In short: below 20,000 comparing with every
vector takes under a millisecond. Above, short codes of all vectors are compared first; from
300,000 on, only those in the nearest leaves of a tree. The best by their codes are compared
exactly. A class that MEMS made is a tight cluster whose members have nearly the same code, so that
the exact comparison has to reach through it: fewer candidates than the largest class has members
find the right class and the wrong neighbours in it.
"""

import difflib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from serving.errors import ServingError

KINDS = ("exact", "hash", "tree")
EXACT_BELOW = 20_000
TREE_FROM = 300_000
_SHALLOWEST, _DEEPEST = 500, 20_000
LEAST_FOR_HASHING = 256  # codebooks of 16 words need points to learn from


@dataclass(frozen=True)
class Settings:
    """How ScaNN searches.

    Args:
        kind: "exact" compares with every vector; "hash" with every vector's short code, then the
            best exactly; "tree" does so in the nearest leaves alone.
        reorder: how many candidates are compared exactly (hash and tree).
        leaves: of the tree.
        leaves_to_search: leaves that a query visits.
        soar: a vector that lies between two leaves is in both.
    """

    kind: str
    reorder: int = 0
    leaves: int = 0
    leaves_to_search: int = 0
    soar: bool = False

    def to_json(self) -> dict[str, Any]:
        """Plain values; those that the kind has."""
        kept = {"exact": 1, "hash": 2, "tree": 5}[self.kind]
        return dict(list(asdict(self).items())[:kept])

    def problem(self, count: int) -> str | None:
        """Why so many vectors cannot be searched like this: what ScaNN would abort on."""
        if self.kind == "exact":
            return None
        if count < LEAST_FOR_HASHING:
            return f"{self.kind} needs {LEAST_FOR_HASHING} vectors at least, not {count}"
        if self.kind == "tree" and self.leaves > count:
            return f"{self.leaves} leaves are more than {count} vectors"
        if self.kind == "tree" and self.soar and self.leaves < 2:
            return "SOAR needs 2 leaves at least, not 1"  # ScaNN finds one row k times
        return None


def choose(count: int, largest_class: int = 0) -> tuple[Settings, str]:
    """Chooses for a gallery.

    Args:
        count: number of vectors.
        largest_class: items in the largest class, if classes are known.

    Returns:
        Settings and why: exact below 20,000, hash below 300,000, a tree from there.
    """
    if count < EXACT_BELOW:
        return Settings("exact"), f"{count} vectors are few enough to compare with all"
    reach = min(_DEEPEST, largest_class)
    depth = max(_SHALLOWEST, count // 200 if count < TREE_FROM else 1500, reach)
    because = f"{count} vectors; {depth} candidates are compared exactly"
    if largest_class:
        because += f"; the largest class has {largest_class}"
    if largest_class > depth:
        because += ", more than pays: recall inside it will be lower (`sbir index tune` measures)"
    if count < TREE_FROM:
        return Settings("hash", depth), because
    leaves = round(2 * count**0.5)
    if largest_class:  # leaves follow classes: few of them hold a query's whole neighbourhood
        return Settings("tree", depth, leaves, leaves // 20), because
    return Settings("tree", depth, leaves, leaves // 5, soar=True), because


def settle(
    wanted: Mapping[str, Any] | None, count: int, largest_class: int = 0
) -> tuple[Settings, str]:
    """What was asked for, completed by what would be chosen; chosen where it does not fit.

    Args:
        wanted: fields of `Settings` and "why", or `None`.
        count: number of vectors.
        largest_class: items in the largest class, if classes are known.

    Returns:
        Settings and why.

    Raises:
        ServingError: unknown names, or values that are none.
    """
    chosen, why = choose(count, largest_class)
    if wanted is None:
        return chosen, why
    check_wanted(wanted)
    asked = {name: value for name, value in wanted.items() if name != "why"}
    base = chosen if asked.get("kind", chosen.kind) == chosen.kind else _plain(asked["kind"], count)
    settings = replace(base, **asked)
    if settings.kind == "tree":
        leaves = min(settings.leaves_to_search, settings.leaves)
        settings = replace(settings, leaves_to_search=leaves)
    if problem := settings.problem(count):
        return chosen, f"{problem}, so this was chosen instead: {why}"
    return settings, str(wanted.get("why", "asked for"))


def _plain(kind: str, count: int) -> Settings:
    if kind == "exact":
        return Settings("exact")
    leaves = round(2 * count**0.5)
    trees = {"leaves": leaves, "leaves_to_search": max(1, leaves // 10), "soar": True}
    return Settings(kind, _SHALLOWEST, **(trees if kind == "tree" else {}))


def check_wanted(asked: Mapping[str, Any]) -> None:
    """Refuses settings that no searcher has.

    Args:
        asked: fields of `Settings`, and "why".

    Raises:
        ServingError: unknown names, or values that are none.
    """
    names = [field.name for field in fields(Settings)]
    for name, value in asked.items():
        if name == "why":
            continue
        if name not in names:
            near = difflib.get_close_matches(name, names, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise ServingError(f"settings are {', '.join(names)}. Received: {name!r}.{hint}")
        if name == "kind" and value not in KINDS:
            raise ServingError(f"kind must be exact, hash or tree. Received: kind={value!r}")
        if name == "soar" and not isinstance(value, bool):
            raise ServingError(f"soar must be true or false. Received: soar={value!r}")
        whole = isinstance(value, int) and not isinstance(value, bool)
        if name not in ("kind", "soar") and (not whole or value < 1):
            raise ServingError(f"{name} must be a whole number from 1. Received: {name}={value!r}")
