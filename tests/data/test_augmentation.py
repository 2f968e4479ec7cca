import math

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from sbir_tf.data.augmentation import Colour, Geometry, random_affine, random_colour

SEED = tf.constant([1, 2])


@pytest.fixture(scope="module")
def drawings():
    """Four white papers with a dark block off the centre."""
    images = np.full((4, 32, 32, 3), 255, np.uint8)
    images[:, 10:16, 6:20] = (20, 90, 160)
    return images


@pytest.mark.parametrize(
    "change",
    [
        lambda x, s: random_affine(x, s, Geometry(30, (0.7, 1.3), 0.2, 0.2, 0.1)),
        lambda x, s: random_colour(x, s, Colour(0.2, 0.3, 0.3, 0.2, 0.5)),
    ],
)
def test_an_operation_gives_the_same_eagerly_and_inside_map(drawings, change):
    eager = change(drawings, SEED).numpy()
    mapped = tf.data.Dataset.from_tensors(drawings).map(lambda x: change(x, SEED))
    np.testing.assert_allclose(next(mapped.as_numpy_iterator()), eager, atol=1e-3)
    assert not np.array_equal(eager[0], eager[1])  # each picture by itself


def test_no_change_is_asked_for_and_none_is_made(drawings):
    still = random_affine(drawings, SEED, Geometry(flip=False))
    np.testing.assert_allclose(still, drawings, atol=1e-3)
    np.testing.assert_allclose(random_colour(drawings, SEED, Colour()), drawings, atol=1e-2)


def test_a_flip_alone_mirrors_some_and_leaves_the_rest(drawings):
    many = np.repeat(drawings[:1], 32, axis=0)
    flipped = random_affine(many, SEED, Geometry()).numpy()
    mirrored = [np.allclose(one, drawings[0][:, ::-1], atol=1e-3) for one in flipped]
    same = [np.allclose(one, drawings[0], atol=1e-3) for one in flipped]
    assert all(m != s for m, s in zip(mirrored, same, strict=True))
    assert 4 < sum(mirrored) < 28


def test_a_rotation_is_pillows_rotation(drawings):
    """With a range of one angle only its sign is left to chance."""
    many = np.repeat(drawings[:1], 16, axis=0)
    turned = random_affine(many, SEED, Geometry(rotation=90, flip=False)).numpy()
    for one in turned:
        # Which angle was it? The one that Pillow's own rotation agrees with best.
        angles = np.arange(-90, 91)
        errors = [np.abs(one - rotated(drawings[0], angle)).mean() for angle in angles]
        assert min(errors) < 2.5


def rotated(image, angle):
    paper = (255, 255, 255)
    turned = Image.fromarray(image).rotate(int(angle), Image.BILINEAR, fillcolor=paper)
    return np.asarray(turned, np.float32)


def test_a_zoom_scales_the_ink_by_its_square(drawings):
    for zoom in (0.5, 1.25):
        zoomed = random_affine(drawings, SEED, Geometry(zoom=(zoom, zoom), flip=False)).numpy()
        ink = (255 - zoomed).sum() / (255.0 - drawings).sum()
        np.testing.assert_allclose(ink, zoom**2, rtol=0.03)


def test_what_moves_in_from_outside_is_white_paper(drawings):
    shifted = random_affine(drawings, SEED, Geometry(zoom=(0.3, 0.3), shift=0.3)).numpy()
    assert shifted[:, 0].min() > 254 or shifted[:, -1].min() > 254


def test_grey_takes_the_colour_and_keeps_the_brightness(drawings):
    grey = random_colour(drawings, SEED, Colour(grey=1.0)).numpy()
    np.testing.assert_allclose(grey[..., 0], grey[..., 2], atol=1e-2)
    expected = np.asarray(Image.fromarray(drawings[0]).convert("L"), np.float32)
    np.testing.assert_allclose(grey[0, :, :, 0], expected, atol=1.0)


def test_hue_turns_colours_and_leaves_white_and_grey_alone(drawings):
    turned = random_colour(drawings, SEED, Colour(hue=0.5)).numpy()
    paper = drawings.min(axis=-1) == 255
    np.testing.assert_allclose(turned[paper], 255, atol=1e-2)
    assert np.abs(turned[~paper] - drawings[~paper]).max() > 10
    third = 2 * math.pi / 3
    from sbir_tf.data.augmentation import _rotate_hue

    by_a_third = _rotate_hue(tf.cast(drawings[:1], tf.float32), tf.constant([third])).numpy()
    np.testing.assert_allclose(by_a_third[0], np.roll(drawings[0], 1, axis=-1), atol=1e-2)
