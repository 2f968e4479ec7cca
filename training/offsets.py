"""The offset of each domain, measured on what was trained on."""

import keras
import numpy as np

from sbir_tf.data.pipeline import PHOTO, SKETCH, TrainingPictures

# Enough for a mean; every item would cost more time than it changes.
ITEMS_PER_DOMAIN = 1000


def fit_offsets(encoder: keras.Model, pictures: TrainingPictures, batch_size: int = 64) -> None:
    """Set an encoder's `DomainOffset` so that both domains' training items share one mean.

    Args:
        encoder: Of `build_encoder`, trained.
        pictures: What it was trained on; an evenly spaced sample is embedded, unvaried.
        batch_size: Pictures embedded at a time.
    """
    layer = encoder.get_layer("domain_offset")
    layer.offsets.assign(np.zeros_like(layer.offsets.numpy()))
    middle = pictures.sketches.shape[1] // 2
    sketches = np.repeat(evenly(pictures.sketches)[:, middle, ..., None], 3, axis=-1)
    means = np.stack(
        [
            mean_embedding(encoder, sketches, SKETCH, batch_size),
            mean_embedding(encoder, evenly(pictures.photos), PHOTO, batch_size),
        ]
    )
    layer.offsets.assign(means - means.mean(axis=0))


def evenly(items: np.ndarray) -> np.ndarray:
    """At most `ITEMS_PER_DOMAIN` of the items, evenly spaced."""
    return items[:: max(1, -(-len(items) // ITEMS_PER_DOMAIN))]


def mean_embedding(encoder, images, bit, batch_size) -> np.ndarray:
    domain = np.full((len(images), 1), bit, np.float32)
    inputs = {"image": images.astype(np.float32), "domain": domain}
    return encoder.predict(inputs, batch_size=batch_size, verbose=0).mean(axis=0)
