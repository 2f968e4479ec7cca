"""The index: string ids in, the nearest ones out; in memory and on disk."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from serving.errors import ServingError
from serving.index.classes import largest_class
from serving.index.disk import load_fields, save_index
from serving.index.manifest import METRIC, Model
from serving.index.parameters import Parameters, choose_parameters
from serving.index.searchers import Searcher, build_searcher
from serving.index.validate import check_ids, check_k, check_queries, check_vectors


class Index:
    """Nearest pictures by squared Euclidean distance of their embeddings.

    Make one with `Index.build` or `Index.load`. Below 20,000 vectors the search is exact;
    above, see `choose_parameters`.

    Args:
        ids: one per vector.
        vectors: (n, D) float32.
        model: the encoder of the vectors.
        searcher: over the same vectors.
        metadata: one small JSON object per vector.
        pictures: the folder that the ids are paths in, or `None`.
        model_folder: where the encoder is, or `None`.
        skipped: `{"path": ..., "reason": ...}` of each picture left out.

    Example:
        >>> index = Index.build(ids, vectors, Model("icons", digest))
        >>> index.save("gallery.index")
        >>> ids, distances = Index.load("gallery.index").search(queries, k=10)
    """

    def __init__(
        self,
        ids: list[str],
        vectors: np.ndarray,
        model: Model,
        searcher: Searcher,
        metadata: Sequence[Mapping[str, Any]],
        pictures: Path | None = None,
        model_folder: Path | None = None,
        skipped: Sequence[Mapping[str, str]] = (),
    ):
        self.ids = ids
        self.vectors = vectors
        self.model = model
        self.metadata = metadata
        self.pictures = pictures
        self.model_folder = model_folder
        self.skipped = skipped
        self.searcher = searcher
        self._names = np.array(ids, object)

    @classmethod
    def build(
        cls,
        ids: Sequence[str],
        vectors: np.ndarray,
        model: Model,
        *,
        metadata: Sequence[Mapping[str, Any]] | None = None,
        pictures: Path | None = None,
        model_folder: Path | None = None,
        skipped: Sequence[Mapping[str, str]] = (),
        parameters: Parameters | None = None,
    ) -> "Index":
        """Builds an index in memory.

        Args:
            ids: one per vector; `class/file.png` for pictures of a folder.
            vectors: (n, D) floats, n >= 1.
            model: the encoder of the vectors.
            metadata: one small JSON object per vector.
            pictures: the folder that the ids are paths in.
            model_folder: where the encoder is, so that a search finds it again.
            skipped: what was left out, and why.
            parameters: of the searcher; `None` chooses by the number of vectors.

        Returns:
            The index.

        Raises:
            ServingError: no vectors, not finite, ids that are wrong or occur twice.
        """
        vectors = check_vectors(vectors)
        ids = check_ids(ids, len(vectors))
        if not ids:
            raise ServingError("an index needs at least one vector. Received: 0 vectors")
        parameters = parameters or choose_parameters(len(ids), largest_class(ids))
        searcher = build_searcher(vectors, parameters)
        metadata = [{}] * len(ids) if metadata is None else metadata
        return cls(ids, vectors, model, searcher, metadata, pictures, model_folder, skipped)

    @property
    def dimension(self) -> int:
        """Length of the vectors."""
        return self.vectors.shape[1]

    @property
    def parameters(self) -> Parameters:
        """What the searcher was built with."""
        return self.searcher.parameters

    def __len__(self) -> int:
        return len(self.ids)

    def search(self, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Finds the k nearest pictures of each query.

        Args:
            queries: (Q, D) floats.
            k: from 1 to the number of pictures.

        Returns:
            ids (Q, k), an object array of strings, and squared distances (Q, k) float32,
            ascending.

        Raises:
            ServingError: k out of range, wrong dimension, values that are not finite.
        """
        k = check_k(k, len(self))
        positions, distances = self.searcher.search(check_queries(queries, self.dimension), k)
        return self._names[positions], distances

    def require_model(self, model: Any) -> None:
        """Refuses an encoder that did not make this index.

        Args:
            model: anything with a `name` and a `digest`.

        Raises:
            ServingError: names both, and the cure.
        """
        if model.digest != self.model.digest:
            other = Model(model.name, model.digest)
            cure = "Pass the model that built it, or build it again with `sbir index`"
            raise ServingError(f"the index was built by {self.model}, not by {other}. {cure}")

    def path_of(self, name: str) -> Path | None:
        """Where the picture of an id is, if the index knows its folder."""
        return None if self.pictures is None else self.pictures / name

    def info(self) -> dict[str, Any]:
        """What the index is, in plain values."""
        return {
            "count": len(self),
            "dimension": self.dimension,
            "metric": METRIC,
            "model": {"name": self.model.name, "digest": self.model.digest},
            "parameters": self.parameters.to_dict(),
            "pictures": str(self.pictures) if self.pictures else None,
            "model_folder": str(self.model_folder) if self.model_folder else None,
            "skipped": len(self.skipped),
        }

    def save(self, folder: Path | str) -> Path:
        """Writes the index, or replaces the one that is there in one atomic step.

        Args:
            folder: an index, or a folder that is new or empty.

        Returns:
            The folder.

        Raises:
            ServingError: the folder is something else, or another process is writing it.
            OSError: no space left, or the like; the index that was there stays.
        """
        return save_index(self, Path(folder))

    @classmethod
    def load(cls, folder: Path | str) -> "Index":
        """Opens an index after checking every file's size and checksum.

        Args:
            folder: what `save` wrote.

        Returns:
            The index; its vectors are memory-mapped.

        Raises:
            ServingError: not an index, of a newer format, or names the damaged file.
        """
        return cls(**load_fields(Path(folder)))
