"""What every encoder offers: pictures and their domain in, embeddings out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from pictures import read_picture
from serving.errors import ServingError

DOMAINS = ("sketch", "photo")  # 0 and 1 wherever a number is wanted


class Encoder(Protocol):
    """An encoder, in this process or elsewhere.

    Attributes:
        name: what people call the model.
        digest: sha256 of its graph and weights; an index belongs to one digest.
        dimension: length of an embedding.
        path: the model's folder, or `None` for one elsewhere.
    """

    name: str
    digest: str
    dimension: int
    path: Path | None

    def encode(self, pictures: Sequence[bytes | np.ndarray], domain: str) -> np.ndarray:
        """Embeds pictures; may be called from several threads.

        Args:
            pictures: files' bytes or uint8 arrays (H, W, 3), of any sizes.
            domain: "sketch" or "photo".

        Returns:
            (B, D) float32, finite.

        Raises:
            ServingError: an unknown domain, a broken model.
            PictureError: a picture cannot be read.
        """
        ...


class Unavailable(ServingError):
    """An encoder elsewhere that does not answer now.

    Attributes:
        told: the sentence for outsiders, which names no machine.
    """

    def __init__(self, message: str, told: str = "the encoder does not answer"):
        super().__init__(message)
        self.told = told


class TooSlow(Unavailable):
    """It is there, but took too long: to ask again at once would only make it slower."""


def check_domain(domain: str) -> str:
    """Returns "sketch" or "photo", or refuses."""
    if domain not in DOMAINS:
        raise ServingError(f"domain must be one of {', '.join(DOMAINS)}. Received: {domain!r}")
    return domain


def as_rgb(picture: bytes | np.ndarray) -> np.ndarray:
    """A picture as uint8 (H, W, 3): read, or looked at.

    Raises:
        PictureError: the bytes are no picture.
        ServingError: the array is none.
    """
    if isinstance(picture, bytes):
        return read_picture(picture)
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
        got = f"dtype={picture.dtype}, shape={picture.shape}"
        raise ServingError(f"a picture must be uint8 of shape (H, W, 3). Received: {got}")
    return picture


def check_embeddings(embeddings: np.ndarray, count: int, encoder: Encoder) -> np.ndarray:
    """Returns what a model answered as (B, D) float32, or says how it is broken."""
    embeddings = np.asarray(embeddings, np.float32)
    if embeddings.shape != (count, encoder.dimension):
        wanted = f"{encoder.name} must return the shape ({count}, {encoder.dimension})"
        raise ServingError(f"{wanted}. Received: shape={embeddings.shape}")
    if not np.isfinite(embeddings).all():
        cure = "the model is broken; export it again"
        raise ServingError(f"{encoder.name} returned embeddings that are not finite: {cure}")
    return embeddings
