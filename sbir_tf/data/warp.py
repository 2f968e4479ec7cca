"""Elastic warps: the paper of a sketch stretched here and there."""

import tensorflow as tf

from sbir_tf.addons import load_addons


def random_warp(images: tf.Tensor, seed: tf.Tensor, shift: float, points: int) -> tf.Tensor:
    """Each picture stretched by a smooth random field: lines waver, as by another hand.

    Args:
        images: (B, H, W, C) float32.
        seed: (2,) int.
        shift: Largest shift of a point, as a share of the side.
        points: Points along each side that are shifted by themselves; the shift of a pixel is
            the bicubic interpolation of theirs.

    Returns:
        (B, H, W, C) float32. At the border the outermost pixels repeat.

    Raises:
        UserError: If tensorflow-addons is not installed.
    """
    shape = tf.shape(images)
    sides = tf.cast(shape[1:3], tf.float32)
    grid = tf.random.stateless_uniform(tf.stack([shape[0], points, points, 2]), seed, -1.0, 1.0)
    field = tf.image.resize(grid * shift * sides, shape[1:3], method="bicubic")
    addons = load_addons("image", "Warped sketches need", "set data.drawing.warp=0")
    return addons.dense_image_warp(images, field)
