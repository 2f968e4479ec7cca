"""The folder of an evaluation, of someone else's features: reports read it as any other."""

import datetime
import hashlib
import json
import sys
from pathlib import Path

import numpy as np

from sbir_tf.errors import UserError
from sbir_tf.files import sweep, written_aside
from training.features import Scored
from training.protocols.folder import (
    FORMAT,
    RESULT,
    environment,
    keep_others_files,
    result_in,
    sampled,
)
from training.provenance import command_line
from training.run import write_json

NAME = "features"
ROW = "rankings.real.npz"


def check_features_place(folder: Path, features: Path) -> None:
    """Refuse a folder that holds anything but an older evaluation of the same file.

    Raises:
        UserError: Naming the folder.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    before = result_in(folder)
    if before is None or before["model"]["kind"] != NAME:
        raise UserError(
            f"{folder} exists and is no evaluation of features: name another folder with --to"
        )
    if before["model"]["path"] != str(features):
        raise UserError(
            f"{folder} holds the evaluation of {before['model']['path']}: name another folder "
            "with --to"
        )


def write_features_evaluation(scored: Scored, folder: Path) -> Path:
    """Write it, aside, then in one rename; there are no pictures and no gates in it."""
    check_features_place(folder, scored.path)
    folder.parent.mkdir(parents=True, exist_ok=True)
    sweep(folder.parent)
    with written_aside(folder, replace=True) as aside:
        aside.mkdir()
        scored.rankings.save(aside / ROW)
        np.savez(aside / "thumbs.npz", **no_thumbs())
        np.savez(aside / "embeddings.npz", **embedding_arrays(scored))
        write_json(aside / RESULT, result_of(scored))
        if folder.exists():
            keep_others_files(folder, aside)
    return folder


def result_of(scored: Scored) -> dict:
    """The values of result.json; see `training.protocols.folder`."""
    with scored.path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    model = {"name": scored.path.stem, "path": str(scored.path), "digest": digest, "kind": NAME}
    metrics = json.loads(scored.result.to_json())
    row = {"name": "real", "bytes": bytes_of(scored), "rankings": ROW, "metrics": metrics}
    return {
        "format": FORMAT,
        "name": NAME,
        "model": model | {"loss": None, "margin": None},
        "data": {"source": NAME, "root": None, "split": "as in the file", "digest": digest},
        "protocol": {
            "name": NAME,
            "title": "features as they were given",
            "conventions": {"name": scored.result.convention, "ties": scored.result.ties},
            "seen": "what was seen in training is not known: the file does not say",
            "part": "test",
            "instances": False,
        },
        "settings": {
            "flip": False,
            "convention": scored.result.convention,
            "ties": scored.result.ties,
            "ks": list(scored.ks),
            "seed": None,
            "distance": scored.distance,
        },
        "rows": [row],
        "excluded_queries": scored.result.excluded,
        "remarks": list(scored.remarks()),
        "command": command_line(sys.argv),
        "environment": environment(),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


def bytes_of(scored: Scored) -> int | None:
    """Of an item; None where the file holds no features."""
    gallery = scored.features.gallery
    if gallery is None:
        return None
    if scored.distance == "hamming":
        return -(-gallery.shape[1] // 8)
    return gallery.itemsize * gallery.shape[1]


def embedding_arrays(scored: Scored) -> dict[str, np.ndarray]:
    """The arrays of embeddings.npz; none of a file of distances or scores."""
    features, ranked = scored.features, scored.rankings
    if features.queries is None:
        return {}
    queries, gallery = sampled(len(features.queries), len(features.gallery))
    return {
        "queries": features.queries[queries].astype(np.float32),
        "gallery": features.gallery[gallery].astype(np.float32),
        "query_labels": ranked.query_labels[queries],
        "gallery_labels": ranked.gallery_labels[gallery],
        "query_rows": queries.astype(np.int32),
        "gallery_rows": gallery.astype(np.int32),
    }


def no_thumbs() -> dict[str, np.ndarray]:
    """The arrays of thumbs.npz, where there are no pictures."""
    return {
        "kind": np.empty(0, np.uint8),
        "row": np.empty(0, np.int32),
        "offsets": np.zeros(1, np.int64),
        "bytes": np.empty(0, np.uint8),
    }
