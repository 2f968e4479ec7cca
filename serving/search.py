"""A drawing to the pictures most like it."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from pictures import read_picture
from serving.encoders import Encoder, load_encoder
from serving.errors import ServingError
from serving.folders import list_pictures
from serving.hits import Answer, Hit
from serving.index import Index, open_index
from serving.index.classes import class_of, known_classes
from serving.index.places import MODEL, PICTURES, find_folder, require_model
from serving.index.validate import check_k
from serving.sheet import check_sheet, make_rows, write_sheet

_BATCH = 32


def search_picture(
    index: Index, encoder: Encoder, path: Path | str | bytes, k: int = 10, domain: str = "sketch"
) -> list[Hit]:
    """Finds the pictures most like one drawing.

    Args:
        index: where to look.
        encoder: the one that built the index.
        path: the drawing's file, or its bytes.
        k: how many, from 1 to the number of pictures.
        domain: "sketch" for a drawing, "photo" to search by a picture.

    Returns:
        Hits, the nearest first.

    Raises:
        ServingError: another model's index, k out of range.
        PictureError: a picture cannot be read.
    """
    return search_pictures(index, encoder, [path], k, domain)[0]


def search_pictures(
    index: Index,
    encoder: Encoder,
    paths: Sequence[Path | str | bytes],
    k: int = 10,
    domain: str = "sketch",
) -> list[list[Hit]]:
    """Finds the pictures most like each of several drawings.

    Args:
        index: where to look.
        encoder: the one that built the index.
        paths: the drawings' files, or their bytes.
        k: how many, from 1 to the number of pictures.
        domain: "sketch" for drawings, "photo" to search by pictures.

    Returns:
        For each drawing its hits, the nearest first.

    Raises:
        ServingError: another model's index, k out of range.
        PictureError: a picture cannot be read.
    """
    require_model(index, encoder)
    k = check_k(k, len(index))
    found = []
    for start in range(0, len(paths), _BATCH):
        pictures = [read_picture(path) for path in paths[start : start + _BATCH]]
        ids, distances = index.search(encoder.encode(pictures, domain), k)
        found += zip(ids, distances, strict=True)
    folder = find_folder(index, PICTURES)
    return [_hits(folder, *row) for row in found]


def _hits(folder: Path | None, ids: list[str], distances: np.ndarray) -> list[Hit]:
    ranked = enumerate(zip(ids, distances.tolist(), strict=True), start=1)
    return [
        Hit(rank, name, None if folder is None else folder / name, distance, class_of(name))
        for rank, (name, distance) in ranked
    ]


def search_files(
    index: Path | str,
    sketches: Sequence[Path | str],
    k: int = 10,
    *,
    model: Path | str | None = None,
    limit: int | None = None,
    sheets: Sequence[Path | str] = (),
    domain: str = "sketch",
) -> list[Answer]:
    """Searches an index on disk with drawings on disk.

    Args:
        index: the index's folder, or its URL.
        sketches: drawings, or folders of them.
        k: how many pictures to find for each.
        model: the encoder's folder; by default where it was when the index was built.
        limit: at most so many of the drawings, evenly spaced.
        sheets: contact sheets to write, `.png` or `.html`.
        domain: "sketch" for drawings, "photo" to search by pictures.

    Returns:
        One answer a drawing.

    Raises:
        ServingError: a damaged or foreign index, no model, a wrong k.
        PictureError: a drawing cannot be read.
    """
    for sheet in sheets:
        check_sheet(sheet)
    paths = take_evenly(list_drawings(sketches), limit)
    with closing(open_index(index)) as opened:
        check_k(k, len(opened))
        encoder = load_encoder(model or model_folder(opened, index))
        found = search_pictures(opened, encoder, paths, k, domain)
        folders = [path.absolute().parent.name for path in paths]
        known = known_classes(opened, folders)
    classes = [name if name in known else None for name in folders]
    if sheets:
        rows = make_rows(paths, found, classes)
        for sheet in sheets:
            write_sheet(rows, sheet)
    return [
        Answer(path, class_name, tuple(hits))
        for path, class_name, hits in zip(paths, classes, found, strict=True)
    ]


def list_drawings(sketches: Sequence[Path | str]) -> list[Path]:
    """The drawings themselves, and those inside folders."""
    paths = []
    for sketch in map(Path, sketches):
        if not sketch.exists():  # before seconds are spent on opening a model
            raise ServingError(f"{sketch}: no such drawing or folder of drawings")
        paths += list_pictures(sketch) if sketch.is_dir() else [sketch]
    return paths


def take_evenly(paths: list[Path], limit: int | None) -> list[Path]:
    """At most `limit` of the paths, evenly spaced."""
    if limit is None or limit >= len(paths):
        return paths
    if limit < 1:
        raise ServingError(f"limit must be at least 1. Received: limit={limit}")
    return [paths[step * len(paths) // limit] for step in range(limit)]


def model_folder(index: Index, place: Path | str) -> Path:
    """The folder of the encoder that an index was built by.

    Raises:
        ServingError: it is not there any more.
    """
    folder = find_folder(index, MODEL)
    if folder is None or not folder.is_dir():
        moved = f"its model {index.model} is no longer at {folder or 'an unknown place'}"
        raise ServingError(f"{place}: {moved}. Name the model's folder with --model")
    return folder
