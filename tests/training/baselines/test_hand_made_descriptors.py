"""HOG, S-HELO and words of SIFT on pictures drawn by hand."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbir_tf.errors import UserError
from training.baselines.edges import edges, line_drawings, softened, thinned
from training.baselines.hog import HOG
from training.baselines.s_helo import SHELO, shares, spatial
from training.baselines.sift_words import SIFTWords
from training.pictures import Items


def white(size=64):
    return np.full((size, size, 3), 255, np.uint8)


def outline(shape, size=64):
    """A sketch: black lines on white."""
    return shape(white(size), (0, 0, 0), 4)


def filled(shape, size=64):
    """A photo: a red surface on white."""
    return shape(white(size), (200, 30, 30), -1)


def square(picture, colour, width):
    return cv2.rectangle(picture, (16, 16), (48, 48), colour, width)


def disk(picture, colour, width):
    return cv2.circle(picture, (32, 32), 18, colour, width)


def cross(picture, colour, width):
    width = 8 if width < 0 else width
    cv2.line(picture, (10, 10), (54, 54), colour, width)
    return cv2.line(picture, (54, 10), (10, 54), colour, width)


SHAPES = (square, disk, cross)


def items_of(images, domain):
    labels = np.arange(len(images), dtype=np.int32)
    return Items(tuple(map(str, labels)), np.stack(images), labels, domain)


SKETCHES = items_of([outline(shape) for shape in SHAPES], 0)
PHOTOS = items_of([filled(shape) for shape in SHAPES], 1)


def test_a_stroke_is_thinned_to_its_middle_line():
    sketch = white(32)
    sketch[:, 10:15] = 0  # columns 10 to 14: the middle one is 12
    lines = thinned(sketch)
    assert set(np.flatnonzero(lines[16])) == {12}


def test_a_photos_edge_is_where_its_colour_changes_though_its_brightness_does_not():
    photo = np.zeros((32, 32, 3), np.uint8)
    photo[:, :16], photo[:, 16:] = (0, 100, 0), (196, 0, 0)  # .587 x 100 = .299 x 196
    assert np.ptp(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)) <= 1
    found = np.flatnonzero(edges(photo, 50, 150)[16])
    assert set(found) <= {15, 16} and len(found)


def test_softened_lines_are_at_most_1_and_an_empty_drawing_stays_empty():
    drawing = thinned(outline(square))
    assert softened(drawing, 2.0).max() == pytest.approx(1)
    assert not softened(np.zeros_like(drawing), 2.0).any()


@pytest.mark.parametrize(
    "method", [HOG(size=64, cell=8), SHELO(size=64), SIFTWords(size=64, words=16, patch=24)]
)
def test_a_sketch_finds_the_picture_of_its_own_shape(method):
    encode = method.fit(SKETCHES, PHOTOS, seed=0)
    sketches, photos = encode(SKETCHES), encode(PHOTOS)
    distances = np.linalg.norm(sketches[:, None] - photos, axis=-1)
    assert distances.argmin(axis=1).tolist() == [0, 1, 2]


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.integers(1, 80), st.integers(1, 40))
def test_every_place_is_shared_out_whole(length, count):
    assert np.allclose(shares(length, count).sum(axis=0), 1, atol=1e-5)


def test_a_place_between_two_cells_is_shared_by_its_nearness_to_both():
    # 4 places, 2 cells: middles of the cells at 1 and 3, of the places at .5, 1.5, 2.5, 3.5, so
    # 1.5 is a quarter of the way to the second cell.
    expected = [[1, 0.75, 0.25, 0], [0, 0.25, 0.75, 1]]
    assert np.allclose(shares(4, 2), expected)


def test_cells_are_the_sums_of_a_loop_over_pixels():
    drawing = softened(thinned(outline(cross, 32)), 1.0)
    method = SHELO(size=32, cells=5)
    gx = cv2.Sobel(drawing, cv2.CV_32F, 1, 0, ksize=3)
    gy = cv2.Sobel(drawing, cv2.CV_32F, 0, 1, ksize=3)
    weights = shares(32, 5)
    expected = np.zeros((2, 5, 5))
    for row in range(32):
        for column in range(32):
            share = np.outer(weights[:, row], weights[:, column])
            x, y = gx[row, column], gy[row, column]
            expected[0] += share * 2 * x * y
            expected[1] += share * (x * x - y * y)
    assert np.allclose(method.cell_vectors(drawing), expected, atol=1e-3)


def test_a_direction_votes_for_the_two_bins_nearest_to_it():
    # Four bins of 45 degrees with middles at 22.5, 67.5, ...: 45 degrees lies half way.
    votes = SHELO(bins=4).direction_votes(np.array([[np.pi / 4]]), np.array([[6.0]]))
    assert np.allclose(votes, [[[3, 3, 0, 0]]])
    # 0 degrees lies half way between the last bin and the first.
    assert np.allclose(
        SHELO(bins=4).direction_votes(np.zeros((1, 1)), np.ones((1, 1))),
        0.5 * np.array([1, 0, 0, 1]),
    )


def test_a_mirrored_drawing_has_the_mirrored_descriptor():
    # Left and right blocks change places, and a direction a becomes 180 degrees - a.
    drawing = softened(thinned(outline(square)), 1.0)
    drawing[:, 40:] = 0
    method = SHELO(size=64)
    there = method.describe(drawing).reshape(6, 6, 36)
    back = method.describe(np.ascontiguousarray(drawing[:, ::-1])).reshape(6, 6, 36)
    assert np.allclose(back, there[:, ::-1, ::-1], atol=1e-4)


def test_spatial_sums_keep_the_whole():
    values = np.random.default_rng(0).random((20, 20, 3))
    assert np.allclose(spatial(values, 6).sum(axis=(0, 1)), values.sum(axis=(0, 1)), rtol=1e-4)


def test_a_bag_holds_the_rooted_shares_of_the_nearest_words():
    method = SIFTWords(size=64, words=8, patch=24, grid=1)

    class Words:
        cluster_centers_ = next(method.patches(PHOTOS))[0][:8]

        def predict(self, rows):
            return ((rows[:, None] - self.cluster_centers_) ** 2).sum(axis=-1).argmin(axis=1)

    words = Words()
    bag = method.count(PHOTOS, words)[0]
    rows, _ = next(method.patches(PHOTOS))
    found = [int(np.linalg.norm(words.cluster_centers_ - row, axis=1).argmin()) for row in rows]
    expected = [np.sqrt(found.count(word) / len(found)) for word in range(8)]
    assert np.allclose(bag, expected)


def test_a_grid_counts_each_region_apart():
    picture = white()
    picture[:24, :24] = 0  # edges in the first quarter alone
    method = SIFTWords(size=64, words=4, patch=16, step=16, grid=2)
    encode = method.fit(SKETCHES, PHOTOS, seed=0)
    quarters = encode(items_of([picture], 1)).reshape(4, 4)
    assert quarters[0].any() and (quarters[0] ** 2).sum() > 0.5
    assert not quarters[3].any()


def test_a_picture_without_lines_has_an_empty_bag():
    encode = SIFTWords(size=64, words=4).fit(SKETCHES, PHOTOS, seed=0)
    assert not encode(items_of([white()], 1)).any()


def test_more_words_than_patches_are_refused():
    with pytest.raises(UserError, match=r"words must be at most .*Received: words=100000"):
        SIFTWords(size=64, words=100_000).fit(SKETCHES, PHOTOS)


def test_line_drawings_thin_sketches_and_find_photos_edges():
    sketch, photo = (next(line_drawings(items, 50, 150)) for items in (SKETCHES, PHOTOS))
    assert np.array_equal(sketch, thinned(SKETCHES.images[0]))
    assert np.array_equal(photo, edges(PHOTOS.images[0], 50, 150))
