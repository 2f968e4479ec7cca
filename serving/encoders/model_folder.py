"""A SavedModel's folder, read without TensorFlow: its version, description and digest."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serving.errors import ServingError

_GRAPH = "saved_model.pb"
_WEIGHTS = "variables/variables.index"
_DESCRIPTION = "assets.extra/encoder.json"
_FORMAT = 1
_METRIC = "squared_euclidean"


@dataclass(frozen=True)
class ModelFolder:
    """One version of an encoder on disk.

    Args:
        path: the folder that holds `saved_model.pb`.
        name: the encoder's name.
        dimension: length of its embeddings.
        image_size: side of the picture that its network sees.
        weights: sha256 of the trained weights that it was exported from, or `None`.
        declared: the digest that the graph tells of itself, and that of the files it was written
            with; `None` of an older export.
    """

    path: Path
    name: str
    dimension: int
    image_size: int
    weights: str | None = None
    declared: tuple[str, str] | None = None

    @classmethod
    def open(cls, path: Path | str) -> "ModelFolder":
        """Finds the version to load and reads its description.

        Args:
            path: a version's folder, or the folder above, whose highest version is taken as
                TensorFlow Serving does.

        Returns:
            The folder.

        Raises:
            ServingError: says which part of an encoder is missing or wrong.
        """
        folder = _version(Path(path))
        for part in (_GRAPH, _WEIGHTS, _DESCRIPTION):
            if not (folder / part).is_file():
                cure = "`sbir export` writes one"
                raise ServingError(f"{folder}: not an encoder, {part} is missing. {cure}")
        return cls(path=folder, **_describe(folder / _DESCRIPTION))

    def digest(self) -> str:
        """What an index knows the model by.

        The digest that the model tells of itself, wherever it runs, as long as its files are those
        it was written with; else sha256 over the graph and every file of weights.
        """
        files = self._files_digest()
        return self.declared[0] if self.declared and self.declared[1] == files else files

    def _files_digest(self) -> str:
        """sha256 over the graph and every file of weights, with their names."""
        digest = hashlib.sha256()
        files = sorted(path for path in (self.path / "variables").rglob("*") if path.is_file())
        for path in [self.path / _GRAPH, *files]:
            with path.open("rb") as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
            digest.update(f"{path.relative_to(self.path).as_posix()}\0{content}\n".encode())
        return digest.hexdigest()


def _version(path: Path) -> Path:
    if not path.is_dir():
        raise ServingError(f"{path}: no such model folder. `sbir export` writes one")
    if (path / _GRAPH).is_file():
        return path
    versions = [entry for entry in path.iterdir() if entry.is_dir() and entry.name.isdecimal()]
    if not versions:
        missing = f"it holds neither {_GRAPH} nor a numbered version"
        raise ServingError(f"{path}: not an encoder, {missing}. `sbir export` writes one")
    return max(versions, key=lambda version: int(version.name))


def _describe(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        described: dict[str, Any] = {
            "name": str(values["name"]),
            "dimension": int(values["dimension"]),
            "image_size": int(values["image_size"]),
            "weights": None if values.get("weights") is None else str(values["weights"]),
        }
        declared = values.get("digest"), values.get("files")
        described["declared"] = tuple(map(str, declared)) if all(declared) else None
        kind = values["format"], values["metric"]
    except (ValueError, KeyError, TypeError) as error:
        raise ServingError(f"{path}: damaged ({error!r}). Export the model again") from error
    if kind != (_FORMAT, _METRIC):
        wanted = f"format {_FORMAT} with {_METRIC} is what this version reads"
        raise ServingError(f"{path}: {wanted}. Received: format {kind[0]} with {kind[1]}")
    return described
