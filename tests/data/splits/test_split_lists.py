import json

import pytest

from sbir_tf.data.layouts import LAYOUTS, Item, list_items
from sbir_tf.data.splits import check_leaks, check_split, read_lists, supervised
from sbir_tf.errors import UserError
from tests import trees


@pytest.fixture(scope="module")
def sketchy(tmp_path_factory):
    return list_items(trees.sketchy(tmp_path_factory.mktemp("sketchy")), LAYOUTS["sketchy_ext"])


@pytest.fixture(scope="module")
def tuberlin(tmp_path_factory):
    return list_items(trees.tuberlin(tmp_path_factory.mktemp("tuberlin")), LAYOUTS["tuberlin_ext"])


def sake_lists(folder, again=False):
    """Zero-shot lists of the Sketchy tree as SAKE writes them; `again` has the original photos
    beside the extended ones."""
    for role, names in (("train", ("airplane", "hot-air_balloon")), ("zero", ("teddy_bear",))):
        sketches, photos = [], []
        for name in names:
            number = trees.SKETCHY_CLASSES.index(name)
            place = f"256x256/sketch/tx_000000000000_ready/{name}"
            sketches += [f"{place}/n0239540{number}_3133-{n}.png {number}" for n in range(5)]
            photos += [f"EXTEND_image_sketchy_ready/{name}/ext_{n}.jpg {number}" for n in range(4)]
            if again:
                other = f"256x256/photo/tx_000000000000_ready/{name}"
                photos += [f"{other}/ext_{n}.jpg {number}" for n in range(2)]
        sketch_list = folder / f"sketch_tx_000000000000_ready_filelist_{role}.txt"
        sketch_list.write_text("\n".join(sketches) + "\n")
        (folder / f"all_photo_filelist_{role}.txt").write_text("\n".join(photos) + "\n")
    return sorted(folder.glob("*.txt"))


def written(folder, name, *lines):
    (folder / name).write_text("\n".join(lines) + "\n")
    return folder / name


def test_sakes_lists_are_a_zero_shot_split_of_what_lies_here(sketchy, tmp_path):
    split = read_lists(sake_lists(tmp_path), sketchy, layout="sketchy_ext")
    teddies = {item.path for item in sketchy if item.class_name == "teddy_bear"}
    assert set(split.queries) | set(split.gallery) == teddies
    assert set(split.train) == {item.path for item in sketchy} - teddies
    assert (split.protocol, split.gallery_seen, len(split.gallery)) == ("zero-shot", False, 4)
    # The lists are of tx_000000000000; the data is of the variant that was asked for.
    assert all("tx_000100000000" in path for path in split.queries)
    assert "0 of 1 searched classes were trained on" in split.note
    assert "left out" not in split.note
    check_split(split, sketchy)
    check_leaks(split)


def test_photos_that_are_listed_again_are_in_the_gallery_once(sketchy, tmp_path):
    plain = read_lists(sake_lists(tmp_path), sketchy)
    split = read_lists(sake_lists(tmp_path, again=True), sketchy)
    assert split.parts == plain.parts
    # Two of each of three classes.
    assert "6 entries that repeat a picture were left out" in split.note


def copies():
    """A photo that lies in two folders, by its name; and one under another name."""
    items = [Item(f"sketches/cat/{n}.png", "cat", "sketch") for n in (1, 2)]
    places = ("extended/cat/1.jpg", "photo/cat/1.jpg", "photo/cat/2.jpg")
    return [*items, *(Item(place, "cat", "photo") for place in places)]


@pytest.mark.parametrize(
    ("digests", "kept"),
    [
        (None, ("extended/cat/1.jpg", "photo/cat/2.jpg")),
        ("xyx", ("extended/cat/1.jpg", "photo/cat/1.jpg")),
        ("xyz", ("extended/cat/1.jpg", "photo/cat/1.jpg", "photo/cat/2.jpg")),
    ],
)
def test_copies_are_found_by_content_or_by_class_and_name(tmp_path, digests, kept):
    train = written(tmp_path, "train.txt", "sketches/cat/1.png 0", "extended/cat/1.jpg 0")
    photos = ("extended/cat/1.jpg", "photo/cat/1.jpg", "photo/cat/2.jpg")
    lines = (f"{photo} 0" for photo in photos)
    test = written(tmp_path, "test.txt", "sketches/cat/2.png 0", *lines)
    known = digests and dict(zip(photos, digests, strict=True))
    split = read_lists([train, test], copies(), known)
    assert split.gallery == kept
    assert split.items() == {item.path for item in copies()}  # the others are "unused"


def test_labels_are_the_last_word_and_paths_may_have_spaces(tuberlin, tmp_path):
    photos = ("ImageResized/teddybear/n07753593_0.JPEG 7", "Image_ready/mouse/n07753592_1.jpg 3")
    train = written(tmp_path, "train.txt", "png_ready/teddy-bear/241.png 7", photos[0])
    test = written(tmp_path, "test.txt", "png_ready/mouse (animal)/161.png 3", photos[1])
    split = read_lists([train, test], tuberlin)
    assert split.queries == ("png/mouse (animal)/161.png",)
    assert split.gallery == ("ImageResized/mouse/n07753592_1.JPEG",)
    assert len(split.parts["unused"]) == len(tuberlin) - 4


def authors_json(tmp_path, split, **more):
    """The authors' JSON of a split's sketches, with labels in an order of its own."""
    labels = {"dog": 0, "cat": 1}
    values = {
        role: [[path, labels[path.split("/")[1]]] for path in paths if path[0] == "s"]
        for role, paths in (("train", split.train), ("test", split.queries))
    }
    file = tmp_path / "split.json"
    file.write_text(json.dumps(values | more))
    return file


@pytest.fixture
def plain(tmp_path):
    return list_items(trees.plain(tmp_path / "plain", sketches=5), LAYOUTS["plain"])


def test_the_authors_json_is_the_supervised_split_that_it_was(plain, tmp_path):
    expected = supervised(plain, 2)
    split = read_lists([authors_json(tmp_path, expected)], plain)
    assert split.parts == expected.parts
    assert (split.protocol, split.gallery_seen) == ("supervised", True)
    assert "6 of 6 photos of the gallery" in split.note


def test_a_json_that_names_test_photos_has_these_as_its_gallery(plain, tmp_path):
    train = [["sketches/cat/0.png", 0], ["photos/cat/0.jpg", 0]]
    test = [["sketches/cat/1.png", 0], ["photos/cat/1.jpg", 0]]
    file = authors_json(tmp_path, supervised(plain, 2), train=train, test=test)
    split = read_lists([file], plain)
    assert (split.gallery, split.protocol) == (("photos/cat/1.jpg",), "held-out-photos")
    assert not split.gallery_seen


def test_without_photo_lists_nothing_of_the_unseen_classes_is_trained_on(plain, tmp_path):
    train = written(tmp_path, "sketch_train.txt", "sketches/cat/0.png 0", "sketches/cat/1.png 0")
    zero = written(tmp_path, "sketch_zero.txt", "sketches/dog/0.png 1")
    with pytest.raises(UserError, match=r"test's photos too. Received: 'dog'"):
        read_lists([train, zero], plain)


def test_a_gallery_that_is_trained_on_in_part_is_a_leak(plain, tmp_path):
    train = written(tmp_path, "train.txt", *GOOD, "photos/cat/1.jpg 0")
    test = written(tmp_path, "test.txt", "sketches/cat/1.png 0", *CAT_PHOTOS[1:])
    split = read_lists([train, test], plain)
    assert (split.protocol, split.gallery_seen) == ("held-out-photos", False)
    assert "1 of 2 photos of the gallery" in split.note
    with pytest.raises(UserError, match=r"1 leak: photos/cat/1.jpg is in train and in gallery"):
        check_leaks(split)


def test_so_is_a_generalised_one_but_for_the_photos_of_unseen_classes(plain, tmp_path):
    test = written(tmp_path, "test.txt", "sketches/dog/1.png 1", "photos/dog/0.jpg 1", *CAT_PHOTOS)
    train = written(tmp_path, "train.txt", "sketches/cat/0.png 0", *CAT_PHOTOS)
    split = read_lists([train, test], plain)
    assert (split.protocol, split.gallery_seen) == ("generalised", True)
    check_leaks(split)
    train = written(tmp_path, "train.txt", *GOOD)
    split = read_lists([train, test], plain)
    assert (split.protocol, split.gallery_seen) == ("generalised", False)
    with pytest.raises(UserError, match=r"1 leak: photos/cat/0.jpg"):
        check_leaks(split)


def test_validation_sketches_search_a_trained_gallery_and_no_other(plain, tmp_path):
    train = written(tmp_path, "train.txt", *GOOD)
    validation = written(tmp_path, "val.txt", "sketches/cat/2.png 0")
    held = written(tmp_path, "test.txt", "sketches/cat/1.png 0", "photos/cat/1.jpg 0")
    split = read_lists([train, validation, held], plain)
    check_leaks(split)
    assert "validation_queries" not in split.parts
    assert split.of("sketches/cat/2.png") == ("unused",)
    assert "the validation lists are left out" in split.note
    trained = written(tmp_path, "test.txt", "sketches/cat/1.png 0")
    split = read_lists([train, validation, trained], plain)
    check_leaks(split)
    assert split.parts["validation_queries"] == ("sketches/cat/2.png",)
    assert split.parts["validation_gallery"] == split.gallery
    assert "left out" not in split.note


CAT_PHOTOS = tuple(f"photos/cat/{n}.jpg 0" for n in range(3))
GOOD = ("sketches/cat/0.png 0", "photos/cat/0.jpg 0")


@pytest.mark.parametrize(
    ("name", "lines", "said"),
    [
        ("train.txt", ["../up/cat/0.png 0"], r"train.txt:1: .*below the data set's root"),
        ("train.txt", [*GOOD, "a/../../cat/0.png 0"], r"train.txt:3: .*below the data set's root"),
        ("train.txt", ["/data/cat/0.png 0"], r"train.txt:1: .*below the data set's root"),
        ("train.txt", ["sketches/cat/0.png"], r"train.txt:1 must be `path label`"),
        ("train.txt", ["sketches/cat/0.png x"], r"train.txt:1 must be `path label`"),
        ("train.txt", ["sketches/cat/99.png 0"], r"1 of 3 entries name no picture.*99.png"),
        ("train.txt", ["cat/0.png 0", *GOOD], None),
        ("train.txt", [*GOOD, "sketches/dog/0.png 0"], "label 0 means one class.*'cat' and 'dog'"),
        ("train.txt", [*GOOD, "sketches/cat/2.png 1"], "'cat' has one label. Received: 0 and 1"),
        ("train.txt", [], "is empty"),
        ("mine.txt", GOOD, r"does not say what it is of: write --lists train="),
        ("train.txt", GOOD[:1], "no photo to train on"),
        ("train.txt", GOOD[1:], "no sketch to train on"),
        ("train.json", ['{"train": [], "test": [["sketches/cat/0.png"]]}'], r"test\[0\] must be"),
        ("train.json", ['{"train": [], "test": [["../cat/0.png", 0]]}'], r"test\[0\]: .*root"),
        ("train.json", ['{"a": 1}'], "is not a list: expected"),
        (
            "train.json",
            ['{"train": null, "test": []}'],
            r"train.json train must be a list of.*None",
        ),
        (
            "train.json",
            ['{"train": [], "test": 5}'],
            r"train.json test must be a list.*Received: 5",
        ),
    ],
)
def test_a_wrong_list_is_one_line_that_says_where(plain, tmp_path, name, lines, said):
    test = written(tmp_path, "test.txt", "sketches/cat/1.png 0", "photos/cat/1.jpg 0")
    file = written(tmp_path, name, *lines)
    if said is None:
        assert read_lists([file, test], plain).train == ("photos/cat/0.jpg", "sketches/cat/0.png")
        return
    with pytest.raises(UserError, match=said):
        read_lists([file, test], plain)


def test_a_path_that_may_mean_a_sketch_or_a_photo_is_ambiguous_unless_the_list_says(tmp_path):
    folders = {"sketch": "sketches", "photo": "photos"}
    items = [Item(f"{folders[of]}/cat/{n}.png", "cat", of) for n in (0, 1) for of in folders]
    test = written(tmp_path, "test.txt", "sketches/cat/1.png 0", "photos/cat/1.png 0")
    file = written(tmp_path, "train.txt", "cat/0.png 0")
    with pytest.raises(UserError, match=r"train.txt:1 may mean several items: .*photos/cat/0.png"):
        read_lists([file, test], items)
    lists = [written(tmp_path, f"{domain}_train.txt", "cat/0.png 0") for domain in folders]
    assert read_lists([*lists, test], items).train == ("photos/cat/0.png", "sketches/cat/0.png")


def test_the_nearest_folder_that_says_so_tells_sketches_from_photos(tmp_path):
    places = {"sketch": "images/sketches/cat", "photo": "images/photos/cat"}
    items = [Item(f"{places[of]}/{n}.png", "cat", of) for n in (0, 1) for of in places]
    lists = [
        written(tmp_path, f"{role}.txt", *(f"{place}/{n}.png 0" for place in places.values()))
        for n, role in enumerate(("train", "test"))
    ]
    split = read_lists(lists, items)
    assert split.train == ("images/photos/cat/0.png", "images/sketches/cat/0.png")
    assert split.queries == ("images/sketches/cat/1.png",)
    # A folder that says both says nothing.
    unclear = written(tmp_path, "train.txt", "sketch_images/cat/0.png 0")
    with pytest.raises(UserError, match="may mean several items"):
        read_lists([unclear, lists[1]], items)


def test_the_longest_common_end_decides(tmp_path):
    paths = [f"sets/{place}/sketches/cat/{n}.png" for place in ("old", "new") for n in (0, 1)]
    items = [Item(path, "cat", "sketch") for path in paths]
    items += [Item(f"photos/cat/{n}.jpg", "cat", "photo") for n in (0, 1)]
    train = written(tmp_path, "train.txt", "x/new_ready/sketches/cat/0.png 0", "photos/cat/0.jpg 0")
    test = written(tmp_path, "test.txt", "old/sketches/cat/1.png 0", "photos/cat/1.jpg 0")
    split = read_lists([train, test], items)
    assert split.queries == ("sets/old/sketches/cat/1.png",)
    assert split.train == ("photos/cat/0.jpg", "sets/new/sketches/cat/0.png")


def test_a_missing_list_is_named(sketchy, tmp_path):
    lists = sake_lists(tmp_path)
    without = [file for file in lists if file.name != "all_photo_filelist_zero.txt"]
    with pytest.raises(UserError, match=r"no photo of the classes that .*Received: 'teddy_bear'"):
        read_lists(without, sketchy)
    with pytest.raises(UserError, match=r"No list is of the training.*lists of zero"):
        read_lists([file for file in lists if "zero" in file.name], sketchy)
    with pytest.raises(UserError, match="There is no list"):
        read_lists([tmp_path / "none_train.txt"], sketchy)
    binary = tmp_path / "train.txt"
    binary.write_bytes(b"\x89PNG\xff\xfe 1")
    with pytest.raises(UserError, match="is not text"):
        read_lists([binary], sketchy)
    with binary.open("wb") as file:
        file.truncate(2**29 + 1)
    with pytest.raises(UserError, match=r"up to 512 MB. Received: 512 MB"):
        read_lists([binary], sketchy)


def test_sakes_test_lists_beside_zero_ones_are_a_validation_part(sketchy, tmp_path):
    lists = sake_lists(tmp_path)
    for file in lists:
        if file.name.endswith("_train.txt"):
            lines = file.read_text().splitlines()
            held, kept = lines[::4], [line for line in lines if line not in lines[::4]]
            written(tmp_path, file.name, *kept)
            lists.append(written(tmp_path, file.name.replace("_train", "_test"), *held))
    split = read_lists(lists, sketchy)
    assert split.protocol == "zero-shot"
    assert len(split.parts["validation_queries"]) == 3
    assert len(split.parts["validation_gallery"]) == 2
    check_leaks(split)
