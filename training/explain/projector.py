"""The embedding projector: every picture a thumbnail, near what is near it."""

import math
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorboard.plugins import projector

from sbir_tf.files import written_aside
from training.explain.distances import DOMAINS
from training.explain.embedding import Embedder
from training.explain.sheets import thumbnail
from training.pictures import Items

SIDE = 32  # of a thumbnail
TENSORS, METADATA, SPRITE = "embeddings.tsv", "embeddings_metadata.tsv", "embeddings_sprite.png"


class Projector:
    """Writes embeddings, what they show and their thumbnails where TensorBoard looks for them.

    Args:
        embedder: Gives embeddings by the weights of the moment.
        items: Some sketches and photos.
        class_names: Of the labels.
        folder: TensorBoard's, of the run.
    """

    def __init__(self, embedder: Embedder, items: tuple[Items, Items], class_names, folder: Path):
        self.embedder, self.items, self.folder = embedder, items, folder
        self.names, self.written = class_names, False

    def write(self, step: int) -> None:
        embeddings = np.concatenate([self.embedder(items, step) for items in self.items])
        rows = ("\t".join(f"{value:.6g}" for value in row) for row in embeddings)
        with written_aside(self.folder / TENSORS) as aside:
            aside.write_text("\n".join(rows) + "\n")
        if not self.written:
            self._write_what_stays()

    def _write_what_stays(self) -> None:
        images = [image for items in self.items for image in items.images]
        with written_aside(self.folder / SPRITE) as aside:
            aside.write_bytes(tf.io.encode_png(sprite(images)).numpy())
        with written_aside(self.folder / METADATA) as aside:
            aside.write_text(metadata(self.items, self.names))
        projector.visualize_embeddings(str(self.folder), configuration())
        self.written = True


def configuration() -> projector.ProjectorConfig:
    """What the projector shows: paths are below the folder, which may move."""
    config = projector.ProjectorConfig()
    shown = config.embeddings.add()
    shown.tensor_name, shown.tensor_path, shown.metadata_path = "embeddings", TENSORS, METADATA
    shown.sprite.image_path = SPRITE
    shown.sprite.single_image_dim.extend([SIDE, SIDE])
    return config


def metadata(items: tuple[Items, Items], names) -> str:
    """A line for each picture: its class and its domain."""
    lines = ["class\tdomain"]
    for domain, of in zip(DOMAINS, items, strict=True):
        lines += [f"{one_line(names[label])}\t{domain}" for label in of.labels]
    return "\n".join(lines) + "\n"


def one_line(name: str) -> str:
    """A class's name without what would end its column."""
    return " ".join(name.split())


def sprite(images: list[np.ndarray]) -> np.ndarray:
    """Thumbnails in a square of squares, row by row, as the projector reads them."""
    across = math.ceil(math.sqrt(len(images)))
    square = np.full((across * SIDE, across * SIDE, 3), 255, np.uint8)
    for number, image in enumerate(images):
        top, left = (SIDE * place for place in divmod(number, across))
        square[top : top + SIDE, left : left + SIDE] = thumbnail(image, SIDE)
    return square
