"""Embeddings made into rankings: as they are, and as binary codes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sbir_tf.codes import BinaryCodes, load_codes
from sbir_tf.errors import UserError
from sbir_tf.evaluation import Rankings, Result, rank, rank_flipped
from training.evaluate import embed_views
from training.protocols.asked import Asked
from training.protocols.material import Material
from training.protocols.model import Model

REAL = "real"


@dataclass(frozen=True, eq=False)
class Row:
    """One line of a result.

    Attributes:
        name: "real", or the bits of a code.
        bytes: Of a picture.
        rankings: The gallery, ranked for every query.
        result: Their figures.
        own_class: Of instances: the figures where a query ranks the photos of its class alone.
    """

    name: str
    bytes: int
    rankings: Rankings
    result: Result
    own_class: dict | None = None

    @property
    def file(self) -> str:
        return f"rankings.{self.name.replace(', ', '-').replace(' ', '-')}.npz"


@dataclass(frozen=True, eq=False)
class Views:
    """Embeddings of both sides.

    Attributes:
        queries, gallery: (N, D) of the pictures as they are and, where something asks for them,
            of their mirror images.
    """

    queries: list[np.ndarray]
    gallery: list[np.ndarray]


def views_of(encoder, material: Material, mirrored: bool, progress=None) -> Views:
    """The embeddings of the queries and the gallery."""
    both = (material.queries, material.gallery)
    return Views(*(embed_views(encoder, items, progress, mirrored) for items in both))


def rows_of(
    views: Views,
    material: Material,
    codes: dict[str, BinaryCodes],
    flip: bool,
    asked: Asked,
    progress=None,
) -> list[Row]:
    """The rankings of the embeddings as they are, then of each code.

    Codes are of the mean of a picture's embedding and of its mirror image's, as published.
    """
    pairs = [(view if flip else view[:1]) for view in (views.queries, views.gallery)]
    size = pairs[0][0].itemsize * pairs[0][0].shape[1]
    rows = [row_of(REAL, size, *pairs, material, asked, progress)]
    for name, code in codes.items():
        means = (mean(view) for view in (views.queries, views.gallery))
        bits = [[code.bits(mean).astype(np.uint8)] for mean in means]
        rows.append(row_of(name, -(-code.size // 8), *bits, material, asked, progress))
    return rows


def mean(views: Sequence[np.ndarray]) -> np.ndarray:
    """Of the embeddings of pictures and of their mirror images, without a third copy of both."""
    total = sum(views[1:], start=views[0])
    return total / len(views)


def row_of(
    name: str,
    size: int,
    queries: Sequence[np.ndarray],
    gallery: Sequence[np.ndarray],
    material: Material,
    asked: Asked,
    progress=None,
) -> Row:
    """One line: ranked and scored.

    Args:
        name: "real", or of a code.
        size: Bytes of a picture.
        queries, gallery: (N, D) of the pictures, and of their mirror images if those count.
        material: What they are of.
        asked: The convention.
        progress: Shows the progress of the ranking.
    """
    labels = (material.queries.labels, material.gallery.labels)
    names = {"query_ids": material.query_ids, "gallery_ids": material.gallery_ids}
    ranked = ranked_by(
        distance_of(name), queries, gallery, labels, progress, class_names=material.names, **names
    )
    ks = tuple(sorted({*material.protocol.ks, *asked.ks}))
    result = ranked.result(ks=ks, convention=asked.convention, ties=asked.ties)
    own = None
    if material.protocol.instances and len(set(material.query_classes)) > 1:
        own = own_class(distance_of(name), queries, gallery, material, ks, asked.ties)
    return Row(name, size, ranked, result, own)


def distance_of(name: str) -> str:
    return "euclidean" if name == REAL else "hamming"


def ranked_by(distance: str, queries, gallery, labels, progress=None, **names) -> Rankings:
    """The gallery ranked for every query, by the smallest distance of their views."""
    names |= {"progress": progress} if progress else {}
    if len(queries) == 1:
        return rank(queries[0], labels[0], gallery[0], labels[1], distance=distance, **names)
    return rank_flipped(queries, labels[0], gallery, labels[1], distance=distance, **names)


def own_class(
    distance: str, queries, gallery, material: Material, ks: Sequence[int], ties: str
) -> dict:
    """Of instances: the hits where a query ranks the photos of its own class alone."""
    classes = [np.array(of) for of in (material.query_classes, material.gallery_classes)]
    hits = {k: [] for k in ks}
    for name in np.unique(classes[0]):
        q, g = (np.flatnonzero(of == name) for of in classes)
        views = ([view[rows] for view in side] for side, rows in ((queries, q), (gallery, g)))
        labels = (material.queries.labels[q], material.gallery.labels[g])
        ranked = ranked_by(distance, *views, labels)
        for k, found in hits.items():
            found.append(ranked.hit_at(k, ties))
    return {"hit_at": {k: float(np.mean(np.concatenate(found))) for k, found in hits.items()}}


def codes_of(model: Model, asked: Asked) -> tuple[dict[str, BinaryCodes], list[str]]:
    """The binary codes of a model by their names, and a remark on each that is left out.

    Args:
        model: Whose embeddings are coded.
        asked: `codes` names a folder or a file; None takes those in a run's folder, if any.

    Raises:
        UserError: If codes are named, and are none or another model's.
    """
    place = asked.codes or (model.run.folder / "codes" if model.run else None)
    if place is None or (asked.codes is None and not place.is_dir()):
        return {}, []
    found, left_out = {}, []
    for path in sorted(place.glob("*.npz")) if place.is_dir() else [place]:
        codes, facts = load_codes(path)
        if facts["weights"] == model.digest:
            found[path] = codes
        else:
            left_out.append(f"{path} codes another model's embeddings and is left out")
    if asked.codes and not found:
        raise UserError(left_out[0] if left_out else no_codes(place))
    ordered = sorted(found.values(), key=lambda codes: (codes.method, codes.size))
    return {named(codes): codes for codes in ordered}, left_out


def no_codes(place: Path) -> str:
    return f"{place} holds no codes: `sbir codes fit RUN` writes them"


def named(codes: BinaryCodes) -> str:
    """ "64 bits" of the published codes; others' method behind it."""
    return f"{codes.size} bits" + ("" if codes.method == "centers" else f", {codes.method}")
