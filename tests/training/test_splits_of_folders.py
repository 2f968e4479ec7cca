"""A data set in folders, cut by other protocols than the published one."""

import json

import numpy as np
import pytest

from sbir_tf.data.layouts import LAYOUTS, list_items
from sbir_tf.data.splits import UNSEEN, make_split, write_split
from sbir_tf.errors import UserError
from tests import trees
from tests.small import small
from training import folders
from training.config import config_from_json
from training.evaluate import evaluate_run
from training.export import trained_on
from training.sources import note_of, to_train_on
from training.train import train

SEEN = ("ant", "bee", "cat", "dog")
SMALL = (
    "data.source=folder",
    "data.layout=sketchy_ext",
    "data.split=sketchy-1",
    "data.augmentation=moves",
    "steps=2",
    "steps_per_epoch=2",
    "batch_size=4",
)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "sketchy"
    return trees.sketchy_of(folder, (*UNSEEN["sketchy-1"], *SEEN), sketches=2, photos=3)


@pytest.fixture(scope="module")
def config(root):
    return lambda *overrides: small(*SMALL, f"data.root={root}", *overrides)


def test_training_labels_count_the_trained_classes_and_evaluation_all(config):
    data = config().data
    chosen = to_train_on(data)
    assert chosen.class_names == SEEN
    assert set(chosen.sketch_labels) == set(chosen.photo_labels) == {0, 1, 2, 3}
    every = sorted([*UNSEEN["sketchy-1"], *SEEN])
    queries, gallery = folders.held_out(data, "test")
    assert (len(queries), len(gallery)) == (25 * 2, 25 * 3)
    assert {every[label] for label in queries.labels} == set(UNSEEN["sketchy-1"])
    sketches, photos = folders.trained_on(data)
    assert {every[label] for label in sketches.labels} == set(SEEN)
    assert len(photos) == 4 * 3


def test_generalised_galleries_hold_trained_photos_or_held_out_ones(config):
    trained = set(to_train_on(config().data).photos)
    for kind, share in (("all-seen", 1), ("held-out", 1 / 3)):
        data = config(f"data.split=sketchy-1+generalised:{kind}", "data.test_photos=0.34").data
        _, gallery = folders.held_out(data, "test")
        assert len(set(gallery.places) & trained) == round(12 * share)
        again = set(gallery.places) & set(to_train_on(data).photos)
        assert len(again) == (12 if kind == "all-seen" else 0)
        assert f"generalised zero-shot protocol, {kind}" in note_of(data)


def test_a_validation_part_is_there_when_it_is_asked_for(config):
    data = config("data.validation=0.25").data
    queries, gallery = folders.held_out(data, "validation")
    assert (len(queries), len(gallery)) == (2, 3)
    assert len(to_train_on(data).class_names) == 3
    assert set(queries.labels) == set(gallery.labels)
    with pytest.raises(UserError, match=r"a test part alone. Received: part=validation"):
        folders.held_out(config().data, "validation")


def test_a_split_may_be_a_file(config, root, tmp_path):
    items = list_items(root, LAYOUTS["sketchy_ext"])
    split = make_split("held-out-photos", items, test_sketches=1, test_photos=1)
    file = write_split(split, tmp_path / "mine.json.gz")
    data = config(f"data.split={file}").data
    assert len(to_train_on(data).photos) == 29 * 2
    assert len(folders.held_out(data, "test")[1]) == 29
    assert note_of(data) == split.note
    assert "mine.json.gz split)" in trained_on(data)
    trees.save(trees.photo(0, 0), root / "EXTEND_image_sketchy" / "ant" / "new.jpg")
    try:
        with pytest.raises(UserError, match=r"none missing; 1 new \(EXTEND_image_sketchy/ant/new"):
            to_train_on(data)
    finally:
        (root / "EXTEND_image_sketchy" / "ant" / "new.jpg").unlink()


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("data.split=sketchy1", "no split data.split=sketchy1. Did you mean 'sketchy-1'"),
        ("data.split=styles", "data.source=folder has no split data.split=styles"),
        ("data.split=none.json", "There is no split file data.split=none.json"),
        ("data.test_photos=1.5", "data.test_photos must be a share below 1, or a whole number"),
        ("data.test_photos=nan", "data.test_photos is a finite number"),
        ("data.test_photos=inf", "data.test_photos is a finite number"),
        ("data.validation=-1", "data.validation must be 0, a share below 1, or a whole number"),
    ],
)
def test_a_split_that_there_is_not_names_the_nearest(config, override, said):
    with pytest.raises(UserError) as error:
        config(override)
    assert said in str(error.value)


def test_icons_have_their_own_splits():
    with pytest.raises(UserError, match=r"no split data.split=zero-shot. Did you mean 'zero_shot'"):
        small("data.split=zero-shot")


def test_a_configuration_from_before_these_keys_is_read(config):
    values = config("data.split=supervised").to_json()
    for key in ("test_photos", "validation"):
        del values["data"][key]
    assert config_from_json(values) == config("data.split=supervised")


@pytest.mark.slow
def test_unseen_classes_are_trained_around_and_evaluated(config, tmp_path):
    run = train(config(), tmp_path / "run")
    assert run.facts()["classes"] == len(SEEN)
    result = evaluate_run(run)
    assert (result.queries, result.gallery) == (50, 75)
    assert np.isfinite(result.map_all)
    written = json.loads((run.folder / "evaluation.json").read_text())
    assert written["split"] == "sketchy-1"
    assert written["note"].startswith("zero-shot protocol: sketches of the 25 classes")
