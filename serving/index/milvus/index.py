"""An index on Milvus: the contract, over one collection.

What a client wrote its own next search finds, which waits for the engine's clock for that (0.2 s
by default); another client's, when it opens and a moment later.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from serving.errors import ServingError
from serving.index.contract import Batch, Info, Model
from serving.index.fields import UnknownField
from serving.index.filters import check_where
from serving.index.milvus.engine import Engine
from serving.index.milvus.filters import any_of, expression, has_field, literal
from serving.index.milvus.notes import NOTES, read_notes, write_notes
from serving.index.milvus.rows import RAW, as_queries, to_distances, to_rows, to_vectors
from serving.index.milvus.settings import Settings
from serving.index.validate import (
    as_names,
    check_ids,
    check_k,
    check_metadata,
    check_rows,
    id_problem,
    joined,
)

MOST = 16_383  # that the engine finds, less the row of notes
_AT_ONCE = 200_000  # hits to one call
_SENT = 8 * 2**20  # bytes to one call; the engine takes 64 MB
_IDS = 1000  # to one expression
_SAMPLE = 1000  # items whose fields are told
_TO_SEAL, _TO_BUILD = 600, 24 * 3600  # seconds


class MilvusIndex:
    """An index on an engine of many machines; see `Index` for what its methods do.

    Several may write at a time. A call of `add` with more than 8 MB is several of the engine's:
    what fails between them leaves the first of them in. `scan` goes by the order of the ids and
    sees what others change ahead of it.

    Args:
        engine: connected to the collection.
        about: what its description says.
        settings: of its index.
        model: the encoder of the vectors.
        writable: to change it.

    Attributes:
        metric: "l2", "cosine" or "hamming".
        dimension: of a vector; bits of a code.
        model: the encoder of the vectors.
    """

    def __init__(
        self,
        engine: Engine,
        about: dict[str, Any],
        settings: Settings,
        model: Model,
        writable: bool,
    ):
        self._engine, self._about, self._settings = engine, about, settings
        self._writable, self._closed, self._changed = writable, False, False
        self.metric, self.dimension, self.model = about["metric"], about["dimension"], model
        self._notes = read_notes(engine)

    def __len__(self) -> int:
        return self._count("") - 1

    def search(
        self, queries: np.ndarray, k: int, where: Mapping[str, Any] | None = None
    ) -> tuple[list[list[str]], list[np.ndarray]]:
        """Finds the k nearest items of each query."""
        k = check_k(k)
        if k > MOST:
            raise ServingError(f"{self._place}: k is {MOST} at most on Milvus. Received: k={k}")
        queries = check_rows(queries, self.metric, self.dimension, "queries")
        where = check_where(where or {})
        chosen, ids, distances = expression(where), [], []
        step = max(1, _AT_ONCE // k)
        for start in range(0, len(queries), step):
            found = self._nearest(queries[start : start + step], k, chosen)
            ids += found[0]
            distances += found[1]
        if where and len(queries) and not any(ids):
            self._require_fields(where)
        return ids, distances

    def add(
        self,
        ids: Sequence[str],
        vectors: np.ndarray,
        metadata: Sequence[Mapping[str, Any]] | None = None,
        replace: bool = False,
    ) -> None:
        """Adds items: all or none, up to 8 MB."""
        self._require_writable()
        vectors = check_rows(vectors, self.metric, self.dimension, "vectors")
        ids = check_ids(ids, len(vectors))
        texts = check_metadata(metadata, len(vectors))
        there = [] if replace else self._there(ids)
        if there:
            cure = "Remove it first, or pass replace=True"
            raise ServingError(f"the id {there[0]!r} is in the index already. {cure}")
        for start, stop in _parts(ids, vectors, texts):
            part = slice(start, stop)
            self._changed = True
            self._call("upsert", to_rows(self.metric, ids[part], vectors[part], texts[part]))

    def remove(self, ids: Sequence[str]) -> int:
        """Removes items; how many of them were there."""
        self._require_writable()
        there = self._there(as_names(ids))
        for start in range(0, len(there), _IDS):
            self._changed = True
            self._call("delete", filter=any_of("id", there[start : start + _IDS]))
        if there:
            # The engine does not tell when a deletion was, so that the next search could wait for
            # it; of what is written after it, it does.
            self._write({})
        return len(there)

    def get(self, ids: Sequence[str]) -> list[dict[str, Any] | None]:
        """The metadata of items; `None` for an id that is not there."""
        found = {row["id"]: row["metadata"] for row in self._rows_of(as_names(ids), "metadata")}
        return [found.get(name) for name in ids]

    def scan(self, batch: int = 4096) -> Iterator[Batch]:
        """Everything, in the order of the ids."""
        last, fields = NOTES, ["id", "vector", "metadata", *self._raw()]
        while rows := self._query(f"id > {literal(last)}", fields, limit=min(batch, MOST)):
            ids = [row["id"] for row in rows]
            yield ids, to_vectors(self.metric, rows), [row["metadata"] for row in rows]
            last = max(ids, key=str.encode)

    def save(self) -> None:
        """Seals what was added and waits until the engine has built its indexes."""
        self._require_writable()
        if not self._changed:
            return
        self._call("flush", timeout=_TO_SEAL)
        until = time.monotonic() + _TO_BUILD
        while self._pending() and time.monotonic() < until:
            time.sleep(0.5)
        self._changed = False
        now = datetime.now(UTC).isoformat(timespec="seconds")
        self._write({"generation": self._notes["generation"] + 1, "saved": now})

    def note(self, facts: Mapping[str, Any]) -> None:
        """Keeps facts about the whole."""
        self._require_writable()
        self._write({"facts": joined(self.facts(), facts)})

    def facts(self) -> dict[str, Any]:
        """What `note` was given."""
        self._require_open()
        self._notes = read_notes(self._engine)
        return self._notes["facts"]

    def info(self) -> Info:
        """What the index is."""
        facts = self.facts()
        return Info(
            place=self._place,
            format=f"Milvus {self._engine.version}",
            metric=self.metric,
            dimension=self.dimension,
            items=len(self),
            added=self._pending(),
            removed=0,
            generation=self._notes["generation"],
            searcher=self._settings.index,
            settings=self._settings.to_json(),
            why="as it was made; the engine builds one of every sealed segment",
            model=self.model,
            bytes=None,
            created=self._notes.get("saved", self._about["created"]),
            facts=facts,
        )

    def close(self) -> None:
        """Lets go of the connection."""
        if not self._closed:
            self._closed = True
            self._engine.close()

    @property
    def _place(self) -> str:
        return self._engine.address.place

    def _nearest(
        self, queries: np.ndarray, k: int, chosen: str
    ) -> tuple[list[list[str]], list[np.ndarray]]:
        found = self._found(queries, k, chosen, thorough=False)
        short = [row for row, ids in enumerate(found[0]) if len(ids) < k]
        # Lists that were looked into may hold fewer than there are.
        if short and min(len(found[0][row]) for row in short) < min(k, self._count_items(chosen)):
            again = self._found(queries[short], k, chosen, thorough=True)
            for row, ids, distances in zip(short, *again, strict=True):
                found[0][row], found[1][row] = ids, distances
        return found

    def _found(
        self, queries: np.ndarray, k: int, chosen: str, thorough: bool
    ) -> tuple[list[list[str]], list[np.ndarray]]:
        answer = self._call(
            "search",
            as_queries(self.metric, queries),
            filter=chosen,
            limit=k + 1,
            search_params={"params": self._settings.of_search(k + 1, thorough)},
            consistency_level="Session",
        )
        hits = [[hit for hit in row if hit["id"] != NOTES][:k] for row in answer]
        ids = [[hit["id"] for hit in row] for row in hits]
        return ids, [to_distances(self.metric, [hit["distance"] for hit in row]) for row in hits]

    def _require_fields(self, where: Mapping[str, Any]) -> None:
        for name in where:
            if len(self) and not self._query(has_field(name), ["id"], limit=1):
                some = self._query("", ["metadata"], limit=_SAMPLE)
                names = sorted({name for row in some for name in row["metadata"]})
                raise UnknownField(name, names)

    def _there(self, ids: Sequence[str]) -> list[str]:
        return [row["id"] for row in self._rows_of(ids, "id")]

    def _rows_of(self, ids: Sequence[str], field: str) -> Iterator[dict[str, Any]]:
        names = list(dict.fromkeys(name for name in ids if not id_problem(name)))
        for start in range(0, len(names), _IDS):
            yield from self._query(any_of("id", names[start : start + _IDS]), ["id", field])

    def _count_items(self, chosen: str) -> int:
        return self._count(chosen) if chosen else len(self)

    def _count(self, chosen: str) -> int:
        return self._query(chosen, ["count(*)"])[0]["count(*)"]

    def _query(self, chosen: str, fields: list[str], **options: Any) -> list[dict[str, Any]]:
        return self._call(
            "query", chosen, output_fields=fields, consistency_level="Session", **options
        )

    def _pending(self) -> int:
        return int(self._call("describe_index", "vector").get("pending_index_rows", 0))

    def _raw(self) -> list[str]:
        return [RAW] if self.metric == "cosine" else []

    def _write(self, notes: dict[str, Any]) -> None:
        notes = self._notes | notes
        write_notes(self._engine, self._about, notes)
        self._notes = notes

    def _call(self, method: str, *args: Any, **kwargs: Any) -> Any:
        self._require_open()
        return self._engine.call(method, *args, **kwargs)

    def _require_open(self) -> None:
        if self._closed:
            raise ServingError(f"{self._place}: this index has been closed. Open it again")

    def _require_writable(self) -> None:
        self._require_open()
        if not self._writable:
            cure = "Open it with writable=True"
            raise ServingError(f"{self._place}: the index is open for reading only. {cure}")


def _parts(
    ids: Sequence[str], vectors: np.ndarray, texts: Sequence[str]
) -> Iterator[tuple[int, int]]:
    """Rows that one call may hold."""
    start = size = 0
    for row, text in enumerate(texts):
        own = 4 * len(text) + 4 * len(ids[row]) + 3 * vectors[row].nbytes
        if size + own > _SENT and row > start:
            yield start, row
            start, size = row, 0
        size += own
    if len(texts):
        yield start, len(texts)
