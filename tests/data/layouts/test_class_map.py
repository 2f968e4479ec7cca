import json

import pytest

from sbir_tf.data.layouts import LAYOUTS, list_items, read_class_map
from sbir_tf.errors import UserError
from tests import trees

PLAIN = LAYOUTS["plain"]
WANTED = {"moggy": "cat", "hot dog, bun": "dog"}


def written(file, text):
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("map.csv", 'moggy,cat\n"hot dog, bun",dog\n'),
        ("map.csv", 'folder,class\n\nmoggy, cat\n"hot dog, bun",dog'),
        ("map.csv", '\ufeffFolder,Class\r\nmoggy,cat\r\n"hot dog, bun",dog\r\n'),
        ("map.JSON", json.dumps(WANTED)),
    ],
)
def test_both_kinds_of_file_say_the_same(tmp_path, name, text):
    assert dict(read_class_map(written(tmp_path / name, text)).classes) == WANTED


def test_folders_of_both_domains_show_what_the_map_says(tmp_path):
    root = trees.plain(tmp_path / "data", classes=("cat", "dog"))
    (root / "sketches" / "cat").rename(root / "sketches" / "moggy")
    (root / "photos" / "dog").rename(root / "photos" / "hound")
    file = written(tmp_path / "map.csv", "moggy,cat\nhound,dog\n")
    items = list_items(root, PLAIN, class_map=read_class_map(file))
    shown = {(item.path.split("/")[1], item.class_name) for item in items}
    assert shown == {("moggy", "cat"), ("cat", "cat"), ("hound", "dog"), ("dog", "dog")}


def test_the_map_merges_folders_and_comes_before_the_layouts_aliases(tmp_path):
    root = trees.tuberlin(tmp_path / "data")
    text = "teddy-bear,toy\nteddybear,toy\ncup (mug),toy\ncupmug,toy\nmouse,giraffe\n"
    read = read_class_map(written(tmp_path / "map.csv", text))
    with pytest.raises(UserError, match=r"sketches alone of 'mouse \(animal\)'"):
        list_items(root, LAYOUTS["tuberlin_ext"], class_map=read)
    merged = read_class_map(written(tmp_path / "map.csv", text.replace("mouse,giraffe\n", "")))
    items = list_items(root, LAYOUTS["tuberlin_ext"], class_map=merged)
    assert {item.class_name for item in items} == {"toy", "giraffe", "mouse (animal)"}


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("map.csv", "a,b\nc\n", r"map.csv line 2 must be folder,class. Received: 'c'"),
        ("map.csv", "a,b,c\n", r"map.csv line 1 must be folder,class. Received: 'a,b,c'"),
        ("map.csv", "a,b\nc,\n", r"map.csv line 2: the class must be a name. Received: ''"),
        ("map.csv", "a,b\na,c\n", r"map.csv line 2: folder 'a' comes twice"),
        ("map.csv", "../a,b\n", r"map.csv line 1: a folder is one name.*Received: '../a'"),
        ("map.csv", 'a,"b', r"map.csv line 1 is no CSV"),
        ("map.csv", "\n", r"map.csv maps no folder"),
        ("map.json", "{\n", r"map.json line 2 is no JSON"),
        ("map.json", '["a"]', r"map.json must hold an object.*Received: \['a'\]"),
        ("map.json", '{"a": "b",\n "c": 7}', r"line 2: the class must be a name. Received: 7"),
        ("map.json", '{"a": "b",\n "a": "c"}', r"folder 'a' comes twice"),
        ("map.json", "[" * 100_000, r"map.json is no JSON"),
        ("map.json", f'{{"a": {"1" * 5000}}}', r"map.json is no JSON"),
        ("map.txt", "a,b\n", r"a .csv or .json file. Received: \S+map.txt"),
    ],
)
def test_a_wrong_map_names_the_line_and_the_value(tmp_path, name, text, said):
    with pytest.raises(UserError, match=said):
        read_class_map(written(tmp_path / name, text))


def test_a_folder_that_is_not_there_names_the_nearest(tmp_path):
    root = trees.tuberlin(tmp_path / "data")
    read = read_class_map(written(tmp_path / "map.csv", "folder,class\ngrifae,giraffe\n"))
    with pytest.raises(UserError, match=r"map.csv line 2: .* 'grifae'. Did you mean 'griaffe'\?"):
        list_items(root, LAYOUTS["tuberlin_ext"], class_map=read)


def test_missing_huge_and_binary_maps_are_refused(tmp_path):
    with pytest.raises(UserError, match="There is no class map"):
        read_class_map(tmp_path / "none.csv")
    (tmp_path / "huge.csv").write_bytes(b"")
    with (tmp_path / "huge.csv").open("wb") as file:
        file.truncate(2**31)
    with pytest.raises(UserError, match="too large for a class map"):
        read_class_map(tmp_path / "huge.csv")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="is not UTF-8"):
        read_class_map(tmp_path / "binary.csv")
