"""The encoder inside this process: a SavedModel run by TensorFlow."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from serving.encoders.contract import DOMAINS, as_rgb, check_domain, check_embeddings
from serving.encoders.model_folder import ModelFolder
from serving.errors import ServingError


class InProcessEncoder:
    """Runs an exported model's `sketch` and `photo` signatures.

    Every picture goes through `read_picture` first, so that the model sees the same upright
    RGB whatever the file was, and reaches the graph as BMP: at 512 pixels that costs 0.3 ms
    to write and 0.9 ms to decode, where PNG costs 8 to 34 and 2 to 5.

    Args:
        path: a version's folder, or the folder above it.

    Attributes:
        name: from the model's description.
        digest: sha256 of its graph and weights.
        dimension: length of an embedding.
        path: the version's folder.

    Raises:
        ServingError: the folder is not an encoder; says what is missing.
    """

    def __init__(self, path: Path | str):
        folder = ModelFolder.open(path)
        self.path = folder.path
        self.name = folder.name
        self.dimension = folder.dimension
        self.digest = folder.digest()
        # Signatures hold their variables weakly: the module has to live as long as they do.
        self._module = _load(folder.path)
        self._signatures = {domain: self._module.signatures[domain] for domain in DOMAINS}

    def encode(self, pictures: Sequence[bytes | np.ndarray], domain: str) -> np.ndarray:
        """Embeds pictures.

        Args:
            pictures: files' bytes or uint8 arrays (H, W, 3), of any sizes.
            domain: "sketch" or "photo".

        Returns:
            (B, D) float32, finite.

        Raises:
            ServingError: an unknown domain, a broken model.
            PictureError: a picture cannot be read.
        """
        import tensorflow as tf

        signature = self._signatures[check_domain(domain)]
        if not len(pictures):
            return np.empty((0, self.dimension), np.float32)
        encoded = tf.constant([as_bmp(picture) for picture in pictures])
        embeddings = signature(image=encoded)["embedding"].numpy()
        return check_embeddings(embeddings, len(pictures), self)


def as_bmp(picture: bytes | np.ndarray) -> bytes:
    """A picture as the graph reads it: upright RGB, as BMP."""
    file = BytesIO()
    Image.fromarray(as_rgb(picture)).save(file, "BMP")
    return file.getvalue()


def _load(path: Path):
    import tensorflow as tf

    try:
        module = tf.saved_model.load(str(path))
    except Exception as error:  # a damaged file surfaces as any of a dozen kinds
        reason = " ".join(str(error).split())[:200]
        raise ServingError(f"{path}: the model cannot be loaded ({reason})") from error
    missing = [domain for domain in DOMAINS if domain not in module.signatures]
    if missing:
        cure = "`sbir export` writes it"
        raise ServingError(f"{path}: not an encoder, signature {missing[0]!r} is missing. {cure}")
    return module
