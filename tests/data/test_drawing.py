"""Pens and hands, against SciPy's morphology and sampling."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import ndimage

from sbir_tf.data.drawing import Drawing, random_drawing, random_strokes
from sbir_tf.data.warp import random_warp
from sbir_tf.errors import UserError

SEED = tf.constant([5, 8])


@pytest.fixture
def lines():
    """Two sketches of lines 3 pixels wide, one grey."""
    images = np.full((2, 24, 24, 3), 255, np.float32)
    images[0, 10:13], images[1, :, 5:8] = 0, 80
    return images


def ink(images):
    return 255 - np.asarray(images)


@pytest.mark.parametrize(("thinner", "wider"), [(0, 2), (2, 0), (1, 3), (4, 4)])
def test_lines_change_by_grey_morphology(lines, thinner, wider):
    """SciPy's, repeated, and the weighted mean of the two neighbours of a drawn width."""
    drawn = random_strokes(lines, SEED, thinner, wider)
    change = tf.random.stateless_uniform([2], SEED, -thinner, wider).numpy()
    box = (3, 3, 1)
    for picture, result, pixels in zip(lines, drawn, change, strict=True):
        low = int(np.floor(pixels / 2))
        levels = []
        for level in (low, low + 1):
            dark = ink(picture)
            for _ in range(abs(level)):
                dark = (ndimage.grey_erosion if level < 0 else ndimage.grey_dilation)(dark, box)
            levels.append(dark)
        part = pixels / 2 - low
        expected = levels[0] * (1 - part) + levels[1] * part
        np.testing.assert_allclose(ink(result), expected, atol=1e-3)


def test_a_line_of_three_pixels_is_as_wide_as_asked(lines):
    """A line of width 3, wider by w, holds (3 + w) / 3 times the ink."""
    seeds = tf.random.experimental.stateless_split(SEED, 20)
    for seed in seeds:
        wider = tf.random.stateless_uniform([1], seed, -2, 2).numpy()[0]
        drawn = random_strokes(lines[:1], seed, 2, 2)
        assert ink(drawn).sum() / ink(lines[:1]).sum() == pytest.approx((3 + wider) / 3, abs=1e-4)


def test_a_warp_samples_where_the_field_points():
    """SciPy's linear sampling along the same field, built from NumPy."""
    random = np.random.default_rng(0)
    images = ndimage.gaussian_filter(random.uniform(0, 255, (2, 20, 30, 1)), (0, 2, 2, 0))
    warped = random_warp(tf.constant(images, tf.float32), SEED, 0.1, 4)
    grid = tf.random.stateless_uniform([2, 4, 4, 2], SEED, -1.0, 1.0) * [2.0, 3.0]
    field = tf.image.resize(grid, (20, 30), method="bicubic").numpy()
    rows, columns = np.mgrid[:20, :30]
    for image, result, flow in zip(images, warped, field, strict=True):
        places = [rows - flow[..., 0], columns - flow[..., 1]]
        expected = ndimage.map_coordinates(image[..., 0], places, order=1, mode="nearest")
        np.testing.assert_allclose(result[..., 0], expected, atol=0.05)


def test_no_point_moves_further_than_asked():
    """A single dark pixel on a 64 grid; bicubic peaks go a little above their points."""
    image = np.full((1, 64, 64, 1), 255, np.float32)
    image[0, 31, 31] = 0
    for n in range(20):
        dark = ink(random_warp(image, tf.constant([n, 1]), 0.05, 4))[0, ..., 0]
        place = ndimage.center_of_mass(dark)
        assert np.abs(np.array(place) - 31).max() < 64 * 0.05 * 1.3


def test_zero_changes_nothing(lines):
    np.testing.assert_array_equal(random_drawing(lines, SEED, Drawing()), lines)


DRAWINGS = [Drawing(1, 2, 0.04, 4), Drawing(wider=1.5), Drawing(warp=0.1, warp_points=3)]


@pytest.mark.parametrize("drawing", DRAWINGS)
def test_inside_map_it_draws_what_it_draws_eagerly(lines, drawing):
    mapped = tf.data.Dataset.from_tensors(lines).map(lambda x: random_drawing(x, SEED, drawing))
    eager = random_drawing(lines, SEED, drawing)
    np.testing.assert_allclose(next(iter(mapped)), eager, atol=1e-2)
    assert (eager.numpy() != lines).any()
    assert eager.numpy().min() >= 0 and eager.numpy().max() <= 255


def test_every_sketch_of_a_batch_changes_by_itself(lines):
    same = np.repeat(lines[:1], 4, axis=0)
    drawn = random_drawing(same, SEED, DRAWINGS[0]).numpy()
    assert len({picture.tobytes() for picture in drawn}) == 4


def test_without_addons_a_warp_says_what_to_install(lines, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "tensorflow_addons", None)
    with pytest.raises(UserError, match=r"need tensorflow-addons.*data\.drawing\.warp=0"):
        random_warp(lines, SEED, 0.1, 4)
