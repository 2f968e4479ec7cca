"""Evaluation folders: what `sbir evaluate` wrote, opened without model and data set."""

import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from sbir_tf.errors import UserError
from sbir_tf.evaluation import Rankings

RESULT = "result.json"
FORMAT = 1
QUERY, ITEM = 0, 1
DAMAGE = (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile, zlib.error)


@dataclass(frozen=True)
class Evaluation:
    """One evaluation.

    Attributes:
        folder: Where it is.
        facts: Of its result.json.
        title: What tells it from others in one report.
    """

    folder: Path
    facts: Mapping
    title: str

    @property
    def rows(self) -> list[dict]:
        """What was ranked, each with name, bytes an item and metrics: embeddings, codes."""
        return self.facts["rows"]

    @property
    def settings(self) -> dict[str, str]:
        """Convention and ties, as `Rankings` take them."""
        return {name: self.facts["settings"][name] for name in ("convention", "ties")}

    @cached_property
    def rankings(self) -> dict[str, Rankings]:
        """Row name -> its rankings."""
        return {row["name"]: Rankings.load(self.folder / row["rankings"]) for row in self.rows}

    @property
    def ranked(self) -> Rankings:
        """The rankings of the first row, which the pictures are of."""
        return self.rankings[self.rows[0]["name"]]

    @cached_property
    def embeddings(self) -> dict[str, np.ndarray]:
        return self.arrays("embeddings.npz")

    @property
    def has_space(self) -> bool:
        """Whether there are embeddings to be shown; of distances or scores there are none."""
        arrays = self.embeddings
        return "queries" in arrays and arrays["queries"].shape[1] > 1

    @cached_property
    def gates(self) -> dict[str, np.ndarray]:
        """Empty of a network without channel gates."""
        return self.arrays("gates.npz") if (self.folder / "gates.npz").exists() else {}

    @cached_property
    def thumbs(self) -> dict[tuple[int, int], bytes]:
        """(QUERY or ITEM, row) -> JPEG."""
        arrays = self.arrays("thumbs.npz")
        octets, ends = arrays["bytes"].tobytes(), arrays["offsets"].tolist()
        places = zip(arrays["kind"].tolist(), arrays["row"].tolist(), strict=True)
        return {
            place: octets[first:last]
            for place, first, last in zip(places, ends[:-1], ends[1:], strict=True)
        }

    def arrays(self, name: str) -> dict[str, np.ndarray]:
        """The arrays of a file.

        Raises:
            UserError: If it is missing or damaged.
        """
        try:
            with np.load(self.folder / name, allow_pickle=False) as file:
                return dict(file)
        except DAMAGE as error:
            raise UserError(
                f"{self.folder / name} is missing or damaged ({error}): evaluate again"
            ) from error


def open_evaluation(place: Path) -> Evaluation:
    """Open an evaluation's folder, its result.json, or the newest evaluation of a run or model.

    Raises:
        UserError: If there is none, or it is damaged or of a newer version.
    """
    folder = place.parent if place.name == RESULT else place
    if not (folder / RESULT).is_file():
        folder = newest(folder)
    try:
        facts = json.loads((folder / RESULT).read_text())
        title = f"{facts['model']['name']}, {facts['name']}"
        version = facts["format"]
    except DAMAGE as error:
        raise UserError(f"{folder / RESULT} is damaged ({error}): evaluate again") from error
    if version > FORMAT:
        raise UserError(f"{folder} was written by a newer version of sbir-tf: use that one")
    return Evaluation(folder, facts, title)


def newest(folder: Path) -> Path:
    """The evaluation in a run's or a model's folder that was written last."""
    found = [*folder.glob(f"evaluations/*/{RESULT}"), *folder.glob(f"*/{RESULT}")]
    if not found:
        raise UserError(f"{folder} holds no evaluation: `sbir evaluate` writes one")
    return max(found, key=lambda path: path.stat().st_mtime_ns).parent
