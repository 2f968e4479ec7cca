"""What lies in real folders: one walk lists it for training and reports it for people."""

import os

import pytest

from sbir_tf.data.layouts import LAYOUTS, list_folder, list_items
from sbir_tf.errors import UserError
from tests import trees

PLAIN = LAYOUTS["plain"]


def test_a_sound_data_set_is_listed_alike_for_training_and_for_people(tmp_path):
    root = trees.plain(tmp_path)
    listing = list_folder(root, PLAIN)
    assert listing.items == list_items(root, PLAIN)
    assert (listing.empty, listing.unreadable, listing.skipped) == ((), (), ())
    assert dict(listing.ignored) == {}


def test_every_flaw_is_reported_where_training_stops_at_the_first(tmp_path):
    root = trees.plain(tmp_path)
    (root / "photos" / "eel").mkdir()
    (root / "sketches" / "fox").mkdir()
    trees.save(trees.sketch(0, 0), root / "sketches" / "gnu" / "0.png")
    trees.save(trees.photo(0, 0), root / "photos" / "Cat!" / "0.jpg")
    listing = list_folder(root, PLAIN)
    assert listing.empty == ("photos/eel", "sketches/fox")
    assert listing.pairing.sketches_alone == ("fox", "gnu")
    assert listing.pairing.photos_alone == ("eel",)
    assert listing.pairing.doubled == {"cat": ("Cat!", "cat")}
    assert {item.class_name for item in listing.items} == {"cat", "dog", "gnu"}
    with pytest.raises(UserError, match="photos/eel holds no picture"):
        listing.check()


def test_what_is_no_file_is_listed_with_its_reason_and_never_opened(tmp_path):
    root = trees.plain(tmp_path)
    before = list_items(root, PLAIN)
    folder = root / "photos" / "cat"
    os.mkfifo(folder / "pipe.png")
    (folder / "loop.png").symlink_to("loop.png")
    (folder / "dead.png").symlink_to("nowhere.png")
    (root / "sketches" / "loop").symlink_to("loop")
    listing = list_folder(root, PLAIN)
    assert listing.items == before
    assert {problem.path.rpartition("/")[2]: problem.reason for problem in listing.skipped} == {
        "dead.png": "a link to nothing",
        "loop.png": "it cannot be followed (Too many levels of symbolic links)",
        "pipe.png": "a pipe or a device, not a file",
    }
    assert [problem.path for problem in listing.unreadable] == ["sketches/loop"]


def test_a_link_back_to_the_root_is_an_empty_class_not_an_endless_walk(tmp_path):
    root = trees.plain(tmp_path)
    (root / "photos" / "again").symlink_to(root, target_is_directory=True)
    listing = list_folder(root, PLAIN)
    assert listing.empty == ("photos/again",)
    assert listing.ignored["folders inside class folders"] == 2


def test_names_that_are_not_utf8_are_left_out_and_shown_in_print(tmp_path):
    root = trees.plain(tmp_path)
    before = list_items(root, PLAIN)
    odd = os.fsencode(root / "photos" / "cat") + b"/caf\xe9.png"
    with open(odd, "wb") as file:  # noqa: PTH123 (a path of bytes)
        file.write(b"never read")
    os.mkdir(os.fsencode(root / "photos") + b"/\xff\xfe")  # noqa: PTH102 (as above)
    listing = list_folder(root, PLAIN)
    assert listing.items == before
    assert [problem.path for problem in listing.skipped] == [r"photos/cat/caf\xe9.png"]
    assert [problem.path for problem in listing.unreadable] == [r"photos/\xff\xfe"]
    with pytest.raises(UserError, match=r"its name is not UTF-8: rename it"):
        listing.check()


def test_a_folder_that_may_not_be_listed_is_reported_and_stops_training(tmp_path, monkeypatch):
    root = trees.plain(tmp_path)
    scandir = os.scandir

    def guarded(folder):
        if str(folder).endswith("photos/cat"):  # root may list everything
            raise PermissionError(13, "Permission denied")
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", guarded)
    listing = list_folder(root, PLAIN)
    assert [problem.path for problem in listing.unreadable] == ["photos/cat"]
    assert listing.empty == ()
    with pytest.raises(UserError, match=r"photos/cat: the folder cannot be listed \(Permission"):
        list_items(root, PLAIN)


def test_pictures_that_tensorflow_cannot_read_are_listed_too(tmp_path):
    root = trees.plain(tmp_path)
    before = list_items(root, PLAIN)
    trees.save(trees.photo(0, 0), root / "photos" / "cat" / "0.WebP", format="WEBP")
    more = {item.path for item in list_items(root, PLAIN)} - {item.path for item in before}
    assert more == {"photos/cat/0.WebP"}


def test_what_is_passed_over_is_counted(tmp_path):
    root = trees.plain(tmp_path)
    (root / "photos" / "list.txt").touch()
    (root / "photos" / "cat" / "Thumbs.db").touch()
    trees.save(trees.photo(0, 0), root / "photos" / "cat" / "more" / "0.jpg")
    assert dict(list_folder(root, PLAIN).ignored) == {
        "files beside the class folders": 1,
        "files without a picture's extension": 1,
        "folders inside class folders": 1,
    }


def test_only_what_was_drawn_from_has_an_instance(tmp_path):
    sketchy = LAYOUTS["sketchy_ext"]
    root = trees.sketchy(tmp_path)
    trees.save(trees.photo(0, 0), root / "EXTEND_image_sketchy" / "airplane" / "n02395400_3133.jpg")
    items = [i for i in list_items(root, sketchy) if i.class_name == "airplane"]
    instances = {item.path.rpartition("/")[2]: sketchy.instance(item) for item in items}
    assert instances["n02395400_3133.jpg"] == instances["n02395400_3133-4.png"] == "n02395400_3133"
    assert instances["ext_0.jpg"] == ""
