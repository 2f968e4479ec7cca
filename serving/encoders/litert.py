"""The encoder as TensorFlow Lite, run by ai-edge-litert: several times faster than TensorFlow."""

import hashlib
import json
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from serving.encoders.contract import DOMAINS, as_rgb, check_domain, check_embeddings
from serving.encoders.model_folder import ModelFolder
from serving.errors import ServingError

FOLDER = "assets.extra/tflite"
_ABOUT, _PROBE = "tflite.json", "probe.npz"
_KINDS = ("int8", "float16", "float32")  # the quickest first
_FURTHEST = 0.12  # of an embedding from the SavedModel's, in mean distances between embeddings
_THREADS = 2


class LiteRTEncoder:
    """Runs the TensorFlow Lite export of a model.

    It is believed only if it agrees with the SavedModel: the export keeps what that made of some
    pictures, and every embedding must lie near it and have the same nearest neighbour.

    Args:
        path: a version's folder, or the folder above it.
        kind: "int8", "float16" or "float32"; by default the quickest that is there.

    Attributes:
        name, digest, dimension: those of the model.
        path: the version's folder.

    Raises:
        ServingError: there is no such export, it is damaged, or it does not agree.
    """

    def __init__(self, path: Path | str, kind: str | None = None):
        folder = ModelFolder.open(path)
        self.path, self.name, self.dimension = folder.path, folder.name, folder.dimension
        self.digest, self._size = folder.digest(), folder.image_size
        self._lock = threading.Lock()
        self._interpreter = _interpreter(_checked_file(folder, self.digest, kind))
        self._image, self._domain = _inputs(self._interpreter, folder.path)
        self._output = self._interpreter.get_output_details()[0]["index"]
        self._agree(folder.path / FOLDER / _PROBE)

    def encode(self, pictures: Sequence[bytes | np.ndarray], domain: str) -> np.ndarray:
        """Embeds pictures; see `Encoder.encode`."""
        bit = DOMAINS.index(check_domain(domain))
        framed = [fit_square(as_rgb(picture), self._size) for picture in pictures]
        embeddings = np.empty((len(framed), self.dimension), np.float32)
        with self._lock:  # an interpreter has one set of tensors
            for row, picture in enumerate(framed):
                embeddings[row] = self._run(picture, bit)
        return check_embeddings(embeddings, len(framed), self)

    def _run(self, picture: np.ndarray, bit: int) -> np.ndarray:
        self._interpreter.set_tensor(self._image, picture[None].astype(np.float32))
        self._interpreter.set_tensor(self._domain, np.full((1, 1), bit, np.float32))
        self._interpreter.invoke()
        return self._interpreter.get_tensor(self._output)[0]

    def _agree(self, probe: Path) -> None:
        try:
            with np.load(probe, allow_pickle=False) as kept:
                pictures, bits, wanted = kept["pictures"], kept["domains"], kept["embeddings"]
        except (OSError, ValueError, KeyError) as error:
            raise ServingError(f"{probe}: missing or damaged. Export the model again") from error
        pairs = zip(pictures, bits.tolist(), strict=True)
        found = np.stack([self._run(fit_square(one, self._size), bit) for one, bit in pairs])
        apart = np.linalg.norm(wanted[:, None] - wanted[None], axis=2)
        usual = apart[~np.eye(len(wanted), dtype=bool)].mean()
        off = np.linalg.norm(found - wanted, axis=1).max() / usual
        nearest = np.linalg.norm(found[:, None] - wanted[None], axis=2).argmin(axis=1)
        if not off <= _FURTHEST or (nearest != np.arange(len(wanted))).any():
            said = f"its embeddings are up to {off:.2f} mean distances from the SavedModel's"
            raise ServingError(f"{self.path}: the TensorFlow Lite export does not agree: {said}")


def fit_square(picture: np.ndarray, size: int) -> np.ndarray:
    """A picture scaled to fit a white square, as the SavedModel's graph does it.

    Args:
        picture: uint8 (H, W, 3).
        size: side of the square.

    Returns:
        uint8 (size, size, 3).
    """
    height, width = picture.shape[:2]
    scale = size / max(height, width)
    # Rounded to even, as TensorFlow rounds.
    high, wide = (max(1, int(np.round(side * scale))) for side in (height, width))
    small = Image.fromarray(picture).resize((wide, high), Image.Resampling.BILINEAR)
    square = np.full((size, size, 3), 255, np.uint8)
    top, left = (size - high) // 2, (size - wide) // 2
    square[top : top + high, left : left + wide] = np.asarray(small)
    return square


def kinds_in(path: Path) -> list[str]:
    """The TensorFlow Lite exports that a version's folder has."""
    return [kind for kind in _KINDS if (path / FOLDER / f"{kind}.tflite").is_file()]


def _checked_file(folder: ModelFolder, digest: str, kind: str | None) -> Path:
    there = kinds_in(folder.path)
    if not there or (kind is not None and kind not in there):
        cure = f"`sbir export RUN --tflite {kind or 'int8'}` writes one"
        raise ServingError(f"{folder.path} has no TensorFlow Lite export {kind or ''}. {cure}")
    file = folder.path / FOLDER / f"{kind or there[0]}.tflite"
    try:
        about = json.loads((folder.path / FOLDER / _ABOUT).read_text())
        wanted = about["files"][file.name]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise ServingError(f"{file}: its description is missing. Export it again") from error
    if about.get("digest") != digest:
        raise ServingError(f"{file} was made of another model than it lies beside. Export it again")
    if hashlib.sha256(file.read_bytes()).hexdigest() != wanted:
        raise ServingError(f"{file} is damaged: its checksum is another. Export it again")
    return file


def _interpreter(file: Path):
    from ai_edge_litert.interpreter import Interpreter

    try:
        interpreter = Interpreter(str(file), num_threads=_THREADS)
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise ServingError(f"{file} cannot be loaded ({str(error)[:200]})") from error
    return interpreter


def _inputs(interpreter, path: Path) -> tuple[int, int]:
    by_rank = {len(one["shape"]): one["index"] for one in interpreter.get_input_details()}
    if set(by_rank) != {2, 4}:
        raise ServingError(f"{path}: its TensorFlow Lite export is no encoder. Export it again")
    return by_rank[4], by_rank[2]
