"""The same content twice: across parts of a split, domains, classes, or within one class."""

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from sbir_tf.data.splits import Split, find_leaks
from sbir_tf.data.validation.features import numbers, texts
from sbir_tf.data.validation.report import ERROR, WARNING, Anomaly, anomaly
from sbir_tf.data.validation.words import LISTED, counted, named

_PAIR = " = "
# Code of the warning -> what the groups are, and what to do.
_KINDS = {
    "same_content_both_domains": (
        "the same content as sketch and as photo",
        "Such a sketch finds its own copy: remove it from one of them",
    ),
    "same_content_two_classes": (
        "the same content under two classes",
        "Training is told both: keep the right one",
    ),
    "duplicate": ("the same content as another of its class", "Keep one of each"),
}


def check_split_fits(table: pa.Table, split: Split) -> Iterator[Anomaly]:
    """Whether a split names the pictures of the data set, all of them and no others."""
    here, there = set(texts(table, "key")), split.items()
    for code, what, cure, keys in (
        ("split_missing", "that the data lacks, of the split", "Add them", sorted(there - here)),
        ("split_new", "not in the split", "Remove them", sorted(here - there)),
    ):
        if keys:
            yield anomaly(
                ERROR,
                code,
                f"{counted(len(keys), 'picture')} {what} {split.name}: {named(keys)}. {cure}, or "
                "make a new split",
                keys,
            )


def check_copies(table: pa.Table, split: Split | None) -> Iterator[Anomaly]:
    """Leaks between the parts of a split are errors; other copies are worth a look.

    Args:
        table: Of the schema `FACTS`.
        split: The split of the data set, which says which parts may share; None checks no leaks.
    """
    keys, digests = texts(table, "key"), texts(table, "digest")
    if split is not None:
        yield from _leaks(split, dict(zip(keys, digests, strict=True)))
    groups = copies_of(digests)
    names, domains = texts(table, "class"), numbers(table, "domain")
    found: dict[str, list[np.ndarray]] = defaultdict(list)
    for rows in groups:
        if len(set(domains[rows])) > 1:
            found["same_content_both_domains"].append(rows)
        elif len(set(names[rows])) > 1:
            found["same_content_two_classes"].append(rows)
        else:
            found["duplicate"].append(rows)
    for code, (what, cure) in _KINDS.items():
        if code in found:
            yield _told(code, what, cure, [keys[rows] for rows in found[code]])


def copies_of(digests: np.ndarray) -> list[np.ndarray]:
    """The rows of each content that is there more than once, in order."""
    _, first, inverse, counts = np.unique(
        digests.astype(str), return_index=True, return_inverse=True, return_counts=True
    )
    repeated = (counts > 1) & (digests[first] != "")
    rows = np.flatnonzero(repeated[inverse])
    groups = defaultdict(list)
    for row in rows:
        groups[inverse[row]].append(row)
    return [np.array(group) for group in groups.values()]


def _leaks(split: Split, digests: dict[str, str]) -> Iterator[Anomaly]:
    leaks = find_leaks(split, digests)
    if leaks:
        parts = [" and ".join(parts) for parts in sorted({leak.parts for leak in leaks})]
        yield anomaly(
            ERROR,
            "duplicate_across_parts",
            f"{counted(len(leaks), 'leak')} between parts of the split that may not share, "
            f"{named(parts)}: {leaks[0]}. Figures would be too good: delete one of each pair, or "
            "make the split anew",
            [str(leak) for leak in leaks[:LISTED]],
            count=len(leaks),
        )


def _told(code: str, what: str, cure: str, groups: list[np.ndarray]) -> Anomaly:
    pairs = [_PAIR.join(group[:3]) for group in groups]
    count = sum(len(group) - 1 for group in groups)
    verb = "has" if count == 1 else "have"
    message = f"{counted(count, 'picture')} {verb} {what}: {named(pairs)}. {cure}"
    return anomaly(WARNING, code, message, pairs, count=count)
