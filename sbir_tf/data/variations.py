"""How one picture read from a file becomes a varied square one, for each domain."""

from dataclasses import dataclass, field
from typing import Protocol

import tensorflow as tf

from sbir_tf.data.augmentation import Geometry, random_affine, random_colour
from sbir_tf.data.boxes import random_erasing, random_resized_crop, resize
from sbir_tf.data.drawing import Drawing, random_drawing
from sbir_tf.data.pipeline import Augmentation


class Variation(Protocol):
    """How one picture (H, W, 3) of any size becomes a varied one (S, S, 3) float32."""

    def sketch(self, picture: tf.Tensor, seed: tf.Tensor) -> tf.Tensor: ...

    def photo(self, picture: tf.Tensor, seed: tf.Tensor) -> tf.Tensor: ...


@dataclass(frozen=True)
class Moved:
    """Pictures squeezed into a square, then moved and recoloured as the icons are."""

    size: int
    augmentation: Augmentation

    def sketch(self, picture, seed):
        moved = random_affine(resize(picture, self.size)[None], seed, self.augmentation.sketch)
        own = tf.random.experimental.stateless_fold_in(seed, 2)
        return random_drawing(moved, own, self.augmentation.drawing)[0]

    def photo(self, picture, seed):
        seeds = tf.random.experimental.stateless_split(seed, 2)
        moved = random_affine(resize(picture, self.size)[None], seeds[0], self.augmentation.photo)
        return random_colour(moved, seeds[1], self.augmentation.colour)[0]


@dataclass(frozen=True)
class Published:
    """Sketches cropped, mirrored, turned and erased in part; photos mirrored alone.

    Attributes:
        size: Side of the results.
        crop: Smallest and largest share of a sketch that is kept.
        rotation: Largest angle of a sketch, degrees, either way; white moves in.
        erasing: Share of the sketches that lose a rectangle.
        drawing: How far sketches' lines change; nothing, as published.
    """

    size: int
    crop: tuple[float, float] = (0.6, 1.0)
    rotation: float = 90.0
    erasing: float = 0.6
    drawing: Drawing = field(default_factory=Drawing)

    def sketch(self, picture: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """A sketch (H, W, 3) varied: (size, size, 3)."""
        seeds = tf.random.experimental.stateless_split(seed, 3)
        picture = random_resized_crop(picture, seeds[0], self.size, self.crop)
        turn = Geometry(rotation=self.rotation, flip=True)
        moved = random_affine(picture[None], seeds[1], turn)
        own = tf.random.experimental.stateless_fold_in(seed, 3)
        picture = random_drawing(moved, own, self.drawing)[0]
        return random_erasing(picture, seeds[2], self.erasing)

    def photo(self, picture: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """A photo (H, W, 3) varied: (size, size, 3)."""
        return random_affine(resize(picture, self.size)[None], seed, Geometry(flip=True))[0]
