"""A contact sheet: sketches, and the pictures that they find now."""

import numpy as np
import tensorflow as tf

from training.explain.embedding import Embedder
from training.explain.subsets import some_of
from training.pictures import Items

ROWS, FOUND = 10, 10
TILE, BORDER, GAP = 64, 3, 12
RIGHT, WRONG, PAPER = (34, 139, 34), (200, 40, 40), (255, 255, 255)


class ContactSheet:
    """Writes an image: a row for each sketch, then what it finds, green where it is right.

    Args:
        embedder: Gives embeddings by the weights of the moment.
        part: The sketches and the photos that they search.
        name: Of the summary.
    """

    def __init__(self, embedder: Embedder, part: tuple[Items, Items], name: str):
        self.embedder, self.name = embedder, name
        self.queries, self.gallery = part
        last, most = len(self.queries) - 1, min(ROWS, len(self.queries))
        self.rows = np.linspace(0, last, most).astype(int)

    def write(self, step: int) -> None:
        embeddings = self.embedder(self.queries, step)[self.rows]
        found = nearest(embeddings, self.embedder(self.gallery, step))
        picture = sheet(some_of(self.queries, self.rows), self.gallery, found)
        tf.summary.image(self.name, picture[None], step)


def nearest(queries: np.ndarray, gallery: np.ndarray) -> np.ndarray:
    """Places (Q, FOUND) of each query's nearest rows of the gallery, nearest first."""
    squared = [((gallery - query) ** 2).sum(axis=1) for query in queries]
    return np.argsort(squared, axis=1, kind="stable")[:, :FOUND]


def sheet(queries: Items, gallery: Items, found: np.ndarray) -> np.ndarray:
    """The contact sheet (H, W, 3) uint8."""
    rows = []
    for query, label, places in zip(queries.images, queries.labels, found, strict=True):
        tiles = [framed(query, PAPER), np.full((TILE + 2 * BORDER, GAP, 3), 255, np.uint8)]
        for place in places:
            right = gallery.labels[place] == label
            tiles.append(framed(gallery.images[place], RIGHT if right else WRONG))
        rows.append(np.concatenate(tiles, axis=1))
    return np.concatenate(rows)


def framed(image: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    """A thumbnail with a border."""
    side = TILE + 2 * BORDER
    tile = np.full((side, side, 3), colour, np.uint8)
    tile[BORDER:-BORDER, BORDER:-BORDER] = thumbnail(image, TILE)
    return tile


def thumbnail(image: np.ndarray, side: int) -> np.ndarray:
    """A picture (S, S, 3) uint8 at another side."""
    if len(image) == side:
        return image
    resized = tf.image.resize(image, (side, side), antialias=True)
    return np.rint(np.clip(resized.numpy(), 0, 255)).astype(np.uint8)
