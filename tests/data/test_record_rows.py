"""Batches from records, against those from the files that the records were built of."""

import itertools

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from sbir_tf.data.augmentation import Colour, Geometry
from sbir_tf.data.boxes import resize
from sbir_tf.data.drawing import Drawing
from sbir_tf.data.layouts import LAYOUTS, list_items
from sbir_tf.data.pipeline import Augmentation
from sbir_tf.data.records import build_records, open_records
from sbir_tf.data.stores import Files, RecordRows
from sbir_tf.data.streaming import (
    TrainingItems,
    naming_the_unreadable,
    next_places,
    pictures_in_order,
    streamed_batches,
)
from sbir_tf.data.variations import Moved, Published
from sbir_tf.errors import UserError

LIVELY = Augmentation(Geometry(20), Geometry(10), Colour(0.1), Drawing(0.5, 1.0, 0.03))
VARIATIONS = {"published": Published(24), "moves": Moved(24, LIVELY)}


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """Noise in three classes, grey photos too, so that every record is lossless."""
    root = tmp_path_factory.mktemp("tree")
    noise = np.random.default_rng(0)
    for (domain, name), n in itertools.product(
        itertools.product(("sketches", "photos"), ("a cup", "b", "c")), range(3)
    ):
        folder = root / domain / name
        folder.mkdir(parents=True, exist_ok=True)
        pixels = noise.integers(0, 256, (20 + n, 26), np.uint8)
        Image.fromarray(pixels).save(folder / f"{n}.png")
    return root


@pytest.fixture(scope="module")
def records(tree, tmp_path_factory):
    items = list_items(tree, LAYOUTS["plain"])
    folder = tmp_path_factory.mktemp("built") / "records"
    build_records(tree, items, folder, size=64, shard_size=5)
    return open_records(folder)


@pytest.fixture(scope="module")
def both(tree, records):
    """The same training items, in files and in records."""
    keys = records.table["key"].to_pylist()
    labels = np.array(records.table["label"].to_pylist(), np.int32)
    sketch = np.array(records.table["domain"].to_pylist()) == 0
    rows = (np.flatnonzero(sketch), np.flatnonzero(~sketch))

    def items(store, place):
        of_domain = [(store.places([place(row) for row in own]), labels[own]) for own in rows]
        return TrainingItems(*of_domain[0], *of_domain[1], records.class_names, store, store)

    files = Files()
    return items(files, lambda row: tree / keys[row]), items(RecordRows(records), int)


def take(dataset, count):
    return list(itertools.islice(dataset.as_numpy_iterator(), count))


@pytest.mark.parametrize("sampling", [(None, False), (2, False), (None, True)])
@pytest.mark.parametrize("variation", VARIATIONS)
def test_records_give_the_batches_that_the_files_give(both, variation, sampling):
    settings = (12, VARIATIONS[variation], 5, 3, *sampling)
    files, records = (take(streamed_batches(items, *settings), 4) for items in both)
    for (a, label_a), (b, label_b) in zip(files, records, strict=True):
        np.testing.assert_array_equal(label_a, label_b)
        np.testing.assert_array_equal(a["domain"], b["domain"])
        np.testing.assert_allclose(a["image"], b["image"], atol=1e-3)


def test_a_training_continues_at_any_step(both):
    whole = take(streamed_batches(both[1], 6, VARIATIONS["moves"], 2), 6)
    rest = take(streamed_batches(both[1], 6, VARIATIONS["moves"], 2, 4), 2)
    for (a, label_a), (b, label_b) in zip(whole[4:], rest, strict=True):
        np.testing.assert_array_equal(a["image"], b["image"])
        np.testing.assert_array_equal(label_a, label_b)


def test_galleries_come_in_order(both):
    files, records = (
        np.concatenate(list(pictures_in_order(i.photo_store, i.photos, lambda x: resize(x, 16), 4)))
        for i in both
    )
    assert files.shape == (9, 16, 16, 3)
    np.testing.assert_array_equal(files, records)


@pytest.mark.parametrize("kind", ["altered", "truncated", "gone"])
def test_a_damaged_record_ends_the_batches_with_its_shard_and_place(tree, tmp_path, kind):
    items = list_items(tree, LAYOUTS["plain"])
    build_records(tree, items, tmp_path / "records", size=64)
    opened = open_records(tmp_path / "records")
    store = RecordRows(opened)
    row = opened.table.num_rows - 1
    shard, offset = opened.shards[0], opened.table["offset"][row].as_py()
    data = bytearray(shard.read_bytes())
    if kind == "gone":
        shard.unlink()
    elif kind == "truncated":
        shard.write_bytes(data[:-30])
    else:
        data[offset + 40] ^= 1
        shard.write_bytes(data)
    where = r"shard-\S+tfrecord.* cannot be read" if kind == "gone" else f"offset {offset}: {kind}"
    with pytest.raises(UserError, match=where):
        list(pictures_in_order(store, np.array([0, 1, row]), lambda x: resize(x, 16), 2))
    of_class = np.zeros(1, np.int32)
    alone = TrainingItems(
        np.array([row]), of_class, np.array([row]), of_class, ("a",), store, store
    )
    batches = iter(streamed_batches(alone, 2, VARIATIONS["moves"]))
    with (
        pytest.raises(UserError, match=where),
        naming_the_unreadable(next_places(alone, 2, 0, 0, None)),
    ):
        next(batches)


def test_a_record_that_does_not_hold_a_picture_is_named(records, monkeypatch):
    store = RecordRows(records)
    example = tf.train.Example()
    example.features.feature["image/encoded"].bytes_list.value.append(b"no picture")
    monkeypatch.setattr(
        "sbir_tf.data.stores.read_example", lambda *_: [example.SerializeToString()]
    )
    with pytest.raises(UserError, match="the picture in row 2 cannot be decoded: build it anew"):
        list(pictures_in_order(store, np.array([2]), lambda x: resize(x, 16), 1))
