"""How hands and pens differ: wider or thinner lines, wavering ones. In TensorFlow, from a seed.

As in `sbir_tf.data.augmentation`, functions take `images` (B, H, W, C), values 0-255 on white
paper, and a stateless `seed` (2,) int.
"""

import math
from dataclasses import dataclass

import tensorflow as tf

from sbir_tf.data.augmentation import WHITE
from sbir_tf.data.warp import random_warp

_STEP = 2.0  # what one pooling over 3 x 3 adds to a line's width, pixels


@dataclass(frozen=True)
class Drawing:
    """How far a sketch's lines may change. Zero leaves that part alone.

    Attributes:
        thinner, wider: Largest change of the lines' width, pixels of the training's size.
        warp: Largest shift of a point of the drawing, as a share of the side.
        warp_points: Points along a side that are shifted by themselves; between them the paper
            stretches.
    """

    thinner: float = 0.0
    wider: float = 0.0
    warp: float = 0.0
    warp_points: int = 4


def random_drawing(images: tf.Tensor, seed: tf.Tensor, drawing: Drawing) -> tf.Tensor:
    """Each sketch as another hand with another pen would draw it.

    Args:
        images: (B, H, W, C).
        seed: (2,) int.
        drawing: The largest changes.

    Returns:
        (B, H, W, C) float32, in 0-255.
    """
    seeds = tf.random.experimental.stateless_split(seed, 2)
    images = tf.cast(images, tf.float32)
    if drawing.warp:
        images = random_warp(images, seeds[0], drawing.warp, drawing.warp_points)
    if drawing.thinner or drawing.wider:
        images = random_strokes(images, seeds[1], drawing.thinner, drawing.wider)
    return images


def random_strokes(images: tf.Tensor, seed: tf.Tensor, thinner: float, wider: float) -> tf.Tensor:
    """Lines of each sketch wider or thinner by a random width.

    Ink spreads (or shrinks) by grey dilation (erosion) over 3 x 3 pixels; widths between whole
    steps are the mean of their neighbours, weighted.

    Args:
        images: (B, H, W, C).
        seed: (2,) int.
        thinner, wider: The largest changes, pixels.

    Returns:
        (B, H, W, C) float32.
    """
    ink = WHITE - tf.cast(images, tf.float32)
    least, most = math.ceil(thinner / _STEP), math.ceil(wider / _STEP)
    levels = [ink]
    for _ in range(least):
        levels.insert(0, -_spread(-levels[0]))
    for _ in range(most):
        levels.append(_spread(levels[-1]))
    change = tf.random.stateless_uniform(tf.shape(ink)[:1], seed, -thinner, wider) / _STEP
    below = tf.floor(change)
    part = (change - below)[:, None, None, None]
    stack = tf.stack(levels, axis=1)
    lower = tf.cast(below, tf.int32) + least
    upper = tf.minimum(lower + 1, len(levels) - 1)
    low, high = (tf.gather(stack, level, batch_dims=1) for level in (lower, upper))
    return WHITE - (low + (high - low) * part)


def _spread(ink):
    return tf.nn.max_pool2d(ink, ksize=3, strides=1, padding="SAME")
