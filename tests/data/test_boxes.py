import math

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from sbir_tf.data.boxes import (
    random_box,
    random_erasing,
    random_resized_crop,
    resize,
    resized_centre,
)

SEED = tf.constant([1, 2])


@pytest.fixture(scope="module")
def ramp():
    """A picture whose red is its column and whose green is its row."""
    rows, columns = np.mgrid[0:48, 0:64]
    return np.stack([columns, rows, np.zeros_like(rows)], axis=-1).astype(np.float32)


def many(function, count):
    """What the function gives for `count` seeds."""
    seeds = tf.data.Dataset.range(count).map(lambda n: tf.stack([n, tf.constant(7, tf.int64)]))
    return next(seeds.map(function).batch(count).as_numpy_iterator())


def box_by_definition(random, height, width, largest, scale, ratio):
    """torchvision's: (height, width) of the first of ten that fits, or None."""
    for _ in range(10):
        area = height * width * random.uniform(*scale)
        aspect = math.exp(random.uniform(math.log(ratio[0]), math.log(ratio[1])))
        w, h = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if 0 < w <= largest[1] and 0 < h <= largest[0]:
            return h, w
    return None


@pytest.mark.parametrize(
    ("shape", "slack", "scale", "ratio"),
    [
        ((48, 64), 0, (0.6, 1.0), (3 / 4, 4 / 3)),
        ((48, 48), 1, (0.02, 0.33), (0.3, 3.3)),
        ((20, 90), 0, (0.6, 1.0), (3 / 4, 4 / 3)),  # mostly, none fits
    ],
)
def test_boxes_are_drawn_as_torchvision_draws_them(shape, slack, scale, ratio):
    largest = np.array(shape) - slack
    found, start, box = many(
        lambda seed: random_box(tf.constant(shape), largest, seed, scale, ratio), 2000
    )
    random = np.random.default_rng(0)
    expected = [box_by_definition(random, *shape, largest, scale, ratio) for _ in range(2000)]
    fitting = np.array([pair for pair in expected if pair is not None])
    # 2,000 draws: a share is known to 0.03, a mean to a twentieth of a standard deviation.
    np.testing.assert_allclose(found.mean(), len(fitting) / 2000, atol=0.03)
    if not found.any():
        return
    box, start = box[found], start[found]
    for quantile in (0.1, 0.5, 0.9):
        np.testing.assert_allclose(
            np.quantile(box, quantile, axis=0),
            np.quantile(fitting, quantile, axis=0),
            atol=0.05 * max(shape),
        )
    assert (start >= 0).all() and (start + box <= shape).all()
    room = shape - box
    place = start[room > 0] / room[room > 0]
    assert place.min() == 0 and place.max() == 1 and abs(place.mean() - 0.5) < 0.03


def test_a_crop_is_pillows_crop_resized(ramp):
    """Its corners' values say which box it is; Pillow cuts and resizes the same box."""
    for number in range(8):
        seed = tf.constant([number, 3])
        crop = random_resized_crop(ramp, seed, 24).numpy()
        shape = tf.constant(ramp.shape[:2])
        found, start, box = random_box(shape, shape, seed, (0.6, 1.0), (3 / 4, 4 / 3))
        (top, left), (height, width) = start.numpy(), box.numpy()
        assert found
        for channel in range(2):
            plane = Image.fromarray(ramp[..., channel])
            part = plane.crop((left, top, left + width, top + height))
            expected = np.asarray(part.resize((24, 24), Image.BILINEAR))
            np.testing.assert_allclose(crop[..., channel], expected, atol=0.05)


def test_where_no_box_fits_the_crop_is_of_the_middle(ramp):
    long = tf.repeat(tf.constant(ramp[:16]), 2, axis=1)  # 16 x 128: eight times as wide as high
    shape = tf.constant([16, 128])
    assert not random_box(shape, shape, SEED, (0.6, 1.0), (3 / 4, 4 / 3))[0]
    crop = random_resized_crop(long, SEED, 16).numpy()
    # At most 4/3 as wide as high: 21 of 128 columns, from column 53.
    np.testing.assert_allclose(crop, resize(long[:, 53:74], 16), atol=1e-4)


def test_erasing_whitens_one_rectangle_of_some_pictures():
    grey = tf.fill([40, 40, 3], 100.0)
    (erased,) = many(lambda seed: (random_erasing(grey, seed, 0.6),), 1000)
    white = (erased == 255).all(axis=-1)
    assert ((erased == 100) | (erased == 255)).all()
    changed = white.any(axis=(1, 2))
    np.testing.assert_allclose(changed.mean(), 0.6, atol=0.05)
    for mask in white[changed]:
        rows, columns = mask.any(axis=1), mask.any(axis=0)
        np.testing.assert_array_equal(mask, np.outer(rows, columns))
        area, shape = mask.sum() / 1600, rows.sum() / columns.sum()
        assert 0.015 < area < 0.35  # 0.02 to 0.33, rounded to pixels
        assert 0.25 < shape < 4
    assert not (random_erasing(grey, SEED, 0.0) == 255).numpy().any()


def test_a_test_sketch_is_resized_and_its_middle_cut_out(ramp):
    expected = resize(ramp, 32)[4:28, 4:28]
    np.testing.assert_array_equal(resized_centre(ramp, 24, 32), expected)
    np.testing.assert_array_equal(resized_centre(ramp, 24), resize(ramp, 24))


def test_a_resize_is_pillows(ramp):
    expected = np.asarray(Image.fromarray(ramp[..., 0]).resize((20, 20), Image.BILINEAR))
    np.testing.assert_allclose(resize(ramp, 20)[..., 0], expected, atol=0.05)
