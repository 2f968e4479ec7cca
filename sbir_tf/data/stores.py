"""Where pictures larger than memory lie: in files of their own, or in records."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import tensorflow as tf

from sbir_tf.data.decoding import decode_on_white
from sbir_tf.data.records import Records, read_example
from sbir_tf.errors import UserError

_ENCODED = {"image/encoded": tf.io.FixedLenFeature([], tf.string)}


class Store(Protocol):
    """Pictures on disk, each at a place of its own."""

    def places(self, chosen: Sequence) -> np.ndarray:
        """The places (N,) of what a caller has chosen, as `fetch` takes them."""

    def fetch(self, places: tf.Tensor) -> tf.Tensor:
        """What `picture` takes (N,), of many places (N,) at once; inside `map`, too."""

    def picture(self, fetched: tf.Tensor) -> tf.Tensor:
        """The picture (H, W, 3) float32, values 0-255, of one thing fetched."""

    def explain(self, place) -> str:
        """Why the picture at a place cannot be read."""


@dataclass(frozen=True)
class Files:
    """Pictures in files: PNG, JPEG, GIF (first frame) or BMP; transparency lies on white.

    A place is a path. Files are read one by one, in parallel, by `picture`.

    Attributes:
        swap_red_blue: Whether they are stored with red and blue swapped.
    """

    swap_red_blue: bool = False

    def places(self, chosen: Sequence) -> np.ndarray:
        return np.array([str(path) for path in chosen], object)

    def fetch(self, places: tf.Tensor) -> tf.Tensor:
        return places

    def picture(self, fetched: tf.Tensor) -> tf.Tensor:
        picture = decode_on_white(tf.io.read_file(fetched))
        return picture[..., ::-1] if self.swap_red_blue else picture

    def explain(self, place) -> str:
        path = place if isinstance(place, str) else place.decode(errors="backslashreplace")
        return (
            f"{path} cannot be read: it is missing, truncated, or no PNG, JPEG, GIF or "
            "BMP picture. Mend or remove it, then run the same command again"
        )


@dataclass(frozen=True)
class RecordRows:
    """Pictures in records (`sbir data build`), read by their rows, checksums checked.

    A place is a row of `records.table`. A batch is fetched with one call: any order costs the
    same, so a training can continue at any step.

    Attributes:
        records: The opened set.
    """

    records: Records

    def places(self, chosen: Sequence) -> np.ndarray:
        return np.asarray(chosen, np.int64)

    def fetch(self, places: tf.Tensor) -> tf.Tensor:
        read = tf.numpy_function(self._read, [places], tf.string, stateful=False)
        return tf.ensure_shape(read, places.shape)

    def picture(self, fetched: tf.Tensor) -> tf.Tensor:
        return decode_on_white(tf.io.parse_single_example(fetched, _ENCODED)["image/encoded"])

    def explain(self, place) -> str:
        try:
            read_example(self.records, [int(place)])
        except UserError as error:
            return str(error)
        return f"{self.records.folder}: the picture in row {place} cannot be decoded: build it anew"

    def _read(self, rows: np.ndarray) -> np.ndarray:
        return np.array(read_example(self.records, rows), object)
