"""What earlier looks found, in a file that is only ever added to.

A line is written once and never changed, so an interrupted survey leaves what it learnt, and a
line that was cut off in the middle costs one look.
"""

import hashlib
import json
from pathlib import Path
from types import TracebackType

import PIL

from sbir_tf.data.survey.looking import Look, from_fields, to_fields

CACHE = Path("data/cache/surveys")
_LINES = 64  # kept back at most


class Memory:
    """Looks at the pictures of one data set, by path, size and time of change.

    Where the file cannot be read or written, nothing is remembered, and nothing else is lost.

    Args:
        root: The data set's folder.
        cache: The folder of the file, one for each root. None remembers nothing, nor does a
            folder inside the root: nothing of ours is left among a user's pictures.
    """

    def __init__(self, root: Path, cache: Path | None = None):
        place = str(root.resolve())
        name = hashlib.sha256(place.encode(errors="surrogateescape")).hexdigest()[:24]
        outside = cache and not cache.resolve().is_relative_to(place)
        self._file = cache / f"{name}.jsonl" if outside else None
        # Pixels, and so digests, depend on the decoders.
        head = {"format": "sbir-survey/1", "root": ascii(place), "pillow": PIL.__version__}
        self._head = json.dumps(head).encode() + b"\n"
        self._known: dict[str, tuple[tuple[int, int], Look]] = {}
        self._lines: list[bytes] = []

    def __enter__(self) -> "Memory":
        if self._file:
            try:
                self._load()
            except OSError:
                self._file = None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._write()

    def find(self, path: str, stamp: tuple[int, int]) -> Look | None:
        """The look at a file of this path, size and time of change, if there was one."""
        known = self._known.get(path)
        return known[1] if known and known[0] == stamp else None

    def add(self, path: str, stamp: tuple[int, int], look: Look) -> None:
        """Remember a look, unless another one may find otherwise."""
        if look.lasting:
            self._lines.append(json.dumps([path, *stamp, *to_fields(look)]).encode() + b"\n")
        if len(self._lines) >= _LINES:
            self._write()

    def _load(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        lines = self._file.read_bytes().splitlines(keepends=True) if self._file.exists() else []
        if not lines or lines[0] != self._head:
            self._begin()
            return
        for line in lines[1:]:
            self._learn(line)
        if not lines[-1].endswith(b"\n"):
            self._lines.append(b"\n")  # so that what comes next is not joined to half a line

    def _begin(self) -> None:
        aside = self._file.with_suffix(".new")
        aside.write_bytes(self._head)
        aside.replace(self._file)

    def _learn(self, line: bytes) -> None:
        try:
            path, size, changed, *fields = json.loads(line)
            self._known[path] = ((size, changed), from_fields(fields))
        except (ValueError, TypeError):  # the damaged tail of an interrupted survey
            pass

    def _write(self) -> None:
        lines, self._lines = self._lines, []
        if not self._file or not lines:
            return
        try:
            with self._file.open("ab") as file:
                file.write(b"".join(lines))
        except OSError:
            self._file = None
