"""An encoder that is being trained, asked for embeddings between two steps."""

import keras
import numpy as np
import tensorflow as tf

from training.config import Config
from training.losses import compared_by_direction
from training.pictures import Items

BATCH = 64


class NotFinite(Exception):
    """Embeddings that are no numbers any more: the training diverged, and its guard will say so."""


class Embedder:
    """Embeddings by the weights of this moment.

    What was embedded after a step is remembered until one is asked for after another step.

    Args:
        encoder: Model of image (B, S, S, 3) and domain (B, 1) to embeddings (B, D).
        config: Of the training: says how embeddings are compared.
    """

    def __init__(self, encoder: keras.Model, config: Config):
        self.unit = compared_by_direction(config)
        # `predict` would split a batch over the replicas, and gather it over the workers.
        self.function = tf.function(
            lambda image, domain: encoder([image, domain], training=False),
            input_signature=signature(config.data.size),
        )
        self.step, self.known = None, {}

    def __call__(self, items: Items, step: int, raw: bool = False) -> np.ndarray:
        """Embeddings (N, D) after a step, as they are compared when searching.

        Args:
            items: What is embedded.
            step: After which step.
            raw: As the network gives them, where class centres are, however they are compared.

        Raises:
            NotFinite: If one is not a number.
        """
        if step != self.step:
            self.step, self.known = step, {}
        if id(items) not in self.known:
            # The items are kept, so that no others get their id.
            self.known[id(items)] = (items, self._embed(items))
        embeddings = self.known[id(items)][1]
        return embeddings if raw or not self.unit else unit_rows(embeddings)

    def _embed(self, items: Items) -> np.ndarray:
        embeddings = np.concatenate(list(outputs(self.function, items)))
        if not np.isfinite(embeddings).all():
            raise NotFinite
        return embeddings


def unit_rows(embeddings: np.ndarray) -> np.ndarray:
    """Rows (N, D) at unit length."""
    return embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True).clip(1e-12)


def signature(size: int) -> list[tf.TensorSpec]:
    """Of a function of pictures and domains, however many: it is traced once."""
    return [
        tf.TensorSpec([None, size, size, 3], tf.float32),
        tf.TensorSpec([None, 1], tf.float32),
    ]


def outputs(function, items: Items, domain: int | None = None):
    """What a function gives for the items, a batch at a time; as if of `domain`, if named."""
    bit = items.domain if domain is None else domain
    for images in items.batches(BATCH):
        yield tf.nest.map_structure(
            lambda tensor: tensor.numpy(),
            function(images, np.full((len(images), 1), bit, np.float32)),
        )
