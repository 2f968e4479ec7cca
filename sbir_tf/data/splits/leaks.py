"""Leaks: an item in two parts that must not share it, or the same content under two names."""

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from sbir_tf.data.splits.split import (
    GALLERY,
    QUERIES,
    TRAIN,
    UNUSED,
    VALIDATION_GALLERY,
    VALIDATION_QUERIES,
    Split,
)
from sbir_tf.errors import UserError

_EXAMPLES = 3


@dataclass(frozen=True, order=True, slots=True)
class Leak:
    """Two parts that share an item, or its content.

    Attributes:
        parts: The two parts.
        paths: The item of each; the same one twice, or two of the same content.
    """

    parts: tuple[str, str]
    paths: tuple[str, str]

    def __str__(self) -> str:
        (a, b), (first, second) = self.parts, self.paths
        if self.copied:
            return f"{first} in {a} has the content of {second} in {b}"
        return f"{first} is in {a} and in {b}"

    @property
    def copied(self) -> bool:
        """Whether these are two items of the same content, not one in two parts."""
        return self.paths[0] != self.paths[1]


def check_leaks(split: Split, digests: Mapping[str, str] | None = None) -> None:
    """Refuse a split that leaks.

    Args:
        split: The split.
        digests: Path -> digest of the picture, of as many items as are known; None checks names
            alone. An empty digest says nothing.

    Raises:
        UserError: Saying how many leaks there are, and which items the first ones are about.
    """
    leaks = find_leaks(split, digests)
    if leaks:
        some = "; ".join(map(str, leaks[:_EXAMPLES])) + ("; ..." * (len(leaks) > _EXAMPLES))
        copied = any(leak.copied for leak in leaks)
        cure = "leave copies out with `sbir data split --drop-copies`" if copied else "make it anew"
        raise UserError(
            f"The split {split.name} leaks: {cure}. Received: {len(leaks)} "
            f"{'leaks' if len(leaks) > 1 else 'leak'}: {some}"
        )


def without_copies(split: Split, digests: Mapping[str, str]) -> Split:
    """A split whose parts share no content, but for what its protocol allows.

    Of two copies the one goes to the part "unused" that is trained on, else the one that settings
    are chosen by, else the one in the gallery: what is tested stays as it is for longest. The
    note says how many went.

    Args:
        split: The split.
        digests: Path -> digest of the picture.

    Returns:
        The split without them; the same one if there were none.

    Raises:
        UserError: If a part would be empty.
    """
    gone: set[str] = set()
    for leak in find_leaks(split, digests):
        if leak.copied and gone.isdisjoint(leak.paths):
            gone.add(min(zip(leak.parts, leak.paths, strict=True), key=_least_missed)[1])
    if not gone:
        return split
    parts = dict(split.without(gone).parts)
    parts[UNUSED] = (*parts.get(UNUSED, ()), *gone)
    note = f"{split.note}; {len(gone)} copies of pictures of other parts are left out"
    return dataclasses.replace(split, parts=parts, note=note)


def find_leaks(split: Split, digests: Mapping[str, str] | None = None) -> list[Leak]:
    """All leaks of a split, sorted; `check_leaks` says more.

    A copy is looked for in every pair of parts that may not share an item, across the domains
    too: a sketch that lies among the photos is found by its own copy. Where a gallery may be
    trained on, its photos that are not must have no copy that is. Many copies of one picture are
    as many leaks, not one for each pair of them.
    """
    leaks, digests = set(), digests or {}
    for parts in combinations([part for part in split.parts if part != UNUSED], 2):
        first, second = (split.parts[part] for part in parts)
        if parts not in allowed_pairs(split):
            leaks.update(Leak(parts, (path, path)) for path in {*first} & {*second})
        elif parts[0] == TRAIN:
            second = sorted({*second} - {*first})
        else:
            continue
        leaks.update(Leak(parts, pair) for pair in _copies(first, second, digests))
    return sorted(leaks)


def allowed_pairs(split: Split) -> frozenset[tuple[str, str]]:
    """The pairs of parts that a protocol lets share items."""
    if split.protocol == "supervised":
        # One gallery for all: the photos that are trained on.
        pairs = combinations((TRAIN, GALLERY, VALIDATION_GALLERY), 2)
        return frozenset(pairs)
    return frozenset({(TRAIN, GALLERY)} if split.gallery_seen else ())


def _least_missed(pair: tuple[str, str]) -> tuple[int, str]:
    part, path = pair
    return (TRAIN, VALIDATION_GALLERY, VALIDATION_QUERIES, GALLERY, QUERIES).index(part), path


def _copies(
    first: Iterable[str], second: Iterable[str], digests: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Pairs of one content, so many that each copy is in one: with the other side's first."""
    firsts, seconds = _by_content(first, digests), _by_content(second, digests)
    for digest in firsts.keys() & seconds.keys():
        here, there = firsts[digest], seconds[digest]
        pairs = [(here[0], path) for path in there] + [(path, there[0]) for path in here[1:]]
        yield from ((a, b) for a, b in pairs if a != b)


def _by_content(paths: Iterable[str], digests: Mapping[str, str]) -> dict[str, list[str]]:
    found = defaultdict(list)
    for path in paths:
        if digest := digests.get(path):
            found[digest].append(path)
    return found
