"""Random crops and erased boxes, one picture at a time, reproducible from a seed.

Every function takes `picture` (H, W, 3) float32, values 0-255, and a stateless `seed` (2,) int;
the same seed gives the same result in eager code and inside `Dataset.map`. Boxes are drawn as
torchvision, which the published runs used, draws them.
"""

import math

import tensorflow as tf

from sbir_tf.data.decoding import WHITE

ATTEMPTS = 10  # torchvision's, before it gives up on finding a box that fits


def resize(picture: tf.Tensor, size: int) -> tf.Tensor:
    """The whole picture, squeezed into a square: (size, size, 3)."""
    return tf.image.resize(picture, (size, size), antialias=True)


def resized_centre(picture: tf.Tensor, size: int, test_resize: int | None = None) -> tf.Tensor:
    """The middle `size` x `size` of the picture resized to `test_resize`: test sketches."""
    side = test_resize or size
    before = (side - size) // 2
    return resize(picture, side)[before : before + size, before : before + size]


def random_resized_crop(
    picture: tf.Tensor,
    seed: tf.Tensor,
    size: int,
    scale: tuple[float, float] = (0.6, 1.0),
    ratio: tuple[float, float] = (3 / 4, 4 / 3),
) -> tf.Tensor:
    """A random box of the picture, resized to a square.

    Args:
        picture: (H, W, 3).
        seed: (2,) int.
        size: Side of the result.
        scale: Smallest and largest share of the area.
        ratio: Smallest and largest width / height.

    Returns:
        (size, size, 3) float32. Where no box fits, it is of the middle, the ratio kept in bounds.
    """
    shape = tf.shape(picture)[:2]
    found, start, box = random_box(shape, shape, seed, scale, ratio)
    sides = tf.cast(shape, tf.float32)
    widest = tf.cast(tf.round(tf.stack([sides[1] / ratio[0], sides[0] * ratio[1]])), tf.int32)
    middle = tf.minimum(shape, widest)
    start = tf.where(found, start, (shape - middle) // 2)
    box = tf.where(found, box, middle)
    cut = tf.slice(picture, tf.pad(start, [[0, 1]]), tf.concat([box, [-1]], axis=0))
    return resize(cut, size)


def random_erasing(
    picture: tf.Tensor,
    seed: tf.Tensor,
    probability: float,
    scale: tuple[float, float] = (0.02, 0.33),
    ratio: tuple[float, float] = (0.3, 3.3),
) -> tf.Tensor:
    """The picture with, now and then, a random box of it white: paper.

    Args:
        picture: (H, W, C).
        seed: (2,) int.
        probability: Of losing a box.
        scale: Smallest and largest share of the area.
        ratio: Smallest and largest height / width.

    Returns:
        (H, W, C) float32.
    """
    seeds = tf.random.experimental.stateless_split(seed, 2)
    shape = tf.shape(picture)[:2]
    # Of a box of height / width r, width / height is 1 / r.
    upright = (1 / ratio[1], 1 / ratio[0])
    found, start, box = random_box(shape, shape - 1, seeds[0], scale, upright)
    happens = found & (tf.random.stateless_uniform([], seeds[1]) < probability)
    rows, columns = tf.range(shape[0])[:, None], tf.range(shape[1])[None]
    inside = (rows >= start[0]) & (rows < start[0] + box[0])
    inside &= (columns >= start[1]) & (columns < start[1] + box[1])
    return tf.where((happens & inside)[..., None], WHITE, picture)


def random_box(shape, largest, seed, scale, ratio):
    """The first of ten random boxes that fits.

    Its share of the area is uniform in `scale`, its width / height log-uniform in `ratio`, its
    place uniform.

    Returns:
        Whether one fits, its first row and column (2,), its height and width (2,).
    """
    seeds = tf.random.experimental.stateless_split(seed, 3)
    share = tf.random.stateless_uniform([ATTEMPTS], seeds[0], *scale)
    logs = tf.random.stateless_uniform([ATTEMPTS], seeds[1], *map(math.log, ratio))
    area = share * tf.cast(tf.reduce_prod(shape), tf.float32)
    sides = tf.sqrt(tf.stack([area / tf.exp(logs), area * tf.exp(logs)], axis=1))
    boxes = tf.cast(tf.round(sides), tf.int32)
    fits = tf.reduce_all((boxes > 0) & (boxes <= largest), axis=1)
    box = boxes[tf.argmax(fits)]
    room = tf.maximum(shape - box, 0) + 1
    place = tf.random.stateless_uniform([2], seeds[2]) * tf.cast(room, tf.float32)
    return tf.reduce_any(fits), tf.minimum(tf.cast(place, tf.int32), room - 1), box
