"""The one that changes an index: durable first, then visible."""

import threading
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from serving.errors import ServingError
from serving.index.searchers.settings import check_wanted
from serving.index.stored.building import kept_rows
from serving.index.stored.following import brought_up, load
from serving.index.stored.generation import Generation, open_current
from serving.index.stored.journal import Journal
from serving.index.stored.layout import LOCK, read_current, sweep, write_current
from serving.index.stored.lock import lock_writer
from serving.index.stored.rebuild import rebuild
from serving.index.stored.view import View
from serving.index.validate import joined

_HERE = 5_000  # items whose searcher is built in less than starting a process takes


class Writer:
    """Changes an index, one change at a time; searches go on meanwhile.

    Until the first search, changes go to the disk alone: what is loaded in bulk takes no memory.

    Args:
        folder: the index.

    Raises:
        ServingError: not an index, damaged, or another process is writing it.
    """

    def __init__(self, folder: Path):
        read_current(folder)
        self._folder = folder
        self._lock = lock_writer(folder, LOCK)
        self._changing, self._saving = threading.RLock(), threading.RLock()
        self._view: View | None = None
        try:
            self._journal = Journal(folder, writable=True)
            self._journal.check_structure()  # changes are looked up by id
            self.generation = open_current(folder)
            self._tidy()
        except BaseException:
            self._lock.close()
            raise

    def view(self) -> View:
        """The state now."""
        view = self._view
        if view is not None:
            return view
        with self._changing:
            if self._view is None:
                self._view = brought_up(View.of(self.generation), self._journal)
            return self._view

    def facts(self) -> dict[str, Any]:
        """What `note` was given."""
        with self._changing:
            return self._journal.facts

    def note(self, facts: Mapping[str, Any]) -> None:
        """Keeps facts; see `Index.note`."""
        with self._changing:
            self._journal.note(joined(self._journal.facts, facts))

    def __len__(self) -> int:
        with self._changing:
            if self._view is not None:
                return len(self._view)
            kept, added = kept_rows(self.generation, self._journal, self._journal.last)
            return int(kept.sum()) + added

    def add(self, rows: Sequence[tuple[str, bytes, str]], replace: bool) -> None:
        """Adds items: id, vector, metadata."""
        with self._changing:
            there = [] if replace else self._there([row[0] for row in rows])
            if there:
                cure = "Remove it first, or pass replace=True"
                raise ServingError(f"the id {there[0]!r} is in the index already. {cure}")
            self._append(rows)

    def remove(self, ids: Sequence[str]) -> int:
        """Removes those ids that are there; how many they were."""
        with self._changing:
            there = self._there(ids)
            self._append([(name, None, None) for name in there])
            return len(there)

    def save(self, settings: Mapping[str, Any] | None = None) -> None:
        """Makes one generation of everything; see `Index.save`.

        Args:
            settings: of the searcher, from now on; by default those asked for before, or chosen.
        """
        check_wanted(settings or {})
        with self._saving:
            with self._changing:
                upto, before = self._journal.last, self.generation.manifest
            if upto == before.folded and settings is None:
                return
            wanted = before.wanted if settings is None else dict(settings)
            apart = self._view is not None and len(self._view) > _HERE
            generation = Generation(self._folder, rebuild(self._folder, upto, wanted, apart))
            try:
                self._switch(generation)
            except BaseException:
                generation.let_go()
                sweep(self._folder)
                raise
            self._tidy()

    def close(self) -> None:
        """Lets go of the files."""
        with self._saving, self._changing:
            self._journal.close()
            self._lock.close()

    def _switch(self, generation: Generation) -> None:
        view = None
        if self._view is not None:
            load(generation)
            with closing(Journal(self._folder, writable=False)) as journal:
                view = brought_up(View.of(generation), journal)
        with self._changing:
            write_current(self._folder, generation.manifest.number)
            self.generation = generation
            self._view = None if view is None else brought_up(view, self._journal)

    def _tidy(self) -> None:
        """Tells readers, removes the generation before, forgets the changes that this contains."""
        with suppress(OSError), self._changing:  # no room: the next time will do
            self._journal.announce(self.generation.manifest.number)
        sweep(self._folder)
        more = True
        with suppress(OSError):
            while more:
                with self._changing:  # a little at a time
                    more = self._journal.trim(self.generation.manifest.folded)

    def _there(self, ids: Sequence[str]) -> list[str]:
        """Those of the ids that are in the index, each once."""
        changed = self._journal.present(ids, self.generation.manifest.folded)
        with self.generation.telling():
            rows = self.generation.items.rows_of([name for name in ids if name not in changed])
        return [name for name in dict.fromkeys(ids) if changed.get(name, name in rows)]

    def _append(self, rows: Sequence[tuple[str, bytes | None, str | None]]) -> None:
        if not rows:
            return
        try:
            changes = self._journal.append(rows)
            if self._view is not None:
                self._view = self._view.after(changes)
        except BaseException:
            self._view = None  # the disk knows: it may have been an interrupt in between
            raise
