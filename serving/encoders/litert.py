"""The encoder as TensorFlow Lite, run by ai-edge-litert: several times faster than TensorFlow."""

import hashlib
import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from queue import SimpleQueue

import numpy as np
from PIL import Image

from serving.encoders.contract import DOMAINS, as_rgb, check_domain, check_embeddings
from serving.encoders.model_folder import ModelFolder
from serving.errors import ServingError

FOLDER = "assets.extra/tflite"
_ABOUT, _PROBE = "tflite.json", "probe.npz"
_KINDS = ("int8", "float16", "float32")  # the smallest first
_FURTHEST = 0.12  # of an embedding from the SavedModel's, in mean distances between embeddings


class LiteRTEncoder:
    """Runs the TensorFlow Lite export of a model.

    It is believed only if it agrees with the SavedModel: the export keeps what that made of some
    pictures, and every embedding must lie near it and have the same nearest neighbour.

    Args:
        path: a version's folder, or the folder above it.
        kind: "int8", "float16" or "float32"; by default the smallest that is there.

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
        file = _checked_file(folder, self.digest, kind)
        cores = len(os.sched_getaffinity(0))
        self._free: SimpleQueue[_Interpreter] = SimpleQueue()
        for _ in range(cores):
            self._free.put(_Interpreter(file, folder.path))
        self._pool = ThreadPoolExecutor(cores, "litert")
        self._agree(folder.path / FOLDER / _PROBE)

    def encode(self, pictures: Sequence[bytes | np.ndarray], domain: str) -> np.ndarray:
        """Embeds pictures; see `Encoder.encode`."""
        bit = DOMAINS.index(check_domain(domain))
        embed = partial(self._embed, bit=bit)
        rows = list(map(embed, pictures) if len(pictures) == 1 else self._pool.map(embed, pictures))
        embeddings = np.array(rows, np.float32).reshape(len(rows), self.dimension)
        return check_embeddings(embeddings, len(rows), self)

    def _embed(self, picture: bytes | np.ndarray, bit: int) -> np.ndarray:
        framed = fit_square(as_rgb(picture), self._size)
        interpreter = self._free.get()
        try:
            return interpreter.run(framed, bit)
        finally:
            self._free.put(interpreter)

    def _agree(self, probe: Path) -> None:
        try:
            with np.load(probe, allow_pickle=False) as kept:
                pictures, bits, wanted = kept["pictures"], kept["domains"], kept["embeddings"]
        except (OSError, ValueError, KeyError) as error:
            raise ServingError(f"{probe}: missing or damaged. Export the model again") from error
        pairs = zip(pictures, bits.tolist(), strict=True)
        found = np.stack([self._embed(one, bit) for one, bit in pairs])
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


class _Interpreter:
    """One interpreter, for one thread at a time.

    It computes with one thread, and each core has one of it: two threads of one take as long as one
    (7 ms), and three times as long where something else has a core, since they wait for each other
    by spinning.

    Args:
        file: the export.
        path: what a message calls it.
    """

    def __init__(self, file: Path, path: Path):
        from ai_edge_litert.interpreter import Interpreter

        try:
            self._lite = Interpreter(str(file), num_threads=1)
            self._lite.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise ServingError(f"{file} cannot be loaded ({str(error)[:200]})") from error
        by_rank = {len(one["shape"]): one["index"] for one in self._lite.get_input_details()}
        if set(by_rank) != {2, 4}:
            raise ServingError(f"{path}: its TensorFlow Lite export is no encoder. Export it again")
        self._image, self._domain = by_rank[4], by_rank[2]
        self._output = self._lite.get_output_details()[0]["index"]

    def run(self, picture: np.ndarray, bit: int) -> np.ndarray:
        """The embedding (D,) of a picture (size, size, 3)."""
        self._lite.set_tensor(self._image, picture[None].astype(np.float32))
        self._lite.set_tensor(self._domain, np.full((1, 1), bit, np.float32))
        self._lite.invoke()
        return self._lite.get_tensor(self._output)[0]
