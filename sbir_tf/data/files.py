"""Training batches from picture files, read as they are needed: data larger than memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import tensorflow as tf

from sbir_tf.data.pipeline import PHOTO, SKETCH, fold_in, half_of, item_draw
from sbir_tf.data.reading import read_picture
from sbir_tf.data.variations import Variation

# The batch that fails is the next one; a few more cost nothing.
_SEARCHED_STEPS = 4


@dataclass(frozen=True)
class TrainingFiles:
    """What a training sees: `TrainingPictures` by their paths.

    Attributes:
        sketches, photos: (N,) and (M,) paths.
        sketch_labels, photo_labels: (N,) and (M,) int32.
        class_names: Names of the K classes, in the order of the labels.
        swap_red_blue: Whether the photos are stored with red and blue swapped.
    """

    sketches: np.ndarray
    sketch_labels: np.ndarray
    photos: np.ndarray
    photo_labels: np.ndarray
    class_names: tuple[str, ...]
    swap_red_blue: bool = False


def batches_from_files(
    files: TrainingFiles,
    batch_size: int,
    variation: Variation,
    seed: int = 0,
    first_step: int = 0,
    classes_per_batch: int | None = None,
) -> tf.data.Dataset:
    """Endless batches of `batch_size / 2` sketches, then as many photos, read from files.

    Drawn as `training_batches` draws them: a batch depends on `seed` and on its step's number
    alone. Pictures are read and varied in parallel, and come in order.

    Args:
        files: The pictures to draw from.
        batch_size: Even.
        variation: How pictures are varied.
        seed: Of order and variation.
        first_step: Number of the first batch.
        classes_per_batch: P of P x K sampling; None draws items whatever their class.

    Returns:
        A dataset of ({"image": (B, S, S, 3) float32 in 0-255, "domain": (B, 1) float32},
        labels (B,) int32).

    Raises:
        UserError: As `training_batches`. A file that cannot be read ends the iteration with
            TensorFlow's own error: see
            `naming_the_unreadable`.
    """

    def read(path, label, domain, seed):
        picture = tf.cond(
            domain == SKETCH,
            lambda: variation.sketch(read_picture(path), seed),
            lambda: variation.photo(read_picture(path, files.swap_red_blue), seed),
        )
        return {"image": picture, "domain": tf.cast(domain, tf.float32)[None]}, label

    drawn = drawn_files(files, batch_size, seed, first_step, classes_per_batch)
    pictures = drawn.unbatch().map(read, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    return pictures.batch(batch_size, drop_remainder=True).prefetch(tf.data.AUTOTUNE)


def drawn_files(
    files: TrainingFiles, batch_size: int, seed: int, first_step: int, classes_per_batch: int | None
) -> tf.data.Dataset:
    """Which files make each batch: (paths, labels, domains, seeds (B, 2)) of every step."""
    half = half_of(batch_size, files)
    choose = item_draw(files, half, seed, classes_per_batch)
    paths = [tf.constant(files.sketches), tf.constant(files.photos)]
    labels = [tf.constant(of, tf.int32) for of in (files.sketch_labels, files.photo_labels)]

    def draw(step):
        seeds = tf.random.experimental.stateless_split([seed, 0], 2)
        parts = []
        for domain in (SKETCH, PHOTO):
            chosen = choose(domain, step, seeds[domain])
            own = tf.random.experimental.stateless_split(fold_in(seeds[domain], step), half)
            of_domain = (tf.gather(paths[domain], chosen), tf.gather(labels[domain], chosen))
            parts.append((*of_domain, tf.fill([half], domain), own))
        return tuple(tf.concat(pair, axis=0) for pair in zip(*parts, strict=True))

    steps = tf.data.Dataset.range(first_step, np.iinfo(np.int64).max)
    return steps.map(draw, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)


def next_files(files: TrainingFiles, *draw) -> Iterator[str]:
    """The paths of the next few batches, in order; `draw` as for `drawn_files`."""
    for paths, *_ in islice(drawn_files(files, *draw), _SEARCHED_STEPS):
        yield from (path.decode() for path in paths.numpy())
