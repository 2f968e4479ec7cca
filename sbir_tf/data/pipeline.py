"""Training batches: half sketches, half photos, from pictures held in memory."""

from dataclasses import dataclass, field

import numpy as np
import tensorflow as tf

from sbir_tf.data.augmentation import Colour, Geometry, random_affine, random_colour
from sbir_tf.data.drawing import Drawing, random_drawing
from sbir_tf.data.draws import ItemsByClass, draw_distinct, draw_without_replacement
from sbir_tf.data.layouts.layout import DOMAINS
from sbir_tf.data.parallel import BATCHES, ahead
from sbir_tf.errors import UserError

SKETCH, PHOTO = (DOMAINS.index(name) for name in ("sketch", "photo"))


@dataclass(frozen=True)
class TrainingPictures:
    """What a training sees, all pictures at one size.

    Attributes:
        sketches: (N, V, S, S) uint8 grey: V renderings of each sketch, of other stroke widths
            or with strokes left out.
        sketch_labels: (N,) int32.
        photos: (M, S, S, 3) uint8.
        photo_labels: (M,) int32.
        class_names: Names of the K classes, in the order of the labels.
    """

    sketches: np.ndarray
    sketch_labels: np.ndarray
    photos: np.ndarray
    photo_labels: np.ndarray
    class_names: tuple[str, ...]


@dataclass(frozen=True)
class Augmentation:
    """How sketches and photos are varied.

    Attributes:
        sketch, photo: How far each domain's pictures move.
        colour: How far photos' colours go.
        drawing: How far sketches' lines change.
    """

    sketch: Geometry = field(default_factory=Geometry)
    photo: Geometry = field(default_factory=Geometry)
    colour: Colour = field(default_factory=Colour)
    drawing: Drawing = field(default_factory=Drawing)


def training_batches(
    pictures: TrainingPictures,
    batch_size: int,
    augmentation: Augmentation,
    seed: int = 0,
    first_step: int = 0,
    classes_per_batch: int | None = None,
    balanced: bool = False,
) -> tf.data.Dataset:
    """Endless batches of `batch_size / 2` sketches, then as many photos.

    Each domain is drawn without replacement, reshuffled when it is used up (or, with
    `classes_per_batch`, the classes are; or, balanced, each class is). A batch depends on
    `seed` and on its step's number alone: not on the number of workers, and a training that
    continues at `first_step` sees exactly the batches it would have seen.

    Args:
        pictures: The pictures to draw from.
        batch_size: Even.
        augmentation: How pictures are varied.
        seed: Of order and variation.
        first_step: Number of the first batch.
        classes_per_batch: P, how many classes make a batch, each with as many items of each
            domain (P x K sampling, for losses that compare the items of a batch); None draws
            items whatever their class.
        balanced: Every class as often as the others, however many items it has.

    Returns:
        A dataset of ({"image": (B, S, S, 3) float32 in 0-255, "domain": (B, 1) float32},
        labels (B,) int32).

    Raises:
        UserError: If `batch_size` is odd or not positive, does not divide among the classes of a
            batch, or a domain or a class has no pictures.
    """
    half = half_of(batch_size, pictures)
    choose = item_draw(pictures, half, seed, classes_per_batch, balanced)
    sketches, photos = tf.constant(pictures.sketches), tf.constant(pictures.photos)
    sketch_labels = tf.constant(pictures.sketch_labels, tf.int32)
    photo_labels = tf.constant(pictures.photo_labels, tf.int32)
    domain = tf.constant([[SKETCH]] * half + [[PHOTO]] * half, tf.float32)

    def batch(step):
        seeds = tf.random.experimental.stateless_split([seed, 0], 2)
        chosen = choose(SKETCH, step, seeds[0])
        sketch = vary_sketches(
            tf.gather(sketches, chosen),
            fold_in(seeds[0], step),
            augmentation.sketch,
            augmentation.drawing,
        )
        labels = tf.gather(sketch_labels, chosen)
        chosen = choose(PHOTO, step, seeds[1])
        photo = vary_photos(
            tf.gather(photos, chosen),
            fold_in(seeds[1], step),
            augmentation.photo,
            augmentation.colour,
        )
        labels = tf.concat([labels, tf.gather(photo_labels, chosen)], axis=0)
        return {"image": tf.concat([sketch, photo], axis=0), "domain": domain}, labels

    steps = tf.data.Dataset.range(first_step, np.iinfo(np.int64).max)
    return ahead(steps.map(batch, num_parallel_calls=BATCHES))


def half_of(batch_size: int, pictures) -> int:
    """How many sketches, and how many photos, make a batch."""
    if batch_size < 2 or batch_size % 2:
        raise UserError(
            "`batch_size` must be even and positive, half sketches and half photos. "
            f"Received: batch_size={batch_size}"
        )
    for name, array in (("sketches", pictures.sketches), ("photos", pictures.photos)):
        if not len(array):
            raise UserError(f"There are no {name} to train on. Received: 0 {name}")
    return batch_size // 2


def item_draw(
    pictures, half: int, seed: int, classes_per_batch: int | None, balanced: bool = False
):
    """How a batch's items are chosen: a function of domain, step and the domain's seed."""
    labels = (pictures.sketch_labels, pictures.photo_labels)
    if balanced or classes_per_batch is not None:
        tables = [
            ItemsByClass(of_domain, pictures.class_names, kind)
            for of_domain, kind in zip(labels, ("sketches", "photos"), strict=True)
        ]
    if balanced:
        return lambda domain, step, key: tables[domain].draw_in_turn(half, step, key)
    if classes_per_batch is None:
        return lambda domain, step, key: draw_without_replacement(
            len(labels[domain]), half, step, key
        )
    classes = len(pictures.class_names)
    if not 1 <= classes_per_batch <= classes or half % classes_per_batch:
        raise UserError(
            f"`classes_per_batch` must divide the {half} items of each domain in a batch and not "
            f"exceed the {classes} classes. Received: classes_per_batch={classes_per_batch}"
        )

    def of_whole_classes(domain, step, key):
        # One draw of classes for both domains: its seed is apart from theirs.
        chosen = draw_distinct(classes, classes_per_batch, step, tf.constant([seed, 1], tf.int64))
        return tables[domain].draw(chosen, half // classes_per_batch, fold_in(key, step))

    return of_whole_classes


def fold_in(seed, step):
    """The seed of one step. Steps have keys of their own, apart from those of the epochs."""
    return tf.random.experimental.stateless_fold_in(seed, 2 * step + 1)


def vary_sketches(
    sketches: tf.Tensor, seed: tf.Tensor, geometry: Geometry, drawing: Drawing
) -> tf.Tensor:
    """One of the renderings of each sketch, moved: (B, V, S, S) to (B, S, S, 3) float32."""
    seeds = tf.random.experimental.stateless_split(seed, 2)
    shape = tf.shape(sketches)
    width = tf.random.stateless_uniform(shape[:1], seeds[0], 0, shape[1], tf.int32)
    chosen = tf.gather(sketches, width, batch_dims=1)[..., None]
    moved = random_affine(chosen, seeds[1], geometry)
    drawn = random_drawing(moved, tf.random.experimental.stateless_fold_in(seed, 2), drawing)
    return tf.repeat(drawn, 3, axis=-1)


def vary_photos(
    photos: tf.Tensor, seed: tf.Tensor, geometry: Geometry, colour: Colour
) -> tf.Tensor:
    """Photos cropped or moved, mirrored and recoloured: (B, S, S, 3) float32."""
    seeds = tf.random.experimental.stateless_split(seed, 2)
    return random_colour(random_affine(photos, seeds[0], geometry), seeds[1], colour)
