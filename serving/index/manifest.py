"""The manifest: what an index holds, by which model, and every file's size and checksum."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from serving.errors import ServingError

FORMAT = 1
MANIFEST = "manifest.json"
METRIC = "squared_euclidean"
_CURE = "Build the index again with `sbir index`"


@dataclass(frozen=True)
class Model:
    """The encoder that made the vectors: an index answers no other one's queries.

    Args:
        name: what people call it.
        digest: sha256 of its weights and graph.
    """

    name: str
    digest: str

    def __str__(self) -> str:
        return f"{self.name} (digest {self.digest[:12]})"


@dataclass(frozen=True)
class FileRecord:
    """One file's size and checksum."""

    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What an index folder says of itself.

    Args:
        generation: the subfolder that holds the files.
        created: time of writing, UTC, ISO 8601.
        model: the encoder of the vectors.
        dimension: of the vectors.
        count: of the vectors.
        parameters: of the ScaNN searcher.
        folders: of the pictures and of the model, each relative to the index and absolute.
        files: path inside the generation -> size and checksum.
    """

    generation: str
    created: str
    model: Model
    dimension: int
    count: int
    parameters: dict[str, Any]
    folders: dict[str, dict[str, str]] = field(default_factory=dict)
    files: dict[str, FileRecord] = field(default_factory=dict)

    def dump(self) -> bytes:
        """JSON with a checksum of its own, the same bytes for the same values."""
        return _seal({"format": FORMAT, "metric": METRIC, **asdict(self)})


def _seal(values: dict[str, Any]) -> bytes:
    text = json.dumps(values, indent=1)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return (json.dumps({**values, "sha256": digest}, indent=1) + "\n").encode()


def read_manifest(folder: Path) -> Manifest:
    """Reads and checks an index folder's manifest.

    Args:
        folder: the index.

    Returns:
        The manifest.

    Raises:
        ServingError: no such folder, not an index, damaged, or of a newer format.
    """
    if not folder.is_dir():
        raise ServingError(f"{folder}: no such index folder. Make it with `sbir index`")
    try:
        data = (folder / MANIFEST).read_bytes()
    except FileNotFoundError as error:
        made = "`sbir index` makes one"
        raise ServingError(f"{folder}: not an index, it has no {MANIFEST}. {made}") from error
    values = _unseal(data, folder)
    if values.pop("format") != FORMAT or values.pop("metric") != METRIC:
        newer = f"{MANIFEST} is of a newer format; this version reads format {FORMAT}"
        raise ServingError(f"{folder}: {newer}. Update sbir, or build the index again")
    return _from_values(values)


def _unseal(data: bytes, folder: Path) -> dict[str, Any]:
    damaged = ServingError(f"{folder}: {MANIFEST} is damaged. {_CURE}")
    try:
        values = json.loads(data)
        values.pop("sha256")
        values["format"]
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise damaged from error
    if _seal(values) != data:
        raise damaged
    return values


def _from_values(values: dict[str, Any]) -> Manifest:
    files = {name: FileRecord(**record) for name, record in values.pop("files").items()}
    return Manifest(model=Model(**values.pop("model")), files=files, **values)


def record_file(path: Path) -> FileRecord:
    """Measures a file: its size and sha256."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return FileRecord(path.stat().st_size, digest)


def verify_files(folder: Path, manifest: Manifest) -> None:
    """Compares every file with its record, sizes first.

    Args:
        folder: the index.
        manifest: what the files must be.

    Raises:
        ServingError: names the first file that is missing, truncated or altered.
    """
    for name, record in manifest.files.items():
        path = folder / manifest.generation / name
        size = path.stat().st_size if path.is_file() else None
        if size is None:
            raise ServingError(f"{folder}: {name} is missing. {_CURE}")
        if size != record.bytes:
            sizes = f"{size} bytes instead of {record.bytes}"
            raise ServingError(f"{folder}: {name} is truncated or altered ({sizes}). {_CURE}")
        if record_file(path) != record:
            raise ServingError(f"{folder}: {name} is altered (its checksum differs). {_CURE}")
