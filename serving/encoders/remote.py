"""An encoder behind TensorFlow Serving, whatever the protocol."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from serving.encoders.breaker import Breaker
from serving.encoders.contract import check_domain, check_embeddings
from serving.encoders.in_process import as_bmp
from serving.errors import ServingError

_SECONDS = 10.0  # of a call, tries included


class Wire(Protocol):
    """A protocol's calls; each takes the seconds it may take."""

    place: str

    def embed(self, pictures: list[bytes], domain: str, seconds: float) -> np.ndarray:
        """Embeddings (B, D) of encoded pictures, by the signature of their domain."""
        ...

    def describe(self, seconds: float) -> tuple[str, str, int]:
        """The model's digest, name and dimension, by its `describe` signature."""
        ...

    def close(self) -> None:
        """Lets go of the connection."""
        ...


class RemoteEncoder:
    """Asks a model server.

    Args:
        wire: the protocol.
        seconds: that a call may take, tries included.
        breaker: tries again, and spares a server that is gone.

    Attributes:
        name, digest, dimension: what the served model says of itself.
        path: `None`.

    Raises:
        Unavailable: it does not answer.
        ServingError: it serves no encoder of ours.
    """

    path: Path | None = None

    def __init__(self, wire: Wire, seconds: float = _SECONDS, breaker: Breaker | None = None):
        self._wire, self._seconds, self._breaker = wire, seconds, breaker or Breaker()
        self.digest, self.name, self.dimension = self._described()

    def encode(self, pictures: Sequence[bytes | np.ndarray], domain: str) -> np.ndarray:
        """Embeds pictures; see `Encoder.encode`."""
        check_domain(domain)
        if not len(pictures):
            return np.empty((0, self.dimension), np.float32)
        files = [as_bmp(picture) for picture in pictures]
        embeddings = self._breaker.call(
            lambda seconds: self._wire.embed(files, domain, seconds), self._seconds
        )
        return check_embeddings(embeddings, len(files), self)

    def check(self) -> None:
        """Looks whether the server still serves this model.

        Raises:
            Unavailable: it does not answer.
            ServingError: it serves another one.
        """
        digest, _, _ = self._described()
        if digest != self.digest:
            cure = "index the pictures with the new model, or serve the old one"
            raise ServingError(f"{self._wire.place} serves another model now: {cure}")

    def close(self) -> None:
        """Lets go of the connection."""
        self._wire.close()

    def _described(self) -> tuple[str, str, int]:
        return self._breaker.call(self._wire.describe, self._seconds)
