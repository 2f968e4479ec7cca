"""An index in a folder: the contract, over whoever follows the folder or writes it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from serving.errors import ServingError
from serving.index.contract import Batch, Info
from serving.index.stored.building import folded_rows
from serving.index.stored.following import Follower
from serving.index.stored.generation import open_current
from serving.index.stored.journal import Journal
from serving.index.stored.layout import size_of
from serving.index.stored.manifest import FORMAT
from serving.index.stored.sqlite_errors import closed
from serving.index.stored.writer import Writer
from serving.index.validate import as_names, check_ids, check_k, check_metadata, check_rows


class StoredIndex:
    """An index on this machine; see `Index` for what its methods do.

    Args:
        folder: what `create_index` made.
        writable: to change it.

    Attributes:
        metric: "l2", "cosine" or "hamming".
        dimension: of a vector; bits of a code.
        model: the encoder of the vectors.

    Raises:
        ServingError: not an index, damaged, of another format, in use by another writer.
    """

    def __init__(self, folder: Path, writable: bool):
        self._folder = folder
        # None when closed: whoever searches keeps what it has, and else the files are let go.
        self._state: Writer | Follower | None = Writer(folder) if writable else Follower(folder)
        manifest = self._manifest()
        self.metric, self.dimension, self.model = (
            manifest.metric,
            manifest.dimension,
            manifest.model,
        )

    def __len__(self) -> int:
        return len(self._open())

    def search(
        self, queries: np.ndarray, k: int, where: Mapping[str, Any] | None = None
    ) -> tuple[list[list[str]], list[np.ndarray]]:
        """Finds the k nearest items of each query."""
        k = check_k(k)
        queries = check_rows(queries, self.metric, self.dimension, "queries")
        view = self._open().view()
        view.generation.verification.check()
        return view.search(queries, k, where) if len(queries) else ([], [])

    def add(
        self,
        ids: Sequence[str],
        vectors: np.ndarray,
        metadata: Sequence[Mapping[str, Any]] | None = None,
        replace: bool = False,
    ) -> None:
        """Adds items: all or none."""
        writer = self._writer()
        vectors = check_rows(vectors, self.metric, self.dimension, "vectors")
        ids = check_ids(ids, len(vectors))
        texts = check_metadata(metadata, len(vectors))
        data = (row.tobytes() for row in vectors)
        writer.add(list(zip(ids, data, texts, strict=True)), replace)

    def remove(self, ids: Sequence[str]) -> int:
        """Removes items; how many of them were there."""
        return self._writer().remove(as_names(ids))

    def get(self, ids: Sequence[str]) -> list[dict[str, Any] | None]:
        """The metadata of items; `None` for an id that is not there."""
        return self._open().view().get(as_names(ids))

    def scan(self, batch: int = 4096) -> Iterator[Batch]:
        """Everything, in batches, as it is when the first one is asked for."""
        self._open()
        while True:
            generation = open_current(self._folder, whole=True)
            with closing(Journal(self._folder, writable=False)) as journal, journal.snapshot():
                if journal.trimmed > generation.manifest.folded:
                    continue  # switched in between
                journal.check_structure()
                for ids, vectors, texts in folded_rows(generation, journal, journal.last, batch)[1]:
                    yield ids, vectors, [json.loads(text) for text in texts]
                return

    def save(self, settings: Mapping[str, Any] | None = None) -> None:
        """Makes one generation of everything.

        Args:
            settings: of the searcher, from now on; by default those asked for before, or chosen.
        """
        self._writer().save(settings)

    def note(self, facts: Mapping[str, Any]) -> None:
        """Keeps facts about the whole."""
        self._writer().note(facts)

    def facts(self) -> dict[str, Any]:
        """What `note` was given."""
        return self._open().facts()

    def info(self) -> Info:
        """What the index is."""
        state = self._open()
        view, manifest = state.view(), self._manifest()
        return Info(
            place=str(self._folder),
            format=f"{FORMAT}",
            metric=self.metric,
            dimension=self.dimension,
            items=len(view),
            added=len(view.state),
            removed=view.removed,
            generation=manifest.number,
            searcher=manifest.searcher["kind"],
            settings=manifest.searcher["settings"],
            why=manifest.searcher["why"],
            model=self.model,
            bytes=size_of(self._folder),
            created=manifest.created,
            facts=state.facts(),
        )

    def close(self) -> None:
        """Lets go of the files; changes are kept."""
        state, self._state = self._state, None
        if state is not None:
            state.close()

    def _manifest(self):
        state = self._open()
        generation = state.generation if isinstance(state, Writer) else state.view().generation
        return generation.manifest

    def _open(self) -> Writer | Follower:
        state = self._state
        if state is None:
            raise closed(self._folder)
        return state

    def _writer(self) -> Writer:
        state = self._open()
        if isinstance(state, Follower):
            cure = "Open it with writable=True"
            raise ServingError(f"{self._folder}: the index is open for reading only. {cure}")
        return state
