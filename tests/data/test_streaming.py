import itertools

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from sbir_tf.data.augmentation import Colour, Geometry
from sbir_tf.data.boxes import resize
from sbir_tf.data.drawing import Drawing
from sbir_tf.data.pipeline import Augmentation, TrainingPictures, training_batches
from sbir_tf.data.stores import Files
from sbir_tf.data.streaming import (
    TrainingItems,
    naming_the_unreadable,
    next_places,
    pictures_in_order,
    streamed_batches,
)
from sbir_tf.data.variations import Moved, Published
from sbir_tf.errors import UserError

SIZE = 16
STILL_MOVES = Augmentation(Geometry(flip=False), Geometry(flip=False), Colour())
STILL = Moved(SIZE, STILL_MOVES)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Sketch n is all grey n, photo n is (200 + n, 0, 100); PNG, so that nothing is lost."""
    root = tmp_path_factory.mktemp("files")
    sketches = [root / f"sketch {n}.png" for n in range(7)]
    photos = [root / f"photo (no {n}).png" for n in range(5)]
    for n, path in enumerate(sketches):
        Image.new("L", (20 + n, 20), n).save(path)
    for n, path in enumerate(photos):
        Image.new("RGB", (30, 20 + n), (200 + n, 0, 100)).save(path)
    return TrainingItems(
        np.array(list(map(str, sketches)), object),
        np.arange(7, dtype=np.int32),
        np.array(list(map(str, photos)), object),
        np.arange(5, dtype=np.int32),
        tuple("abcdefg"),
        Files(),
        Files(),
    )


def take(dataset, count):
    return list(itertools.islice(dataset.as_numpy_iterator(), count))


def test_a_batch_is_half_sketches_half_photos_with_their_own_labels(files):
    for inputs, labels in take(streamed_batches(files, 6, STILL), 5):
        assert inputs["image"].shape == (6, SIZE, SIZE, 3)
        assert inputs["image"].dtype == np.float32
        np.testing.assert_array_equal(inputs["domain"], [[0]] * 3 + [[1]] * 3)
        values = inputs["image"][:, 0, 0]
        np.testing.assert_allclose(values[:3], np.repeat(labels[:3, None], 3, 1), atol=1e-3)
        np.testing.assert_allclose(values[3:, 0] - 200, labels[3:], atol=1e-3)
        np.testing.assert_allclose(values[3:, 2], 100, atol=1e-3)


def test_the_batches_hold_what_those_from_memory_hold(files):
    """One law of drawing for both: the same seed chooses the same items."""
    held = TrainingPictures(
        np.tile(np.arange(7, dtype=np.uint8)[:, None, None, None], (1, 1, SIZE, SIZE)),
        files.sketch_labels,
        np.tile(np.arange(5, dtype=np.uint8)[:, None, None, None], (1, SIZE, SIZE, 3)),
        files.photo_labels,
        files.class_names,
    )
    from_files = take(streamed_batches(files, 4, STILL, seed=3), 8)
    from_memory = take(training_batches(held, 4, STILL_MOVES, seed=3), 8)
    for (_, labels), (_, expected) in zip(from_files, from_memory, strict=True):
        np.testing.assert_array_equal(labels, expected)


def test_the_seed_gives_the_same_batches_again_at_any_step_and_another_gives_others(files):
    whole, other = (take(streamed_batches(files, 6, Published(SIZE), seed), 6) for seed in (3, 4))
    again = take(streamed_batches(files, 6, Published(SIZE), 3, first_step=3), 3)
    for (inputs, labels), (inputs_again, labels_again) in zip(whole[3:], again, strict=True):
        np.testing.assert_array_equal(inputs["image"], inputs_again["image"])
        np.testing.assert_array_equal(labels, labels_again)
    assert any((a[1] != b[1]).any() for a, b in zip(whole, other, strict=True))


def test_batches_of_whole_classes_come_from_files_too(files):
    some = np.arange(5)
    chosen = TrainingItems(
        files.sketches[some], files.sketch_labels[some], files.photos, files.photo_labels,
        files.class_names[:5], *files.stores,
    )  # fmt: skip
    for _, labels in take(streamed_batches(chosen, 8, STILL, classes_per_batch=2), 6):
        assert set(labels[:4]) == set(labels[4:])
        assert len(set(labels)) == 2


def test_red_and_blue_of_the_photos_alone_are_swapped_back(files):
    swapped = TrainingItems(**vars(files) | {"photo_store": Files(swap_red_blue=True)})
    ((inputs, labels),) = take(streamed_batches(swapped, 4, STILL), 1)
    values = inputs["image"][:, 0, 0]
    np.testing.assert_allclose(values[2:, 2] - 200, labels[2:], atol=1e-3)
    np.testing.assert_allclose(values[2:, 0], 100, atol=1e-3)
    np.testing.assert_allclose(values[:2, 0], labels[:2], atol=1e-3)


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P", "1", "I;16"])
def test_grey_palette_and_transparent_pictures_are_read_as_pillow_reads_them(tmp_path, mode):
    path = tmp_path / "p.png"
    noise = np.random.default_rng(0).integers(0, 256, (9, 7, 4)).astype(np.uint8)
    if mode == "I;16":
        Image.fromarray(noise[..., 0].astype(np.uint16) * 257).save(path)
        expected = np.repeat(noise[..., :1], 3, axis=-1)
    else:
        picture = Image.fromarray(noise).convert("RGB" if mode in "P1" else "RGBA").convert(mode)
        picture.save(path)
        paper = Image.new("RGBA", picture.size, "white")
        paper.alpha_composite(picture.convert("RGBA"))
        expected = np.asarray(paper.convert("RGB"))
    np.testing.assert_allclose(Files().picture(str(path)), expected, atol=1)


def test_a_cmyk_jpeg_is_read(tmp_path):
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "red.jpg")
    red = Files().picture(str(tmp_path / "red.jpg")).numpy()[4, 4]
    assert red[0] > 200 and red[1] < 60 and red[2] < 60


def test_pictures_come_in_order_for_evaluation(files):
    batches = list(pictures_in_order(Files(), files.photos, lambda x: resize(x, 8), 2))
    assert [len(batch) for batch in batches] == [2, 2, 1]
    np.testing.assert_allclose(np.concatenate(batches)[:, 0, 0, 0], 200 + np.arange(5), atol=1e-3)


def damaged(path, kind):
    data = {
        "truncated": path.read_bytes()[:-40],
        "empty": b"",
        "no picture": b"not a picture at all",
    }
    path.write_bytes(data[kind]) if kind in data else path.unlink()


@pytest.mark.parametrize("kind", ["truncated", "empty", "no picture", "missing"])
def test_a_file_that_cannot_be_read_is_named(tmp_path, kind):
    paths = np.array([str(tmp_path / f"{n}.png") for n in range(5)], object)
    noise = np.random.default_rng(0).integers(0, 256, (5, 16, 16, 3)).astype(np.uint8)
    for path, pixels in zip(paths, noise, strict=True):
        Image.fromarray(pixels).save(path)
    damaged(tmp_path / "3.png", kind)
    with pytest.raises(UserError, match=r"3\.png cannot be read: .*Mend or remove it"):
        list(pictures_in_order(Files(), paths, lambda x: resize(x, 8), 2))
    of_class = np.zeros(5, np.int32)
    broken = TrainingItems(paths, of_class, paths[:2], of_class[:2], ("a",), Files(), Files())
    batches = iter(streamed_batches(broken, 2, STILL))
    with pytest.raises(UserError, match=r"3\.png cannot be read"):
        for step in range(5):
            with naming_the_unreadable(next_places(broken, 2, 0, step, None)):
                next(batches)


def test_an_error_that_no_picture_explains_goes_on_as_it_is(files):
    other = tf.errors.InvalidArgumentError(None, None, "something else")
    with (
        pytest.raises(tf.errors.InvalidArgumentError, match="else"),
        naming_the_unreadable((Files(), path) for path in files.photos),
    ):
        raise other


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_batches_do_not_depend_on_the_number_of_workers(files, threads):
    """Nor on which picture is ready first: TensorFlow's own thread pools of three sizes."""
    options = tf.data.Options()
    options.threading.private_threadpool_size = threads
    lively = Moved(SIZE, Augmentation(Geometry(30), Geometry(20), Colour(0.2), Drawing(1, 1, 0.05)))
    batches = streamed_batches(files, 6, lively, 7)
    for (a, label_a), (b, label_b) in zip(
        take(batches, 5), take(batches.with_options(options), 5), strict=True
    ):
        np.testing.assert_array_equal(a["image"], b["image"])
        np.testing.assert_array_equal(label_a, label_b)
