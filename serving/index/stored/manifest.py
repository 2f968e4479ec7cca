"""A generation's manifest: what it holds, by which model, and every file's size and checksum."""

import json
import zlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from serving.errors import ServingError
from serving.files import write_synced
from serving.index.contract import Model
from serving.index.stored.layout import CURE
from serving.index.stored.sqlite_errors import passes

FORMAT = 2
MANIFEST = "manifest.json"
_CHUNK = 2**20


@dataclass(frozen=True)
class FileRecord:
    """One file's size and CRC-32, which finds every single flipped bit at 4 GB a second."""

    bytes: int
    crc32: int


@dataclass(frozen=True)
class Manifest:
    """What a generation says of itself.

    Args:
        number: of the generation.
        created: time of writing, UTC, ISO 8601.
        model: the encoder of the vectors.
        metric: "l2", "cosine" or "hamming".
        dimension: of a vector; bits of a code.
        items: how many.
        folded: the number of the last change that it contains.
        wanted: settings of the searcher that were asked for, or `None` to choose.
        searcher: its kind, settings and why, as built.
        files: path inside the generation -> size and checksum.
    """

    number: int
    created: str
    model: Model
    metric: str
    dimension: int
    items: int
    folded: int
    wanted: dict[str, Any] | None
    searcher: dict[str, Any]
    files: dict[str, FileRecord] = field(default_factory=dict)

    def write(self, generation: Path) -> None:
        """Writes it with a checksum of its own."""
        write_synced(generation / MANIFEST, _seal({"format": FORMAT, **asdict(self)}))


def read_manifest(generation: Path, name: Path) -> Manifest:
    """Reads and checks a generation's manifest.

    Args:
        generation: its folder.
        name: of the index, for messages.

    Raises:
        ServingError: missing, damaged, or of a newer format.
    """
    where = f"{generation.parent.name}/{generation.name}/{MANIFEST}"
    try:
        data = (generation / MANIFEST).read_bytes()
    except FileNotFoundError as error:
        raise ServingError(f"{name}: {where} is missing. {CURE}") from error
    try:
        values = json.loads(data)
        newer = values["format"] > FORMAT
        del values["crc32"]
        whole = _seal(values) == data
    except (ValueError, KeyError, TypeError) as error:
        raise ServingError(f"{name}: {where} is damaged. {CURE}") from error
    if not whole:
        raise ServingError(f"{name}: {where} is damaged. {CURE}")
    if newer:
        newer = f"of the newer format {values['format']}; this version reads {FORMAT}"
        raise ServingError(f"{name}: {newer}. Update sbir")
    del values["format"]
    files = {path: FileRecord(**record) for path, record in values.pop("files").items()}
    return Manifest(model=Model(**values.pop("model")), files=files, **values)


def record_files(generation: Path) -> dict[str, FileRecord]:
    """Measures every file below a folder."""
    paths = sorted(path for path in generation.rglob("*") if path.is_file())
    return {path.relative_to(generation).as_posix(): _measure(path) for path in paths}


def verify_sizes(generation: Path, files: dict[str, FileRecord]) -> str | None:
    """The first file that is missing or of another size, and what is wrong with it."""
    for name, record in files.items():
        path = generation / name
        if not path.is_file():
            return f"{name} is missing"
        if (size := path.stat().st_size) != record.bytes:
            return f"{name} is truncated or altered ({size} bytes instead of {record.bytes})"
    return None


def verify_contents(
    generation: Path, files: dict[str, FileRecord], names: Iterable[str]
) -> str | None:
    """The first of some files whose checksum differs, and that it does.

    Raises:
        OSError: of the machine's, such as too many open files; it says nothing of the file.
    """
    for name in names:
        try:
            measured = _measure(generation / name)
        except OSError as error:
            if passes(error, generation):
                raise
            return f"{name} cannot be read ({error.strerror})"
        if measured != files[name]:
            return f"{name} is altered (its checksum differs)"
    return None


def _measure(path: Path) -> FileRecord:
    size = checksum = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            size, checksum = size + len(chunk), zlib.crc32(chunk, checksum)
    return FileRecord(size, checksum)


def _seal(values: dict[str, Any]) -> bytes:
    checksum = zlib.crc32(json.dumps(values, indent=1).encode())
    return (json.dumps({**values, "crc32": checksum}, indent=1) + "\n").encode()
