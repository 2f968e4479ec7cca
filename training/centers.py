"""Where the class centres of an encoder that is trained already start."""

import keras
import numpy as np

from sbir_tf.data.pipeline import TrainingPictures
from sbir_tf.data.streaming import TrainingItems
from training.config import Config
from training.explain.embedding import Embedder
from training.explain.subsets import loaded, trained_items
from training.losses import class_centers

OF_CLASS = 16  # sketches, and photos, that a mean is taken of


def start_centers(
    config: Config,
    model: keras.Model,
    encoder: keras.Model,
    pictures: TrainingPictures | TrainingItems,
) -> None:
    """Set the class centres to the means of their classes, if the configuration says so.

    Random centres would pull a trained encoder to places that have nothing to do with what it
    knows.
    """
    centers = class_centers(model)
    if config.loss.center_start == "random" or centers is None:
        return
    labels = (pictures.sketch_labels, pictures.photo_labels)
    chosen = [some_of_each_class(of, OF_CLASS, config.seed) for of in labels]
    some = [loaded(items) for items in trained_items(config, pictures, chosen)]
    embedder = Embedder(encoder, config)
    embeddings = [embedder(items, 0, raw=True) for items in some]
    centers.assign(class_means(embeddings, [items.labels for items in some], centers.shape[0]))


def some_of_each_class(labels: np.ndarray, most: int, seed: int) -> np.ndarray:
    """Places of at most `most` items of each class, drawn by a seed."""
    order = np.random.default_rng(seed).permutation(len(labels))
    chosen = [order[labels[order] == label][:most] for label in np.unique(labels)]
    return np.sort(np.concatenate(chosen))


def class_means(embeddings, labels, classes: int) -> np.ndarray:
    """Means (K, D) of sketches' and of photos' means: both domains count alike.

    Args:
        embeddings: Of sketches (N, D) and of photos (M, D).
        labels: Of both; every class occurs in both.
        classes: K.
    """
    means = [
        [of[labels_of == label].mean(axis=0) for label in range(classes)]
        for of, labels_of in zip(embeddings, labels, strict=True)
    ]
    return np.mean(means, axis=0).astype(np.float32)
