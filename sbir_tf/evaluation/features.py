"""Anyone's features, read from an .npz file.

The arrays, by our names; `spellings.py` knows the others that are usual:

    query_features    (Q, D)   or, instead of both features, distances (Q, N) or scores (Q, N)
    gallery_features  (N, D)
    query_labels      (Q,)     whole numbers or text; also (Q, 1), or one-hot (Q, classes)
    gallery_labels    (N,)
    query_ids         (Q,)     text, may be missing
    gallery_ids       (N,)
    class_names       (K,)     of labels that are whole numbers, may be missing
"""

import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sbir_tf.errors import UserError
from sbir_tf.evaluation.arrays import labels_of, numbers_of, texts_of
from sbir_tf.evaluation.spellings import (
    CLASS_NAMES,
    DISTANCES,
    FEATURES,
    GALLERY,
    IDS,
    LABELS,
    QUERY,
    SCORES,
    Role,
    roles_of,
    said,
)

_SIDES = (QUERY, GALLERY)
_DAMAGE = (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error)


@dataclass(frozen=True, eq=False)
class Features:
    """What a features file holds.

    Attributes:
        kind: "features", "distances" or "scores".
        queries, gallery: `(Q, D)` and `(N, D)`; None where the file holds distances or scores.
        matrix: `(Q, N)` distances or scores, or None.
        query_labels, gallery_labels: `(Q,)` and `(N,)`, whole numbers or text.
        query_ids, gallery_ids, class_names: Texts, or empty.
        arrays: Which array of the file was taken for what.
        unused: Arrays that were left alone.
    """

    kind: str
    queries: np.ndarray | None
    gallery: np.ndarray | None
    matrix: np.ndarray | None
    query_labels: np.ndarray
    gallery_labels: np.ndarray
    query_ids: tuple[str, ...]
    gallery_ids: tuple[str, ...]
    class_names: tuple[str, ...]
    arrays: dict[str, str]
    unused: tuple[str, ...]

    @property
    def unknown_labels(self) -> tuple[str, ...]:
        """Query labels that the gallery lacks: their queries have no relevant item."""
        return tuple(map(str, np.setdiff1d(self.query_labels, self.gallery_labels).tolist()))


def read_features(path: Path) -> Features:
    """Read a features file; its arrays are described at the head of this module.

    Raises:
        UserError: If it is no .npz file or damaged, lacks an array, has NaN or infinite values
            (which rows), or arrays that do not fit together; the message names the array.
    """
    arrays = arrays_of(path)
    found = roles_of(path, arrays)
    kind = kind_of(path, found, arrays)

    def read(role: Role, by: Callable[[str, np.ndarray], np.ndarray]):
        return by(f"{path}: {found[role]}", arrays[found[role]]) if role in found else None

    labels = [read((side, LABELS), labels_of) for side in _SIDES]
    tables = [read((side, FEATURES), numbers_of) if kind == FEATURES else None for side in _SIDES]
    matrix = None if kind == FEATURES else read(kind, numbers_of)
    lengths = matrix.shape if kind != FEATURES else tuple(map(len, tables))
    ids = [read((side, IDS), texts_of) or () for side in _SIDES]
    for side, length, own_labels, own_ids in zip(_SIDES, lengths, labels, ids, strict=True):
        table = found[side, FEATURES] if kind == FEATURES else found[kind]
        check_lengths(path, table, length, found[side, LABELS], own_labels)
        if own_ids:
            check_lengths(path, table, length, found[side, IDS], own_ids)
    if kind == FEATURES:
        check_one_model(path, found, *tables)
    check_one_kind(path, found, *labels)
    names = read(CLASS_NAMES, texts_of) or ()
    taken = {said(role): name for role, name in found.items()}
    unused = tuple(name for name in arrays if name not in found.values())
    return Features(kind, *tables, matrix, *labels, *ids, names, taken, unused)


def arrays_of(path: Path) -> dict[str, np.ndarray]:
    """All arrays of the file; nothing in it can run code."""
    if not path.is_file():
        raise UserError(f"{path} is no file: --features takes an .npz file (docs/metrics.md)")
    if not zipfile.is_zipfile(path):
        raise UserError(
            f"{path} is no .npz file: write one with np.savez(FILE, query_features=..., "
            "query_labels=..., gallery_features=..., gallery_labels=...)"
        )
    arrays = {}
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            for name in file.files:
                arrays[name] = file[name]
    except _DAMAGE as error:
        if "pickle" in str(error).lower():
            raise UserError(
                f"{path}: {name} holds Python objects, which are not read: save numbers as a table "
                "of one length, and text as np.array(texts, dtype=str)"
            ) from error
        raise UserError(f"{path} is damaged ({error}): save it again") from error
    return arrays


def kind_of(path: Path, found: dict[Role, str], arrays: dict[str, np.ndarray]) -> str:
    """What is to be ranked by; refuses a file that lacks an array."""
    kinds = [kind for kind in (DISTANCES, SCORES) if kind in found]
    needed: list[Role] = [(side, LABELS) for side in _SIDES]
    if any((side, FEATURES) in found for side in _SIDES) or not kinds:
        needed = [(side, FEATURES) for side in _SIDES] + needed
        kinds = [FEATURES]
    lacking = [said(role) for role in needed if role not in found]
    if lacking:
        names = ", ".join(arrays) or "nothing"
        raise UserError(
            f"{path} has no {', no '.join(lacking)}: name the arrays query_features, query_labels, "
            f"gallery_features and gallery_labels (docs/metrics.md). Received: {names}"
        )
    return kinds[0]


def check_lengths(path: Path, table: str, length: int, name: str, values) -> None:
    if len(values) != length:
        raise UserError(
            f"{path}: {table} and {name} must have the same length. "
            f"Received: {length} and {len(values)}"
        )


def check_one_model(path: Path, found, queries: np.ndarray, gallery: np.ndarray) -> None:
    if queries.shape[1] != gallery.shape[1]:
        raise UserError(
            f"{path}: {found[QUERY, FEATURES]} has {queries.shape[1]} dimensions and "
            f"{found[GALLERY, FEATURES]} has {gallery.shape[1]}: they are of different models, or "
            f"one is transposed. Received: {queries.shape} and {gallery.shape}"
        )


def check_one_kind(path: Path, found, queries: np.ndarray, gallery: np.ndarray) -> None:
    if queries.dtype.kind != gallery.dtype.kind:
        raise UserError(
            f"{path}: {found[QUERY, LABELS]} and {found[GALLERY, LABELS]} must be of one kind, "
            f"whole numbers or text. Received: {queries.dtype} and {gallery.dtype}"
        )
