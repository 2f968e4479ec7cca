import itertools

import numpy as np
import pytest
import tensorflow as tf

from sbir_tf.data.augmentation import Colour, Geometry
from sbir_tf.data.drawing import Drawing
from sbir_tf.data.draws import ItemsByClass, draw_without_replacement
from sbir_tf.data.pipeline import (
    Augmentation,
    TrainingPictures,
    training_batches,
)
from sbir_tf.errors import UserError

SIZE = 16
STILL = Augmentation(Geometry(flip=False), Geometry(flip=False), Colour())
LIVELY = Augmentation(
    Geometry(rotation=20, zoom=(0.7, 1.2), stretch=0.2, shear=0.2, shift=0.1),
    Geometry(rotation=10, zoom=(1.0, 1.3)),
    Colour(0.1, 0.2, 0.3, 0.1, 0.2),
)


@pytest.fixture
def pictures():
    """Sketch n is all grey n in two stroke widths (n, 100 + n); photo n is all grey 200 + n."""
    sketches = np.stack([np.arange(7), 100 + np.arange(7)], axis=1).astype(np.uint8)
    photos = (200 + np.arange(5)).astype(np.uint8)
    return TrainingPictures(
        np.tile(sketches[:, :, None, None], (1, 1, SIZE, SIZE)),
        np.arange(7, dtype=np.int32),
        np.tile(photos[:, None, None, None], (1, SIZE, SIZE, 3)),
        np.arange(5, dtype=np.int32),
        tuple("abcdefg"),
    )


def take(dataset, count):
    return list(itertools.islice(dataset.as_numpy_iterator(), count))


def test_a_batch_is_half_sketches_half_photos_with_their_own_labels(pictures):
    for inputs, labels in take(training_batches(pictures, 6, STILL), 5):
        assert inputs["image"].shape == (6, SIZE, SIZE, 3)
        np.testing.assert_array_equal(inputs["domain"], [[0]] * 3 + [[1]] * 3)
        values = inputs["image"][:, 0, 0, 0]
        np.testing.assert_allclose(values[:3] % 100, labels[:3], atol=1e-3)
        np.testing.assert_allclose(values[3:] - 200, labels[3:], atol=1e-3)


def test_both_stroke_widths_are_drawn(pictures):
    drawn = np.concatenate(
        [
            inputs["image"][:3, 0, 0, 0]
            for inputs, _ in take(training_batches(pictures, 6, STILL), 20)
        ]
    )
    assert 0 < np.mean(drawn >= 99) < 1


@pytest.mark.parametrize("count", [1, 3, 7, 10])
def test_every_item_comes_once_before_any_comes_again(count):
    seed = tf.constant([1, 2])
    draws = np.concatenate([draw_without_replacement(7, count, step, seed) for step in range(21)])
    rounds = draws[: len(draws) // 7 * 7].reshape(-1, 7)
    np.testing.assert_array_equal(np.sort(rounds, axis=1), np.tile(np.arange(7), (len(rounds), 1)))
    assert len({tuple(r) for r in rounds}) > 1


def test_the_seed_gives_the_same_batches_again_and_another_gives_others(pictures):
    first, again, other = (
        take(training_batches(pictures, 6, LIVELY, seed), 4) for seed in (3, 3, 4)
    )
    for (a, label_a), (b, label_b) in zip(first, again, strict=True):
        np.testing.assert_array_equal(a["image"], b["image"])
        np.testing.assert_array_equal(label_a, label_b)
    assert any((a[1] != b[1]).any() for a, b in zip(first, other, strict=True))


def test_continuing_at_a_step_gives_the_batches_that_would_have_come(pictures):
    whole = take(training_batches(pictures, 6, LIVELY), 6)
    rest = take(training_batches(pictures, 6, LIVELY, first_step=4), 2)
    for (a, _), (b, _) in zip(whole[4:], rest, strict=True):
        np.testing.assert_array_equal(a["image"], b["image"])


@pytest.mark.parametrize("batch_size", [0, 7, -2])
def test_a_batch_that_cannot_be_halved_is_an_error(pictures, batch_size):
    with pytest.raises(UserError, match=f"even and positive.*batch_size={batch_size}"):
        training_batches(pictures, batch_size, STILL)


def test_a_domain_without_pictures_is_an_error(pictures):
    empty = TrainingPictures(
        pictures.sketches,
        pictures.sketch_labels,
        pictures.photos[:0],
        pictures.photo_labels[:0],
        (),
    )
    with pytest.raises(UserError, match="no photos"):
        training_batches(empty, 4, STILL)


@pytest.fixture
def three_classes():
    """3, 1 and 2 sketches, 2, 3 and 1 photos of the classes, mixed; item n is all grey n."""
    sketch_labels = np.array([0, 2, 0, 1, 2, 0], np.int32)
    photo_labels = np.array([1, 0, 1, 2, 1, 0], np.int32)
    grey = np.arange(6).astype(np.uint8)[:, None, None, None]
    return TrainingPictures(
        np.tile(grey, (1, 1, SIZE, SIZE)),
        sketch_labels,
        np.tile(grey, (1, SIZE, SIZE, 3)),
        photo_labels,
        ("a", "b", "c"),
    )


def test_a_batch_of_whole_classes_holds_as_many_of_each_in_both_domains(three_classes):
    batches = training_batches(three_classes, 8, STILL, classes_per_batch=2)
    seen = set()
    for inputs, labels in take(batches, 12):
        sketch, photo = labels[:4].reshape(2, 2), labels[4:].reshape(2, 2)
        np.testing.assert_array_equal(sketch, photo)
        assert (sketch[:, 0] == sketch[:, 1]).all() and sketch[0, 0] != sketch[1, 0]
        items = inputs["image"][:, 0, 0, 0].astype(int)
        np.testing.assert_array_equal(three_classes.sketch_labels[items[:4]], labels[:4])
        np.testing.assert_array_equal(three_classes.photo_labels[items[4:]], labels[4:])
        seen.update(items)
    assert seen == set(range(6))


def test_items_of_a_class_are_distinct_while_it_has_as_many():
    labels = np.array([0] * 5 + [1] * 2 + [2])
    table = ItemsByClass(labels, ("a", "b", "c"))
    for number in range(20):
        drawn = (
            table.draw(tf.constant([2, 0, 1]), 4, tf.constant([1, number])).numpy().reshape(3, 4)
        )
        assert (labels[drawn] == [[2], [0], [1]]).all()
        # A class of 1 gives it four times, one of 5 four different, one of 2 each twice.
        assert [len(set(row)) for row in drawn] == [1, 4, 2]


def test_a_continued_training_sees_the_same_whole_classes(three_classes):
    whole = take(training_batches(three_classes, 4, LIVELY, 3, classes_per_batch=2), 6)
    rest = take(training_batches(three_classes, 4, LIVELY, 3, 4, classes_per_batch=2), 2)
    for (inputs, labels), (inputs_again, labels_again) in zip(whole[4:], rest, strict=True):
        np.testing.assert_array_equal(inputs["image"], inputs_again["image"])
        np.testing.assert_array_equal(labels, labels_again)


@pytest.mark.parametrize("classes", [0, 3, 4])
def test_classes_that_do_not_divide_the_batch_are_refused(three_classes, classes):
    with pytest.raises(UserError, match=f"Received: classes_per_batch={classes}$"):
        training_batches(three_classes, 8, STILL, classes_per_batch=classes)


def test_a_class_without_photos_cannot_make_a_batch():
    with pytest.raises(UserError, match="Received: no photos of b: remove"):
        ItemsByClass(np.array([0, 2]), ("a", "b", "c"), "photos")


def test_balanced_batches_show_every_class_as_often_whatever_it_has(three_classes):
    """3, 1 and 2 sketches; 2, 3 and 1 photos: of 12 draws each class gets 4."""
    seen = {"sketch": [], "photo": []}
    for inputs, labels in take(training_batches(three_classes, 6, STILL, balanced=True), 4):
        items = inputs["image"][:, 0, 0, 0].astype(int)
        np.testing.assert_array_equal(three_classes.sketch_labels[items[:3]], labels[:3])
        np.testing.assert_array_equal(three_classes.photo_labels[items[3:]], labels[3:])
        seen["sketch"] += [*items[:3]]
        seen["photo"] += [*items[3:]]
    # Class a has sketches 0, 2 and 5, which take turns; class b has only sketch 3.
    counts = np.bincount(seen["sketch"], minlength=6)
    assert counts[3] == 4 and counts[[0, 2, 5]].sum() == 4 and counts[[1, 4]].tolist() == [2, 2]
    assert np.bincount(seen["photo"], minlength=6)[[1, 5]].tolist() == [2, 2]


def test_drawings_change_the_sketches_of_a_batch_and_leave_its_photos(pictures):
    anew = Augmentation(STILL.sketch, STILL.photo, STILL.colour, Drawing(wider=2.0))
    pictures.sketches[:, :, 8] = 255
    ((plain, labels),) = take(training_batches(pictures, 6, STILL, 5), 1)
    ((drawn, same),) = take(training_batches(pictures, 6, anew, 5), 1)
    np.testing.assert_array_equal(labels, same)
    np.testing.assert_array_equal(plain["image"][3:], drawn["image"][3:])
    assert (drawn["image"][:3] <= plain["image"][:3] + 1e-3).all()
    assert (drawn["image"][:3, 8] < 254).any()
