import os
from collections import Counter

import pytest

from sbir_tf.data.layouts import LAYOUTS, list_items
from sbir_tf.data.layouts.pairing import pair_folders
from sbir_tf.errors import UserError
from tests import trees

TUBERLIN = LAYOUTS["tuberlin_ext"]


def counts(items):
    return Counter((item.domain, item.class_name) for item in items)


def test_sketchys_photos_are_the_extended_ones_alone(tmp_path):
    items = list_items(trees.sketchy(tmp_path), LAYOUTS["sketchy_ext"])
    expected = {("sketch", name): 5 for name in trees.SKETCHY_CLASSES}
    expected |= {("photo", name): 4 for name in trees.SKETCHY_CLASSES}
    assert counts(items) == expected
    assert all(
        item.path.startswith(("256x256/sketch/tx_000100000000/", "EXTEND_image_sketchy/"))
        for item in items
    )


def test_another_variant_of_sketchy_can_be_asked_for(tmp_path):
    items = list_items(trees.sketchy(tmp_path), LAYOUTS["sketchy_ext"], "tx_000000000000")
    assert {i.path.split("/")[2] for i in items if i.domain == "sketch"} == {"tx_000000000000"}


def test_tuberlins_photo_folders_find_the_classes_that_they_misspell(tmp_path):
    items = list_items(trees.tuberlin(tmp_path), TUBERLIN)
    photos = [item for item in items if item.domain == "photo"]
    assert {(item.path.split("/")[1], item.class_name) for item in photos} == {
        (folder, name) for name, folder in trees.TUBERLIN_CLASSES.items()
    }
    assert TUBERLIN.swap_red_blue


@pytest.mark.parametrize(
    ("sketch", "photo"),
    [
        ("hot air balloon", "hotairballoon"),
        ("car (sedan)", "carsedan"),
        ("t-shirt", "tshirt"),
        ("t-shirt", "t-shirt"),
        ("wrist-watch", "wristwatching"),
        ("pipe (for smoking)", "pipe"),
        ("trombone", "tromobone"),
    ],
)
def test_folders_of_one_class_are_paired_by_name_alias_or_letters(sketch, photo):
    assert pair_folders([sketch], [photo], TUBERLIN).photos == {photo: sketch}


def test_a_folder_of_the_same_name_comes_before_an_alias():
    classes, photos = ("mouse", "mouse (animal)"), ("mouse", "mouse animal")
    pairs = dict(zip(photos, classes, strict=True))
    assert pair_folders(classes, photos, LAYOUTS["release"]).photos == pairs


def test_the_release_holds_sets_beside_each_other(tmp_path):
    trees.plain(tmp_path / "sketchy")
    trees.plain(tmp_path / "TUBerlin", classes=("ant", "bus", "axe"))
    release = LAYOUTS["release"]
    assert len({i.class_name for i in list_items(tmp_path, release)}) == 2
    assert len({i.class_name for i in list_items(tmp_path, release, "TUBerlin")}) == 3


def test_the_order_of_the_file_system_changes_nothing(tmp_path, monkeypatch):
    root = trees.plain(tmp_path, sketches=6)
    before = list_items(root, LAYOUTS["plain"])
    scandir = os.scandir

    class Backwards:
        def __init__(self, folder):
            with scandir(folder) as entries:
                self.entries = sorted(entries, key=lambda entry: entry.name, reverse=True)

        def __enter__(self):
            return self.entries

        def __exit__(self, *_):
            pass

    monkeypatch.setattr(os, "scandir", Backwards)
    after = list_items(root, LAYOUTS["plain"])
    assert after == before


def test_hidden_files_and_files_that_are_no_pictures_are_left_out(tmp_path):
    root = trees.plain(tmp_path)
    before = list_items(root, LAYOUTS["plain"])
    for stray in ("sketches/.DS_Store", "sketches/cat/._0.png", "sketches/cat/list.txt"):
        (root / stray).write_bytes(b"stray")
    (root / "photos" / ".thumbnails").mkdir()
    assert list_items(root, LAYOUTS["plain"]) == before


def test_a_missing_root_names_the_layout_that_is_expected(tmp_path):
    with pytest.raises(
        UserError, match=r"data.root=\S*none does not exist: .*sketchy_ext is 256x2"
    ):
        list_items(tmp_path / "none", LAYOUTS["sketchy_ext"])
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="is not a folder"):
        list_items(tmp_path / "file", LAYOUTS["plain"])


@pytest.mark.parametrize(
    ("build", "inside", "layout", "variant", "said"),
    [
        (trees.plain, ".", "sketchy_ext", None, "--set data.layout=plain?"),
        (trees.tuberlin, ".", "plain", None, "--set data.layout=tuberlin_ext?"),
        (trees.sketchy, "Sketchy", "sketchy_ext", None, "--set data.root={root}/Sketchy?"),
        (trees.plain, "mine", "release", None, "--set data.variant=mine?"),
        (trees.sketchy, ".", "sketchy_ext", "tx_1", "--set data.variant=tx_000100000000?"),
        (trees.plain, "a", "tuberlin_ext", None, "--set data.layout=release --set data.variant=a?"),
    ],
)
def test_another_layout_names_the_nearest_match(tmp_path, build, inside, layout, variant, said):
    build(tmp_path / inside)
    with pytest.raises(UserError, match=f"not laid out as data.layout={layout}") as error:
        list_items(tmp_path, LAYOUTS[layout], variant)
    assert str(error.value).endswith("did you mean " + said.format(root=tmp_path))


def test_a_folder_like_no_layout_says_what_it_holds(tmp_path):
    (tmp_path / "holiday").mkdir()
    with pytest.raises(UserError, match="found there: holiday"):
        list_items(tmp_path, LAYOUTS["plain"])


def test_an_empty_class_is_named(tmp_path):
    root = trees.plain(tmp_path)
    (root / "photos" / "eel").mkdir()
    with pytest.raises(UserError, match=r"photos/eel holds no picture .*1 of 5 class folders"):
        list_items(root, LAYOUTS["plain"])


def test_classes_without_a_partner_are_listed(tmp_path):
    root = trees.plain(tmp_path)
    for name in ("eel", "fox"):
        trees.save(trees.sketch(0, 0), root / "sketches" / name / "0.png")
    trees.save(trees.photo(0, 0), root / "photos" / "gnu" / "0.jpg")
    with pytest.raises(UserError, match="sketches alone of 'eel', 'fox'; photos alone of 'gnu'"):
        list_items(root, LAYOUTS["plain"])


def test_two_folders_for_one_class_are_named():
    with pytest.raises(UserError, match=r"class 'giraffe'.*Received: 'giraffe' and 'griaffe'"):
        pair_folders(["giraffe"], ["griaffe", "giraffe"], TUBERLIN).check()
