"""Checksums of a generation: of most files before they are read, of the largest beside.

Opening a million vectors would take longer for the checksums than for all else. What a searcher
loads, and everything up to 64 MB, is verified first; vectors and metadata above that by a thread,
and whatever it finds is the error of the next call.
"""

import threading
from pathlib import Path

from serving.errors import ServingError
from serving.index.stored.layout import CURE
from serving.index.stored.manifest import FileRecord, verify_contents, verify_sizes

AT_ONCE = 2**26  # bytes
_MAY_WAIT = ("vectors.npy", "items.sqlite")


class Verification:
    """Compares a generation's files with their records.

    Args:
        folder: the index, for messages.
        generation: its folder.
        files: their records.
        whole: everything before this returns.

    Raises:
        ServingError: names the first file that is missing, truncated or altered.
        OSError: no more files may be opened, or the like.
    """

    def __init__(
        self, folder: Path, generation: Path, files: dict[str, FileRecord], whole: bool = False
    ):
        self._folder, self._generation, self._files = folder, generation, files
        self._trouble: OSError | None = None
        self._problem = verify_sizes(generation, files)
        beside = [] if whole else self._beside()
        if self._problem is None:
            self._compare([name for name in files if name not in beside])
        self.check()
        self._thread = threading.Thread(target=self._look, args=(beside,), daemon=True)
        if beside:
            self._thread.start()

    def check(self) -> None:
        """Raises what has been found."""
        if self._problem:
            place = f"{self._generation.parent.name}/{self._generation.name}"
            raise ServingError(f"{self._folder}: {place}/{self._problem}. {CURE}")
        if self._trouble is not None:
            error = self._trouble
            raise OSError(error.errno, error.strerror, error.filename) from error

    def wait(self) -> None:
        """Waits until everything is compared, and raises what was found."""
        if self._thread.ident is not None:
            self._thread.join()
        self.check()

    def _beside(self) -> list[str]:
        left, beside = AT_ONCE, []
        for name in sorted(_MAY_WAIT, key=lambda name: self._size(name)):
            left -= self._size(name)
            beside += [name] if left < 0 else []
        return beside

    def _size(self, name: str) -> int:
        return self._files[name].bytes if name in self._files else 0

    def _look(self, names: list[str]) -> None:
        try:
            self._compare(names)
        except OSError as error:
            self._trouble = error

    def _compare(self, names: list[str]) -> None:
        self._problem = verify_contents(self._generation, self._files, names)
