"""Random changes of a batch of pictures, in TensorFlow, reproducible from a seed.

Every function takes `images` (B, H, W, C), any numeric dtype, values 0-255, and a stateless
`seed` (2,) int; the same seed gives the same result in eager code and inside `Dataset.map`.
"""

import math
from dataclasses import dataclass

import tensorflow as tf

WHITE = 255.0


@dataclass(frozen=True)
class Geometry:
    """How far a random affine map may go. Zero leaves that part alone.

    Attributes:
        rotation: Largest angle, degrees, either way.
        zoom: Smallest and largest magnification of the content.
        stretch: Largest relative difference between the magnifications of the two axes.
        shear: Largest shear, either way.
        shift: Largest shift, as a share of the side, either way.
        flip: Mirror half of the pictures left to right.
    """

    rotation: float = 0.0
    zoom: tuple[float, float] = (1.0, 1.0)
    stretch: float = 0.0
    shear: float = 0.0
    shift: float = 0.0
    flip: bool = True


@dataclass(frozen=True)
class Colour:
    """How far the colours may go. Zero leaves that part alone.

    Attributes:
        brightness: Largest shift, as a share of 255.
        contrast: Largest relative change of contrast.
        saturation: Largest relative change of saturation.
        hue: Largest rotation of the hue, as a share of the full circle.
        grey: Share of pictures that lose their colour.
    """

    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    hue: float = 0.0
    grey: float = 0.0


def random_affine(images: tf.Tensor, seed: tf.Tensor, geometry: Geometry) -> tf.Tensor:
    """Rotate, zoom, stretch, shear, shift and mirror each picture by itself, on white paper.

    Args:
        images: (B, H, W, C).
        seed: (2,) int.
        geometry: The largest changes.

    Returns:
        (B, H, W, C) float32.
    """
    images = tf.cast(images, tf.float32)
    shape = tf.shape(images)
    draw = _Draw(seed, shape[0])
    angle = draw.symmetric(geometry.rotation * math.pi / 180)
    zoom = tf.exp(draw.between(*(math.log(z) for z in geometry.zoom)))
    stretch = tf.exp(draw.symmetric(geometry.stretch) / 2)
    shear = draw.symmetric(geometry.shear)
    mirror = draw.sign() if geometry.flip else tf.ones(shape[:1])
    shift_x, shift_y = draw.symmetric(geometry.shift), draw.symmetric(geometry.shift)
    # The inverse map: where in the source does a pixel of the result come from.
    cos, sin = tf.cos(angle), tf.sin(angle)
    width, height = 1 / (zoom * stretch), stretch / zoom
    a = mirror * cos * width
    b = mirror * (shear * cos - sin) * height
    c = sin * width
    d = (shear * sin + cos) * height
    return _warp(images, a, b, c, d, shift_x, shift_y)


def _warp(images, a, b, c, d, shift_x, shift_y):
    """Sample source (x, y) = [[a, b], [c, d]] (result - centre) + centre + shift."""
    shape = tf.shape(images)
    side_x, side_y = tf.cast(shape[2], tf.float32), tf.cast(shape[1], tf.float32)
    centre_x, centre_y = (side_x - 1) / 2, (side_y - 1) / 2
    offset_x = centre_x - a * centre_x - b * centre_y + shift_x * side_x
    offset_y = centre_y - c * centre_x - d * centre_y + shift_y * side_y
    zero = tf.zeros_like(a)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=tf.stack([a, b, offset_x, c, d, offset_y, zero, zero], axis=1),
        output_shape=shape[1:3],
        fill_value=WHITE,
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
    )


def random_colour(images: tf.Tensor, seed: tf.Tensor, colour: Colour) -> tf.Tensor:
    """Move brightness, contrast, saturation and hue of each picture; some lose their colour.

    Args:
        images: (B, H, W, 3).
        seed: (2,) int.
        colour: The largest changes.

    Returns:
        (B, H, W, 3) float32, in 0-255.
    """
    images = tf.cast(images, tf.float32)
    draw = _Draw(seed, tf.shape(images)[0])

    def factor(largest):
        return (1 + draw.symmetric(largest))[:, None, None, None]

    brightness = WHITE * draw.symmetric(colour.brightness)[:, None, None, None]
    grey = tf.image.rgb_to_grayscale(images)
    saturation = (
        factor(colour.saturation)
        * tf.cast(draw.between(0.0, 1.0) >= colour.grey, tf.float32)[:, None, None, None]
    )
    images = _rotate_hue(images, draw.symmetric(colour.hue) * 2 * math.pi)
    images = grey + (images - grey) * saturation
    mean = tf.reduce_mean(images, axis=(1, 2, 3), keepdims=True)
    images = mean + (images - mean) * factor(colour.contrast) + brightness
    return tf.clip_by_value(images, 0.0, WHITE)


def _rotate_hue(images, angle):
    """Turn the colours about the grey axis: a rotation matrix for each picture."""
    cos, sin = tf.cos(angle)[:, None, None], tf.sin(angle)[:, None, None]
    third = tf.ones((3, 3)) / 3
    cross = tf.constant([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]]) / math.sqrt(3)
    rotation = cos * tf.eye(3) + (1 - cos) * third + sin * cross
    shape = tf.shape(images)
    pixels = tf.reshape(images, [shape[0], -1, 3])
    return tf.reshape(tf.matmul(pixels, rotation, transpose_b=True), shape)


class _Draw:
    """Independent random numbers, one for each picture, from one stateless seed."""

    def __init__(self, seed, count):
        self._seed, self._count, self._drawn = seed, count, 0

    def between(self, low: float, high: float) -> tf.Tensor:
        self._drawn += 1
        seed = tf.random.experimental.stateless_fold_in(self._seed, self._drawn)
        uniform = tf.random.stateless_uniform(tf.reshape(self._count, [1]), seed)
        return low + (high - low) * uniform

    def symmetric(self, largest: float) -> tf.Tensor:
        return self.between(-largest, largest)

    def sign(self) -> tf.Tensor:
        return tf.where(self.between(0.0, 1.0) < 0.5, -1.0, 1.0)
