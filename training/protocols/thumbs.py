"""thumbs.npz: the pictures that a report shows, small, so that it needs no data set.

kind       (T,) uint8, 0 a query, 1 an item of the gallery
row        (T,) int32, its row there
offsets    (T + 1,) int64, into
bytes      uint8, JPEG files one behind the other
"""

from collections.abc import Iterable

import numpy as np
import tensorflow as tf

from sbir_tf.data.streaming import pictures_in_order
from sbir_tf.evaluation.rankings import Rankings
from sbir_tf.report.choice import rows_to_show
from training.explain.subsets import some_of
from training.folders import StoredItems
from training.pictures import Items
from training.protocols.material import Material

SIDE = 96  # pixels, the longest
QUALITY = 88


def thumb_arrays(rankings: Rankings, material: Material) -> dict[str, np.ndarray]:
    """The arrays of thumbs.npz, of the pictures that a report of these rankings shows."""
    chosen = [np.asarray(rows, np.int32) for rows in rows_to_show(rankings)]
    both = (material.queries, material.gallery)
    files = [
        jpeg
        for items, rows in zip(both, chosen, strict=True)
        for jpeg in jpegs(some_of(items, rows))
    ]
    offsets = np.cumsum([0, *map(len, files)])
    return {
        "kind": np.repeat(np.array([0, 1], np.uint8), [len(rows) for rows in chosen]),
        "row": np.concatenate(chosen),
        "offsets": offsets.astype(np.int64),
        "bytes": np.frombuffer(b"".join(files), np.uint8),
    }


def jpegs(items: Items | StoredItems) -> Iterable[bytes]:
    """The pictures, as they are on disk or rendered, each as a small JPEG."""
    if isinstance(items, StoredItems):
        # One at a time: pictures as they are have sizes of their own.
        pictures = (
            batch[0] for batch in pictures_in_order(items.store, items.places, lambda it: it, 1)
        )
    else:
        pictures = items.images
    return (small(picture) for picture in pictures)


def small(picture: np.ndarray) -> bytes:
    """A picture (H, W, 3), values 0-255, as a JPEG of at most `SIDE` pixels."""
    height, width = picture.shape[:2]
    scale = min(1.0, SIDE / max(height, width))
    size = [max(1, round(side * scale)) for side in (height, width)]
    resized = tf.image.resize(tf.cast(picture, tf.float32), size, antialias=True)
    whole = tf.saturate_cast(tf.round(resized), tf.uint8)
    return tf.io.encode_jpeg(whole, quality=QUALITY).numpy()
