"""An index that others may change: each search sees what they had finished before it began."""

import threading
from pathlib import Path
from typing import Any

from serving.index.stored.generation import Generation, open_current
from serving.index.stored.journal import Journal
from serving.index.stored.layout import read_current
from serving.index.stored.view import View

_READ = 1024  # changes that are applied at a time


class Follower:
    """The state of an index that another process, or nobody, is changing.

    After a switch of generations the new one is opened by a thread, while searches see the old
    one with all changes.

    Args:
        folder: the index.

    Raises:
        ServingError: not an index, damaged, of a newer format.
    """

    def __init__(self, folder: Path):
        self._folder = folder
        self._lock = threading.Lock()
        self._opening: threading.Thread | None = None
        self._opened: View | None = None
        view = View.of(open_current(folder))
        self._journal = Journal(folder, writable=False)
        self._version: int | None = None
        try:
            self._view = self._read(view)
        except BaseException:
            self._journal.close()
            raise

    def view(self) -> View:
        """The state now."""
        with self._lock:
            if self._opened is not None:
                self._view, self._opened, self._version = self._opened, None, None
            version = self._journal.version()
            if version != self._version:
                self._view, self._version = self._read(self._view), version
                self._look_for_another()
            return self._view

    def facts(self) -> dict[str, Any]:
        """What `note` was given."""
        with self._lock:
            return self._journal.facts

    def __len__(self) -> int:
        return len(self.view())

    def close(self) -> None:
        """Lets go of the files; a search that has its view goes on with it."""
        with self._lock:  # SQLite must not be closed under whoever asks it
            self._journal.close()
            opening = self._opening
        if opening is not None:
            opening.join()

    def _read(self, view: View) -> View:
        while True:
            with self._journal.snapshot():
                if self._journal.trimmed <= view.seen:
                    return brought_up(view, self._journal)
            # What it had not seen yet is in another generation by now.
            view = View.of(open_current(self._folder))

    def _look_for_another(self) -> None:
        current = read_current(self._folder)
        if self._opening is None and current != self._view.generation.manifest.number:
            self._opening = threading.Thread(target=self._open, daemon=True)
            self._opening.start()

    def _open(self) -> None:
        try:
            view = View.of(open_current(self._folder))
            load(view.generation)
            with self._lock:
                self._opened = self._read(view)
        except (OSError, ValueError):
            pass  # the old one still answers; the next change looks again
        finally:
            self._opening = None


def load(generation: Generation) -> None:
    """Loads the searcher, so that no search has to."""
    if len(generation):
        _ = generation.searcher


def brought_up(view: View, journal: Journal) -> View:
    """A view after all changes that a journal has."""
    changes = []
    for change in journal.changes(view.seen):
        changes.append(change)
        if len(changes) == _READ:
            view, changes = view.after(changes), []
    return view.after(changes)
