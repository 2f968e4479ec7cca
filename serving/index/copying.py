"""An index copied from one place to another, and the copy verified."""

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from serving.errors import ServingError
from serving.index.contract import Batch, Index
from serving.index.open import create_index, exists, is_far, open_index, shown
from serving.index.places import MODEL, PICTURES, find_folder, locate

_COPYING = "copying"  # a fact of a copy that is not whole yet: where it comes from
_BATCH = 4096
_QUERIES, _K = 100, 10
_AGREEMENT = 0.9
_ALL = 2**256


@dataclass(frozen=True)
class Copied:
    """What `copy_index` did.

    Args:
        items: in both.
        digest: of all ids, vectors and metadata, in any order; the same of both.
        searches: made in both, by vectors of their own.
        agreement: share of these searches' hits at the same distances in both.
    """

    items: int
    digest: str
    searches: int
    agreement: float


def copy_index(
    source: Path | str,
    to: Path | str,
    progress: Callable[..., Iterable] = lambda iterable, description, total: iterable,
) -> Copied:
    """Copies an index and verifies the copy.

    Called again after an interruption, it continues. The copy chooses its own searcher; facts
    come along, and folders among them are found from the new place.

    Args:
        source: a folder, or `milvus://host:port/NAME`.
        to: another, new.
        progress: wraps the batches as they are copied, then as they are read again.

    Returns:
        What was compared.

    Raises:
        ServingError: `to` is there already; or the copy differs in its count, its vectors, ids
            or metadata, or in what it finds.
    """
    with closing(open_index(source)) as first, closing(_target(first, source, to)) as second:
        continued = bool(len(second))
        total = math.ceil(len(first) / _BATCH)
        sample = _Sample(len(first))
        batches = progress(first.scan(_BATCH), "copying", total)
        before = _digest(_copied(batches, second, sample, continued))
        second.save()
        after = _digest(progress(second.scan(_BATCH), "verifying", total))
        if before != after:
            told = f"{before[0]} items were copied, {after[0]} are there"
            if before[0] == after[0]:
                told = f"their {before[0]} items have other ids, vectors or metadata"
            cure = "One of them was changed meanwhile, or is damaged: remove the copy, try again"
            raise ServingError(f"{shown(to)} is no copy of {shown(source)}: {told}. {cure}")
        agreement = _agreement(first, second, sample.vectors())
        second.note({_COPYING: None})
        return Copied(before[0], f"{before[1]:064x}", len(sample.rows), agreement)


def _target(first: Index, source: Path | str, to: Path | str) -> Index:
    """The index to copy into: new, or of this copy, interrupted."""
    if exists(to):
        there = open_index(to, writable=True)
        if there.facts().get(_COPYING) == _place(source):
            return there
        there.close()
        cure = "Remove it, or name another place"
        raise ServingError(f"{shown(to)}: an index is there already. {cure}")
    made = create_index(to, first.metric, first.dimension, first.model)
    facts = dict(first.facts())
    for name in (PICTURES, MODEL):
        if folder := find_folder(first, name):
            facts[name] = locate(folder, to)
    made.note(facts | {_COPYING: _place(source)})
    return made


def _place(source: Path | str) -> str:
    """A source, however it is spelled; without a password."""
    if not is_far(source):
        return str(Path(source).resolve())
    from serving.index.milvus.address import parse_address

    return parse_address(str(source)).place


def _copied(
    batches: Iterable[Batch], second: Index, sample: "_Sample", continued: bool
) -> Iterator[Batch]:
    for ids, vectors, metadata in batches:
        there = second.get(ids) if continued else [None] * len(ids)
        new = [row for row, known in enumerate(there) if known is None]
        if new:
            second.add([ids[row] for row in new], vectors[new], [metadata[row] for row in new])
        sample.see(vectors)
        yield ids, vectors, metadata


def _digest(batches: Iterable[Batch]) -> tuple[int, int]:
    """How many items, and the sum of their SHA-256: the same in whatever order they come."""
    count = total = 0
    for ids, vectors, metadata in batches:
        for name, vector, values in zip(ids, vectors, metadata, strict=True):
            text = json.dumps([name, values], sort_keys=True).encode()
            digest = hashlib.sha256(text + b"\0" + vector.tobytes()).digest()
            total = (total + int.from_bytes(digest, "big")) % _ALL
            count += 1
    return count, total


class _Sample:
    """Vectors at even distances of a scan."""

    def __init__(self, items: int):
        self._step, self._seen = max(1, items // _QUERIES), 0
        self.rows: list[np.ndarray] = []

    def see(self, vectors: np.ndarray) -> None:
        for row in range(-self._seen % self._step, len(vectors), self._step):
            if len(self.rows) < _QUERIES:
                self.rows.append(vectors[row].copy())
        self._seen += len(vectors)

    def vectors(self) -> np.ndarray:
        return np.array(self.rows)


def _agreement(first: Index, second: Index, queries: np.ndarray) -> float:
    if not len(queries):
        return 1.0
    answers = [index.search(queries, _K)[1] for index in (first, second)]
    same = sum(_same(*pair) for pair in zip(*answers, strict=True))
    share = same / sum(len(row) for row in answers[0])
    if share < _AGREEMENT:
        cure = "`sbir index tune`, or other settings, make both find more"
        raise ServingError(f"only {share:.3f} of the hits of two copies are the same. {cure}")
    return share


def _same(one: np.ndarray, other: np.ndarray) -> int:
    """Hits at the same distances; where distances tie, ids may differ."""
    found = min(len(one), len(other))
    return int(np.isclose(one[:found], other[:found], rtol=1e-4, atol=1e-5).sum())
