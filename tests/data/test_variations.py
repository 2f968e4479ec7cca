from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from sbir_tf.data.augmentation import Colour, Geometry
from sbir_tf.data.drawing import Drawing
from sbir_tf.data.pipeline import Augmentation
from sbir_tf.data.variations import Moved, Published

SEED = tf.constant([1, 2])
LIVELY = Augmentation(Geometry(20), Geometry(10, (0.8, 1.2)), Colour(0.1, 0.2, 0.3, 0.1, 0.2))

DRAWN = Drawing(thinner=1, wider=2, warp=0.05)
VARIATIONS = {
    "published": Published(24),
    "moved": Moved(24, LIVELY),
    "published, drawn anew": Published(24, drawing=DRAWN),
    "moved, drawn anew": Moved(24, replace(LIVELY, drawing=DRAWN)),
}


@pytest.fixture(scope="module")
def picture():
    """Noise: no two changes of it are alike."""
    return np.random.default_rng(0).uniform(0, 255, (30, 40, 3)).astype(np.float32)


@pytest.mark.parametrize("variation", VARIATIONS.values(), ids=VARIATIONS)
@pytest.mark.parametrize("domain", ["sketch", "photo"])
def test_a_variation_gives_the_same_eagerly_and_inside_map(picture, variation, domain):
    change = getattr(variation, domain)
    eager = change(picture, SEED).numpy()
    mapped = tf.data.Dataset.from_tensors(picture).map(lambda x: change(x, SEED))
    np.testing.assert_allclose(next(mapped.as_numpy_iterator()), eager, atol=1e-3)
    assert eager.shape == (24, 24, 3)
    others = [change(picture, tf.constant([5, n])).numpy() for n in range(8)]
    assert any(not np.allclose(eager, other, atol=1e-3) for other in others)


def test_a_published_photo_is_the_whole_picture_or_its_mirror_image(picture):
    whole = tf.image.resize(picture, (24, 24), antialias=True).numpy()
    seen = set()
    for n in range(12):
        photo = Published(24).photo(picture, tf.constant([n, n])).numpy()
        same, mirrored = (np.allclose(photo, x, atol=1e-2) for x in (whole, whole[:, ::-1]))
        assert same != mirrored
        seen.add(same)
    assert seen == {True, False}


def test_published_sketches_turn_by_up_to_a_right_angle_on_white():
    """A vertical line: the angle of its ink's main axis is the rotation's."""
    paper = np.full((48, 48, 3), 255, np.float32)
    paper[4:44, 23:25] = 0
    angles = []
    for n in range(60):
        turned = Published(48, erasing=0.0).sketch(paper, tf.constant([n, 1])).numpy()
        assert turned.min() >= 0 and turned.max() <= 255.001
        ink = 255 - turned[..., 0]
        rows, columns = np.nonzero(ink > 100)
        _, axes = np.linalg.eigh(np.cov(rows, columns))
        angles.append(np.degrees(np.arctan2(axes[1, -1], axes[0, -1])))
    folded = np.abs((np.array(angles) + 90) % 180 - 90)
    # Uniform over 90 degrees either way, so over 0 to 90 once the sign is gone.
    np.testing.assert_allclose(np.quantile(folded, (0.25, 0.5, 0.75)), (22, 45, 68), atol=15)
    assert folded.max() <= 90


@pytest.mark.parametrize("kind", ["published", "moved"])
def test_drawings_change_sketches_alone_and_after_everything_else_was_drawn(picture, kind):
    """The same seed crops, turns and recolours alike, drawn anew or not."""
    plain, drawn = VARIATIONS[kind], VARIATIONS[f"{kind}, drawn anew"]
    np.testing.assert_array_equal(plain.photo(picture, SEED), drawn.photo(picture, SEED))
    line = np.full((48, 48, 3), 255, np.float32)
    line[10:38, 22:26] = 0
    # Wider lines alone: wherever the plain one has ink, the other has as much or more.
    wider = {
        "published": Published(24, erasing=0.0, drawing=Drawing(wider=2)),
        "moved": Moved(24, replace(LIVELY, drawing=Drawing(wider=2))),
    }[kind]
    still = {"published": Published(24, erasing=0.0), "moved": plain}[kind]
    for n in range(6):
        seed = tf.constant([n, 4])
        before, after = (255 - v.sketch(line, seed).numpy() for v in (still, wider))
        assert (after >= before - 1e-2).all()
        assert after.sum() > before.sum()
