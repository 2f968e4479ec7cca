"""Pictures read as they are needed: training batches and galleries larger than memory."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice

import numpy as np
import tensorflow as tf

from sbir_tf.data.parallel import AHEAD, PICTURES, ahead
from sbir_tf.data.pipeline import PHOTO, SKETCH, fold_in, half_of, item_draw
from sbir_tf.data.stores import Store
from sbir_tf.data.variations import Variation
from sbir_tf.errors import UserError

# The batch that fails is the next one; a few more cost nothing.
_SEARCHED_STEPS = 4


@dataclass(frozen=True)
class TrainingItems:
    """What a training sees: `TrainingPictures` by their places on disk.

    Attributes:
        sketches, photos: (N,) and (M,) places, each in its store.
        sketch_labels, photo_labels: (N,) and (M,) int32.
        class_names: Names of the K classes, in the order of the labels.
        sketch_store, photo_store: Where the places are.
    """

    sketches: np.ndarray
    sketch_labels: np.ndarray
    photos: np.ndarray
    photo_labels: np.ndarray
    class_names: tuple[str, ...]
    sketch_store: Store
    photo_store: Store

    @property
    def stores(self) -> tuple[Store, Store]:
        """By domain."""
        return self.sketch_store, self.photo_store


def streamed_batches(
    items: TrainingItems,
    batch_size: int,
    variation: Variation,
    seed: int = 0,
    first_step: int = 0,
    classes_per_batch: int | None = None,
    balanced: bool = False,
) -> tf.data.Dataset:
    """Endless batches of `batch_size / 2` sketches, then as many photos, read from disk.

    Drawn as `training_batches` draws them: a batch depends on `seed` and on its step's number
    alone. Pictures are read and varied in parallel, and come in order.

    Args:
        items: The pictures to draw from.
        batch_size: Even.
        variation: How pictures are varied.
        seed: Of order and variation.
        first_step: Number of the first batch.
        classes_per_batch: P of P x K sampling; None draws items whatever their class.
        balanced: Every class as often as the others.

    Returns:
        A dataset of ({"image": (B, S, S, 3) float32 in 0-255, "domain": (B, 1) float32},
        labels (B,) int32).

    Raises:
        UserError: As `training_batches`. A picture that cannot be read ends the iteration with
            TensorFlow's own error: see `naming_the_unreadable`.
    """
    sketches, photos = items.stores

    def fetch(places, labels, domains, seeds):
        half = batch_size // 2
        parts = (sketches.fetch(places[0]), photos.fetch(places[1]))
        fetched = tf.ensure_shape(tf.concat(parts, axis=0), [2 * half])
        return fetched, labels, domains, seeds

    def read(fetched, label, domain, seed):
        picture = tf.cond(
            domain == SKETCH,
            lambda: variation.sketch(sketches.picture(fetched), seed),
            lambda: variation.photo(photos.picture(fetched), seed),
        )
        return {"image": picture, "domain": tf.cast(domain, tf.float32)[None]}, label

    drawn = drawn_items(items, batch_size, seed, first_step, classes_per_batch, balanced)
    fetched = drawn.map(fetch, num_parallel_calls=AHEAD, deterministic=True)
    pictures = fetched.unbatch().map(read, num_parallel_calls=PICTURES, deterministic=True)
    return ahead(pictures.batch(batch_size, drop_remainder=True))


def drawn_items(
    items: TrainingItems,
    batch_size: int,
    seed: int,
    first_step: int,
    classes_per_batch: int | None,
    balanced: bool = False,
) -> tf.data.Dataset:
    """What makes the batch of every step.

    Returns:
        A dataset of ((places of sketches (B/2,), of photos (B/2,)), labels (B,), domains (B,),
        seeds (B, 2)).
    """
    half = half_of(batch_size, items)
    choose = item_draw(items, half, seed, classes_per_batch, balanced)
    places = [tf.constant(items.sketches), tf.constant(items.photos)]
    labels = [tf.constant(of, tf.int32) for of in (items.sketch_labels, items.photo_labels)]

    def draw(step):
        keys = tf.random.experimental.stateless_split([seed, 0], 2)
        chosen = [choose(domain, step, keys[domain]) for domain in (SKETCH, PHOTO)]
        own = [
            tf.random.experimental.stateless_split(fold_in(keys[domain], step), half)
            for domain in (SKETCH, PHOTO)
        ]
        return (
            tuple(map(tf.gather, places, chosen)),
            tf.concat(list(map(tf.gather, labels, chosen)), axis=0),
            tf.repeat([SKETCH, PHOTO], half),
            tf.concat(own, axis=0),
        )

    steps = tf.data.Dataset.range(first_step, np.iinfo(np.int64).max)
    return steps.map(draw, num_parallel_calls=AHEAD, deterministic=True)


def next_places(items: TrainingItems, *draw) -> Iterator[tuple[Store, object]]:
    """Stores and places of the next few batches, in order; `draw` as for `drawn_items`."""
    for places, *_ in islice(drawn_items(items, *draw), _SEARCHED_STEPS):
        for store, of_domain in zip(items.stores, places, strict=True):
            yield from ((store, place) for place in of_domain.numpy())


def pictures_in_order(
    store: Store, places: np.ndarray, frame: Callable[[tf.Tensor], tf.Tensor], batch_size: int
) -> Iterator[np.ndarray]:
    """The pictures at some places in batches (B, S, S, 3), each made square by `frame`.

    Raises:
        UserError: Naming a picture that cannot be read.
    """
    fetched = tf.data.Dataset.from_tensor_slices(places).batch(batch_size).map(store.fetch)
    pictures = fetched.unbatch().map(
        lambda one: frame(store.picture(one)),
        num_parallel_calls=PICTURES,
        deterministic=True,
    )
    batches = iter(ahead(pictures.batch(batch_size)))
    for start in range(0, len(places), batch_size):
        with naming_the_unreadable((store, p) for p in places[start : start + batch_size]):
            batch = next(batches).numpy()
        yield batch


@contextmanager
def naming_the_unreadable(candidates: Iterable[tuple[Store, object]]) -> Iterator[None]:
    """Turns TensorFlow's error about a picture into one that names it.

    Args:
        candidates: Stores and places to look for it; read only if there is an error.

    Raises:
        UserError: If one of them cannot be read; else the error goes on as it is.
    """
    try:
        yield
    except tf.errors.OpError as error:
        for store, place in candidates:
            try:
                store.picture(store.fetch(tf.constant([place]))[0])
            except tf.errors.OpError:
                raise UserError(store.explain(place)) from error
        raise
