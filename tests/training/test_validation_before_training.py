"""`sbir train` checks its data first, once, and stops on errors unless told otherwise."""

import os
import shutil

import pytest

from sbir_tf.errors import UserError
from tests import stored, trees
from tests.small import small
from training import validation
from training.run import create_or_continue
from training.validation import check_before_training

SETTINGS = ("data.source=folder", "data.split=supervised", "data.test_sketches=1", "batch_size=4")


@pytest.fixture
def tree(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the caches are below
    return trees.plain(tmp_path / "mine")


def config_of(tree, *more):
    return small(*SETTINGS, f"data.root={tree}", *more)


def blank(path):
    picture = trees.sketch(0, 0)
    picture.paste("white", (0, 0, *picture.size))
    trees.save(picture, path)


def empty(path):
    path.write_bytes(b"")


def test_sound_data_pass_and_nothing_is_said(tree, tmp_path):
    assert check_before_training(config_of(tree), tmp_path / "run") == ()
    assert not (tmp_path / "run").exists()


def test_an_error_stops_with_its_message_their_number_and_the_page(tree, tmp_path):
    empty(tree / "photos" / "cat" / "0.jpg")
    shutil.copy(tree / "photos" / "dog" / "0.jpg", tree / "torn")
    torn = tree / "photos" / "dog" / "1.jpg"
    torn.write_bytes(torn.read_bytes()[:100])
    with pytest.raises(UserError) as stopped:
        check_before_training(config_of(tree), tmp_path / "run")
    line = str(stopped.value)
    assert "\n" not in line
    assert "1 picture of 0 bytes: photos/cat/0.jpg" in line
    assert "There is 1 more error" in line
    assert "--skip-validation" in line
    (page,) = validation.CACHE.glob("*.html")
    assert str(page) in line


def test_warnings_are_shown_once(tree, tmp_path):
    blank(tree / "sketches" / "cat" / "2.png")
    first, page = check_before_training(config_of(tree), tmp_path / "run")
    assert first.startswith("warning: 1 sketch with less than 0.1% ink: sketches/cat/2.png")
    assert page.startswith("statistics: ")
    assert check_before_training(config_of(tree), tmp_path / "run") == ()


def test_what_has_not_changed_is_not_validated_again(tree, tmp_path, monkeypatch):
    check_before_training(config_of(tree), tmp_path / "run")
    asked = []
    monkeypatch.setattr(
        "sbir_tf.data.validation.sources.source.validate", lambda *_: asked.append(1)
    )
    check_before_training(config_of(tree, "seed=3"), tmp_path / "other")
    assert asked == []


@pytest.mark.parametrize("change", ["picture", "split"])
def test_what_has_changed_is_validated_again(tree, tmp_path, change):
    check_before_training(config_of(tree), tmp_path / "run")
    if change == "picture":
        trees.save(trees.sketch(1, 9), tree / "sketches" / "cat" / "2.png")
    more = ("data.split_seed=5",) if change == "split" else ()
    check_before_training(config_of(tree, *more), tmp_path / "run")
    assert len(list(validation.CACHE.glob("*.json"))) == 2


def test_records_are_validated_under_their_digest(tree, tmp_path):
    from sbir_tf.data.layouts import LAYOUTS, list_items
    from sbir_tf.data.records import build_records, open_records

    build_records(tree, list_items(tree, LAYOUTS["plain"]), "records", size=32)
    config = config_of("records", "data.source=records")
    assert check_before_training(config, tmp_path / "run") == ()
    (shard,) = open_records("records").shards
    data = bytearray(shard.read_bytes())
    data[500] ^= 1
    shard.write_bytes(data)
    with pytest.raises(UserError, match="truncated or altered"):
        check_before_training(config, tmp_path / "run")


def test_a_shard_that_is_restored_with_its_date_is_trained_on(tree, tmp_path):
    from sbir_tf.data.layouts import LAYOUTS, list_items
    from sbir_tf.data.records import build_records, open_records

    build_records(tree, list_items(tree, LAYOUTS["plain"]), "records", size=32)
    config = config_of("records", "data.source=records")
    (shard,) = open_records("records").shards
    content, state = shard.read_bytes(), shard.stat()
    for data in (content[:500] + b"?" + content[501:], content):
        shard.write_bytes(data)
        os.utime(shard, ns=(state.st_atime_ns, state.st_mtime_ns))
        if data != content:
            with pytest.raises(UserError, match="truncated or altered"):
                check_before_training(config, tmp_path / "run")
    assert check_before_training(config, tmp_path / "run") == ()


@pytest.mark.parametrize("name", ["webp", "bmp 16"])
def test_a_file_that_tensorflow_refuses_stops(tree, tmp_path, name):
    (tree / "photos" / "cat" / "0.jpg").write_bytes(stored.stored()[name])
    with pytest.raises(UserError, match=r"or not at all: photos/cat/0.jpg: TensorFlow .* records"):
        check_before_training(config_of(tree), tmp_path / "run")


@pytest.mark.parametrize("name", ["jpeg turned", "bmp palette"])
def test_a_file_that_tensorflow_reads_otherwise_is_warned_of(tree, tmp_path, name):
    (tree / "photos" / "cat" / "0.jpg").write_bytes(stored.stored()[name])
    line, _ = check_before_training(config_of(tree), tmp_path / "run")
    assert line.startswith("warning: 1 picture that a training from these files would see otherw")


def test_icons_and_complete_runs_need_no_check(tree, tmp_path):
    assert check_before_training(small(), tmp_path / "run") == ()
    config = config_of(tree)
    run = create_or_continue(tmp_path / "run", config)
    run.weights.touch()
    empty(tree / "photos" / "cat" / "0.jpg")
    assert check_before_training(config, tmp_path / "run") == ()


def test_a_folder_that_holds_something_else_is_refused_before_the_data_are_read(tree, tmp_path):
    with pytest.raises(UserError, match="is not a run"):
        check_before_training(config_of(tree), tree)


def test_the_front_door_stops_and_can_be_told_not_to(refused, sbir, tree, tmp_path, monkeypatch):
    empty(tree / "photos" / "cat" / "0.jpg")
    overrides = [f"--set={one}" for one in (*SETTINGS, f"data.root={tree}")]
    line = refused("train", "icons_tiny", *overrides, "--to", tmp_path / "run")
    assert "1 picture of 0 bytes" in line
    assert not (tmp_path / "run").exists()

    def train(*_):
        raise UserError("reached the training")

    monkeypatch.setattr("training.train.train", train)
    line = refused("train", "icons_tiny", *overrides, "--to", "run", "--skip-validation")
    assert "reached the training" in line
