"""An index to its folder and back."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serving.errors import ServingError
from serving.index import parts
from serving.index.manifest import FileRecord, Manifest, read_manifest, verify_files
from serving.index.parameters import Parameters
from serving.index.saved import load_searcher, save_searcher
from serving.index.storage import write_generation

if TYPE_CHECKING:
    from serving.index.index import Index

_SEARCHER = "searcher"


def save_index(index: "Index", folder: Path) -> Path:
    """Writes a generation with everything that the index holds, and switches to it."""

    def fill(writing: Path) -> None:
        parts.write_vectors(writing / parts.VECTORS, index.vectors)
        parts.write_ids(writing / parts.IDS, index.ids, index.metadata)
        parts.write_skipped(writing / parts.SKIPPED, index.skipped)
        save_searcher(index.searcher, writing / _SEARCHER)

    def describe(generation: str, files: dict[str, FileRecord]) -> Manifest:
        return Manifest(
            generation=generation,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            model=index.model,
            dimension=index.dimension,
            count=len(index),
            parameters=index.parameters.to_dict(),
            folders={
                "pictures": parts.locate(index.pictures, folder),
                "model": parts.locate(index.model_folder, folder),
            },
            files=files,
        )

    write_generation(folder, fill, describe)
    return folder


def load_fields(folder: Path) -> dict[str, Any]:
    """Reads the current generation: the arguments of `Index`."""
    while True:
        manifest = read_manifest(folder)
        try:
            return _read_generation(folder, manifest)
        except (ServingError, FileNotFoundError):
            # A writer may have switched generations and removed the one being read.
            if read_manifest(folder) == manifest:
                raise


def skipped_file(folder: Path) -> Path:
    """Where an index lists the pictures that were left out."""
    return folder / read_manifest(folder).generation / parts.SKIPPED


def _read_generation(folder: Path, manifest: Manifest) -> dict[str, Any]:
    verify_files(folder, manifest)
    generation = folder / manifest.generation
    vectors = parts.read_vectors(generation, manifest)
    ids, metadata = parts.read_ids(generation, manifest)
    vectors_file, parameters = generation / parts.VECTORS, Parameters(**manifest.parameters)
    return {
        "ids": ids,
        "vectors": vectors,
        "model": manifest.model,
        "searcher": load_searcher(generation / _SEARCHER, vectors_file, vectors, parameters),
        "metadata": metadata,
        "pictures": parts.find_folder(manifest.folders["pictures"], folder),
        "model_folder": parts.find_folder(manifest.folders["model"], folder),
        "skipped": parts.read_skipped(generation),
    }
