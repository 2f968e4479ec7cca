"""The files of a generation: vectors, ids with their metadata, the report of skipped pictures."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from serving.errors import ServingError
from serving.index.manifest import Manifest

VECTORS, IDS, SKIPPED, SEARCHER = "vectors.npy", "ids.jsonl", "skipped.json", "searcher"
_CHUNK = 2**26


def write_vectors(path: Path, vectors: np.ndarray) -> None:
    """Writes a `.npy` file that says why it could not be written.

    `np.save` reports a full disk as "4096 requested and 1024 written", without the reason.
    """
    data = memoryview(vectors).cast("B")
    with path.open("wb") as file:
        header = np.lib.format.header_data_from_array_1_0(vectors)
        np.lib.format.write_array_header_1_0(file, header)
        for start in range(0, len(data), _CHUNK):
            file.write(data[start : start + _CHUNK])


def read_vectors(folder: Path, manifest: Manifest) -> np.ndarray:
    """Maps the vectors; nothing in the file can run code."""
    vectors = np.load(folder / VECTORS, mmap_mode="r", allow_pickle=False)
    if vectors.shape != (manifest.count, manifest.dimension) or vectors.dtype != np.float32:
        raise ServingError(f"{folder}: {VECTORS} does not hold what the manifest says")
    return vectors


def write_ids(path: Path, ids: Sequence[str], metadata: Sequence[Mapping[str, Any]]) -> None:
    """Writes one JSON object a line: the id and its metadata."""
    with path.open("w", encoding="utf-8") as file:
        for name, values in zip(ids, metadata, strict=True):
            file.write(json.dumps({"id": name, "metadata": values}) + "\n")


def read_ids(folder: Path, manifest: Manifest) -> tuple[list[str], list[dict[str, Any]]]:
    """Reads the ids and their metadata, in the vectors' order."""
    with (folder / IDS).open(encoding="utf-8") as file:
        entries = [json.loads(line) for line in file]
    if len(entries) != manifest.count:
        raise ServingError(f"{folder}: {IDS} does not hold what the manifest says")
    return [entry["id"] for entry in entries], [entry["metadata"] for entry in entries]


def write_skipped(path: Path, skipped: Sequence[Mapping[str, str]]) -> None:
    """Writes the pictures that were left out, with the reasons."""
    path.write_text(json.dumps(list(skipped), indent=1) + "\n", encoding="utf-8")


def read_skipped(folder: Path) -> list[dict[str, str]]:
    """Reads the pictures that were left out."""
    return json.loads((folder / SKIPPED).read_text(encoding="utf-8"))


def locate(folder: Path | None, index: Path) -> dict[str, str]:
    """Both ways to a folder: relative to the index, and absolute."""
    if folder is None:
        return {}
    absolute = folder.resolve()
    relative = os.path.relpath(absolute, index.resolve())
    return {"relative": relative, "absolute": str(absolute)}


def find_folder(where: Mapping[str, str], index: Path) -> Path | None:
    """The folder again: relative first, so that both can be moved together."""
    if not where:
        return None
    beside = (index.resolve() / where["relative"]).resolve()
    return beside if beside.is_dir() else Path(where["absolute"])
