"""A file of codes, as `sbir codes fit` writes it: a linear map whose signs are the bits."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np

from serving.codes.arrays import DAMAGE, read_arrays
from serving.encoders import Encoder
from serving.errors import ServingError
from serving.index.validate import check_queries

_FORMAT = 1
_CURE = "`sbir codes fit` writes them"


@dataclass(frozen=True, eq=False)
class Codes:
    """Embeddings to packed codes.

    Args:
        path: the file.
        digest: sha256 of the file.
        kernel: (D, bits) float32.
        bias: (bits,) float32.
        name: of the model whose embeddings are coded.
        weights: sha256 of that model's trained weights.
    """

    path: Path
    digest: str
    kernel: np.ndarray
    bias: np.ndarray
    name: str
    weights: str

    @property
    def bits(self) -> int:
        """Bits of a code."""
        return self.kernel.shape[1]

    def pack(self, embeddings: np.ndarray) -> np.ndarray:
        """Codes (N, bits / 8) uint8 of embeddings (N, D): `x W + b > 0`, the first bit highest."""
        embeddings = check_queries(embeddings, len(self.kernel))
        return np.packbits(embeddings @ self.kernel + self.bias > 0, axis=1)

    def encode(self, encoder: Encoder, pictures: Sequence[np.ndarray], domain: str) -> np.ndarray:
        """Codes of pictures: of the mean of a picture's embedding and its mirror image's."""
        mirrored = [picture[:, ::-1] for picture in pictures]
        views = encoder.encode(pictures, domain), encoder.encode(mirrored, domain)
        return self.pack(np.mean(views, axis=0))


def open_codes(path: Path | str) -> Codes:
    """Reads a file of codes.

    Args:
        path: what `sbir codes fit` wrote.

    Returns:
        The codes.

    Raises:
        ServingError: no such file, damaged, something else, or of a newer format.
    """
    path = Path(path)
    if not path.is_file():
        raise ServingError(f"{path}: no such file of codes. {_CURE}")
    data = path.read_bytes()
    try:
        arrays, facts = read_arrays(data)
        newer = int(facts["format"]) > _FORMAT
        codes = None if newer else _codes(path, data, arrays, facts)
        problem = None if newer else _problem(codes)
    except DAMAGE as error:
        reason = " ".join(str(error).split())[:100]
        raise ServingError(f"{path}: not codes, or damaged ({reason}). {_CURE}") from error
    if newer:
        raise ServingError(f"{path}: of a newer format than {_FORMAT}. Update sbir")
    if problem:
        raise ServingError(f"{path}: not codes, {problem}. {_CURE}")
    return codes


def _codes(path: Path, data: bytes, arrays: dict, facts: dict) -> Codes:
    of = str(facts["name"]), str(facts["weights"])
    return Codes(path, sha256(data).hexdigest(), arrays["kernel"], arrays["bias"], *of)


def _problem(codes: Codes) -> str | None:
    kernel, bias = codes.kernel, codes.bias
    if kernel.dtype != np.float32 or bias.dtype != np.float32:
        return f"the map is {kernel.dtype} and {bias.dtype} instead of float32"
    if kernel.ndim != 2 or not kernel.size or bias.shape != kernel.shape[1:] or len(bias) % 8:
        return f"the map has the shapes {kernel.shape} and {bias.shape}"
    if not (np.isfinite(kernel).all() and np.isfinite(bias).all()):
        return "the map is not finite"
    return None
