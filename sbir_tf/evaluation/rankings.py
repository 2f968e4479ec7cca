"""Rankings, kept: whatever can be asked of them later, without model, pictures or embeddings.

Of each query's ranking two things are kept: its first places with their distances, and where the
relevant items stand, as groups of equal distances (see `ranked_hits.py`). That is all that any
metric, any convention and any treatment of ties needs, at any k.
"""

import json
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from sbir_tf.errors import UserError
from sbir_tf.evaluation.conventions import checked_k, checked_ks, checked_names
from sbir_tf.evaluation.ranked_hits import RankedHits
from sbir_tf.evaluation.results import Result
from sbir_tf.evaluation.scoring import result_of, scores_of
from sbir_tf.evaluation.tied_groups import TiedGroups
from sbir_tf.files import written_aside

FORMAT = 1
ARRAYS = {
    **dict.fromkeys(("query_labels", "gallery_labels", "top", "starts", "sizes", "hits"), np.int32),
    **{"top_distances": np.float32, "offsets": np.int64, "places": np.int32},
}
TEXTS = ("class_names", "query_ids", "gallery_ids")
DAMAGE = (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile, zlib.error)


@dataclass(frozen=True, eq=False)
class Rankings:
    """How each of Q queries ranks N gallery items.

    Attributes:
        query_labels: `(Q,)` int32; labels are places in `class_names`.
        gallery_labels: `(N,)` int32.
        top: `(Q, K)` int32, the gallery rows of the first K places, nearest first; equally near
            ones in the gallery's order.
        top_distances: `(Q, K)` float32, theirs.
        offsets: `(Q + 1,)` int64: query q has the groups `offsets[q]` to `offsets[q + 1]`.
        starts: `(groups,)` int32, how many items stand before each group of equal distances that
            holds a relevant item.
        sizes: `(groups,)` int32, how many items the group has.
        hits: `(groups,)` int32, how many of them are relevant.
        places: The 0-based place of every relevant item where equal distances keep the gallery's
            order, ascending, one query behind the other; empty where it is `starts`.
        class_names: Names of the labels.
        query_ids: `(Q,)` texts, or none.
        gallery_ids: `(N,)` texts, or none.
    """

    query_labels: np.ndarray
    gallery_labels: np.ndarray
    top: np.ndarray
    top_distances: np.ndarray
    offsets: np.ndarray
    starts: np.ndarray
    sizes: np.ndarray
    hits: np.ndarray
    places: np.ndarray = field(default_factory=lambda: np.empty(0, np.int32))
    class_names: tuple[str, ...] = ()
    query_ids: tuple[str, ...] = ()
    gallery_ids: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.query_labels)

    @property
    def relevant(self) -> np.ndarray:
        """`(Q,)`, how many relevant items each query has."""
        return self.groups.relevant

    @cached_property
    def groups(self) -> TiedGroups:
        """The tied groups of all queries."""
        return TiedGroups(self.offsets, self.starts, self.sizes, self.hits, self.places)

    def hits_in_order(self, ties: str = "expected") -> RankedHits:
        """Where the hits stand, by a name of `TIES`."""
        checked_names("exact", ties)
        return self.groups.ordered(ties)

    def result(
        self,
        ks: Sequence[int] = (10, 100, 200),
        convention: str = "exact",
        ties: str = "expected",
    ) -> Result:
        """The means over the queries that have a relevant item; arguments as for `evaluate`.

        Raises:
            UserError: As `evaluate`.
        """
        ks, rules = checked_ks(ks), checked_names(convention, ties)
        scores = scores_of(self.hits_in_order(ties), ks, rules)
        labels = (self.query_labels, self.gallery_labels, self.class_names)
        return result_of(scores, *labels, ks, rules, convention=convention, ties=ties)

    def average_precision(
        self, k: int | None = None, convention: str = "exact", ties: str = "expected"
    ) -> np.ndarray:
        """AP of each query, `(Q,)` float64, over the first k places or all; NaN where none is."""
        rules, k = checked_names(convention, ties), None if k is None else checked_k(k)
        return self.hits_in_order(ties).average_precision(k, rules)

    def precision_at(self, k: int, convention: str = "exact", ties: str = "expected") -> np.ndarray:
        """P@k of each query, `(Q,)` float64."""
        rules, k = checked_names(convention, ties), checked_k(k)
        return self.hits_in_order(ties).precision(k, rules)

    def recall_at(self, k: int, ties: str = "expected") -> np.ndarray:
        """R@k of each query, `(Q,)` float64: the share of its relevant items that are found."""
        return self.hits_in_order(ties).recall(checked_k(k))

    def hit_at(self, k: int, ties: str = "expected") -> np.ndarray:
        """hit@k of each query, `(Q,)` float64."""
        return self.hits_in_order(ties).hit(checked_k(k))

    def ndcg_at(self, k: int, ties: str = "expected") -> np.ndarray:
        """nDCG@k of each query, `(Q,)` float64, of relevance 0 and 1."""
        return self.hits_in_order(ties).ndcg(checked_k(k))

    def reciprocal_rank(self, ties: str = "expected") -> np.ndarray:
        """1 / the rank of each query's first relevant item, `(Q,)` float64."""
        return self.hits_in_order(ties).reciprocal_rank()

    def precision_recall(self, levels: int = 101, ties: str = "expected") -> np.ndarray:
        """The mean over the queries of the precision where a recall is reached, `(levels,)`.

        At recall 0 stands the precision of the first place. Between two hits' recalls the
        precision is that of the later one: no envelope is drawn.
        """
        table = self.hits_in_order(ties).precision_where(np.linspace(0, 1, levels))
        return np.nanmean(table, axis=0)

    def save(self, path: Path) -> None:
        """Write them, compressed, aside and then renamed; `.npz`."""
        texts = {"format": FORMAT, "class_names": self.class_names}
        texts |= {"query_ids": self.query_ids, "gallery_ids": self.gallery_ids}
        octets = np.frombuffer(json.dumps(texts).encode(), np.uint8)
        with written_aside(path) as aside:
            np.savez_compressed(
                aside, texts=octets, **{name: getattr(self, name) for name in ARRAYS}
            )

    @classmethod
    def load(cls, path: Path) -> "Rankings":
        """Read what `save` wrote; nothing in the file can run code.

        Raises:
            UserError: If it is something else, newer, or damaged.
        """
        try:
            # Opened here: of a damaged file NumPy would leave it open.
            with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
                texts = json.loads(file["texts"].tobytes())
                arrays = {name: file[name].astype(kind) for name, kind in ARRAYS.items()}
            if texts.pop("format") > FORMAT:
                raise UserError(f"{path} was written by a newer version of sbir-tf: use that one")
            read = cls(**arrays, **{name: tuple(texts[name]) for name in TEXTS})
            if not read._fits():
                raise ValueError("its arrays do not fit together")
        except UserError:
            raise
        except DAMAGE as error:
            raise UserError(f"{path} is no file of rankings, or is damaged ({error})") from error
        return read

    def _fits(self) -> bool:
        """Whether the arrays have the lengths and the ranges that they say of one another."""
        queries, items, groups = len(self), len(self.gallery_labels), len(self.starts)
        lengths = [len(self.top), len(self.top_distances), len(self.offsets) - 1]
        lengths += [len(self.query_ids) or queries]
        return (
            lengths == [queries] * 4
            and self.top.shape == self.top_distances.shape
            and len(self.sizes) == len(self.hits) == groups
            and self.offsets[0] == 0
            and self.offsets[-1] == groups
            and bool((np.diff(self.offsets) >= 0).all())
            and len(self.places) in (0, int(self.hits.sum()))
            and (len(self.gallery_ids) or items) == items
            and all(_within(each, len(self.class_names)) for each in self._labels())
            and _within(self.top, items)
        )

    def _labels(self) -> tuple[np.ndarray, np.ndarray]:
        return self.query_labels, self.gallery_labels


def _within(values: np.ndarray, end: int) -> bool:
    return not values.size or bool(values.min() >= 0 and values.max() < end)
