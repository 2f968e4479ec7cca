import json

import numpy as np
import pytest
from PIL import Image

from sbir_tf.data.icons import load_icons, render, styles, tree
from sbir_tf.data.icons.tree import read_manifest, write_tree
from sbir_tf.errors import UserError


@pytest.fixture
def few(monkeypatch):
    """Two classes stand for the data set."""
    icons = tuple(i for i in load_icons() if i.class_name in ("cat", "guitar"))
    monkeypatch.setattr(tree, "load_icons", lambda: icons)
    return icons


def picture_of(path):
    with Image.open(path) as picture:
        return np.asarray(picture)


def files_of(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_every_icon_is_a_file_that_equals_its_rendering(tmp_path, few):
    folder = write_tree(tmp_path / "tree", size=32)
    for icon in few:
        part = {"sketch": "sketches", "photo": "photos"}[icon.domain]
        path = folder / part / icon.class_name / f"{icon.set}--{icon.name}.png"
        np.testing.assert_array_equal(picture_of(path), render(icon, 32))
    found = sum(1 for part in ("sketches", "photos") for _ in (folder / part).rglob("*.png"))
    assert found == len(few)


def test_held_out_designers_are_queries_and_gallery(tmp_path, few):
    folder = write_tree(tmp_path / "tree", size=16)
    found = {p.relative_to(folder / "styles").as_posix() for p in folder.glob("styles/*/*/*")}
    parts = {"sketch": "queries", "photo": "gallery"}
    expected = {
        f"{parts[i.domain]}/{i.class_name}/{i.file_name}" for i in few if i.key in styles(few).test
    }
    assert found == expected and len(expected) > 4


@pytest.mark.parametrize("name", ["styles", "zero-shot"])
def test_split_files_name_existing_pictures_and_their_labels(tmp_path, few, name):
    folder = write_tree(tmp_path / "tree", size=16)
    lists = json.loads((folder / f"{name}.json").read_text())
    rows = [row for part in ("train", "validation", "test") for row in lists[part]]
    assert len(rows) + len(styles(few).dropped) * (name == "styles") == len(few)
    for path, label in rows:
        assert (folder / path).is_file()
        assert lists["classes"][label] == path.split("/")[1]


def test_a_complete_tree_is_left_alone(tmp_path, few, monkeypatch):
    folder = write_tree(tmp_path / "tree", size=16)
    monkeypatch.setattr(tree, "render_all", None)
    assert write_tree(folder, size=16) == folder


def test_two_trees_are_the_same_byte_for_byte(tmp_path, few):
    one, two = (write_tree(tmp_path / name, size=16) for name in ("one", "two"))
    assert files_of(one) == files_of(two)


def test_a_tree_of_another_size_is_replaced(tmp_path, few):
    folder = write_tree(tmp_path / "tree", size=16)
    write_tree(folder, size=24)
    assert read_manifest(folder)["size"] == 24
    assert {picture_of(p).shape for p in folder.rglob("*.png")} == {(24, 24, 3)}
    assert [p.name for p in tmp_path.iterdir()] == ["tree"]


def test_a_tree_that_lost_a_picture_is_written_again(tmp_path, few):
    folder = write_tree(tmp_path / "tree", size=16)
    before = files_of(folder)
    next(folder.rglob("*.png")).unlink()
    write_tree(folder, size=16)
    assert files_of(folder) == before


class Interrupted(BaseException):
    """Ctrl-C."""


def interrupting(items, description, total):
    for place, item in enumerate(items):
        if description == "writing pictures" and place == 3:
            raise Interrupted
        yield item


def test_an_interrupted_write_leaves_nothing_or_the_old_tree(tmp_path, few):
    with pytest.raises(Interrupted):
        write_tree(tmp_path / "tree", size=16, progress=interrupting)
    assert list(tmp_path.iterdir()) == []
    folder = write_tree(tmp_path / "tree", size=16)
    before = files_of(folder)
    with pytest.raises(Interrupted):
        write_tree(folder, size=24, progress=interrupting)
    assert files_of(folder) == before
    assert [p.name for p in tmp_path.iterdir()] == ["tree"]


def test_a_folder_of_other_files_is_refused_and_untouched(tmp_path, few):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(UserError, match=r"holds other files. Name a new or an empty folder"):
        write_tree(tmp_path, size=16)
    assert files_of(tmp_path) == {"thesis.txt": b"mine"}


def test_an_empty_folder_is_filled(tmp_path, few):
    (tmp_path / "tree").mkdir()
    assert read_manifest(write_tree(tmp_path / "tree", size=16))["classes"] >= 200


def test_a_file_in_the_way_is_named(tmp_path, few):
    (tmp_path / "tree").write_text("mine")
    with pytest.raises(UserError, match=r"is a file. Name a folder"):
        write_tree(tmp_path / "tree", size=16)


def test_a_tiny_size_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"size must be at least 8 pixels. Received: size=0"):
        write_tree(tmp_path / "tree", size=0)
