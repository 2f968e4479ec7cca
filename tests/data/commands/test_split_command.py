import gzip
import json
import os
import shutil
from pathlib import Path

import pytest

from sbir_tf.data.splits import read_split
from tests import trees


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """What is remembered of the pictures is remembered in a folder of its own."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


@pytest.fixture
def root(tmp_path):
    return trees.plain(tmp_path / "mine", sketches=5)


def said_in_one_line(said):
    return " ".join(said.out.split())


def test_a_named_split_is_written_shown_and_checked(sbir, root, tmp_path):
    file = tmp_path / "splits" / "mine.json.gz"
    said = sbir("data", "split", root, "--split", "supervised", "--test-sketches", 2, "--to", file)
    assert said.code == 0, said
    split = read_split(file)
    assert (len(split.train), len(split.queries), len(split.gallery)) == (12, 4, 6)
    assert (split.layout, split.variant, split.seed) == ("plain", "", 0)
    out = said_in_one_line(said)
    assert "mine.json.gz: written" in out
    assert "queries │ 4 │ 0 │ 2" in out
    assert "train │ 6 │ 6 │ 2" in out
    assert "every photo of the gallery was trained on" in out
    checked = sbir("data", "split", root, "--check", file)
    assert checked.code == 0, checked
    assert "a split of this data, without leaks" in said_in_one_line(checked)


def test_the_same_split_again_changes_nothing_and_another_is_not_overwritten(sbir, refused, root):
    make = ("data", "split", root, "--split", "supervised", "--to", "a.json", "--no-check-content")
    assert "a.json: written" in sbir(*make, "--test-sketches", 2).out
    before = read_split("a.json")
    assert "a.json: as it was" in sbir(*make, "--test-sketches", 2).out
    line = refused(*make, "--test-sketches", 3)
    assert "a.json exists and differs: --force overwrites it, or name another file" in line
    assert read_split("a.json") == before
    assert sbir(*make, "--test-sketches", 3, "--force").code == 0
    assert len(read_split("a.json").queries) == 6


def test_a_file_that_another_zlib_wrote_is_as_it_was(sbir, refused, root):
    file = Path("a.json.gz")
    make = ("data", "split", root, "--split", "supervised", "--test-sketches", 2, "--to", file)
    sbir(*make)
    other = gzip.compress(gzip.decompress(file.read_bytes()), 1, mtime=7)
    file.write_bytes(other)
    assert "a.json.gz: as it was" in sbir(*make).out
    assert file.read_bytes() == other
    file.write_bytes(b"no split")
    assert "exists and differs" in refused(*make)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--check", "a.json", "--drop-copies"), "--drop-copies counts with --lists and --split"),
        (("--check", "a.json", "--force"), "--force counts with --lists and --split"),
        (("--check", "a.json", "--seed", 0), "--seed counts with --split alone: leave it out. Rec"),
        (("--check", "a.json", "--validation", 1), "--validation counts with --split alone"),
        (("--lists", "a.txt", "--to", "b.json", "--seed", 1), "--seed counts with --split alone"),
        (("--lists", "a.txt", "--to", "b.json", "--test-photos", 1), "--test-photos counts with"),
        (("--lists", "a.txt", "--to", "b.json", "--test-sketches", 1), "--test-sketches counts"),
        (("--lists", "a.txt", "--to", "b.json", "--allow-new"), "--allow-new counts with --check"),
        (("--split", "supervised", "--to", "b.json", "--allow-new"), "--allow-new counts with"),
    ],
)
def test_an_option_that_would_be_ignored_is_refused(refused, root, options, said):
    assert said in refused("data", "split", root, *options)


def test_what_is_no_regular_file_is_neither_waited_for_nor_replaced(refused, root):
    Path("null.json").symlink_to(os.devnull)
    options = ("--split", "supervised", "--test-sketches", 2, "--force", "--no-check-content")
    line = refused("data", "split", root, *options, "--to", "null.json")
    assert "null.json is no regular file: name a file" in line
    assert Path("null.json").is_symlink()


def test_a_split_of_other_data_is_refused(sbir, refused, root):
    sbir("data", "split", root, "--split", "supervised", "--test-sketches", 2, "--to", "a.json")
    trees.save(trees.photo(0, 7), root / "photos" / "cat" / "new.jpg")
    (root / "sketches" / "dog" / "0.png").unlink()
    line = refused("data", "split", root, "--check", "a.json")
    assert "1 missing (sketches/dog/0.png); 1 new (photos/cat/new.jpg)" in line
    trees.save(trees.sketch(1, 0), root / "sketches" / "dog" / "0.png")
    assert "1 new" in refused("data", "split", root, "--check", "a.json")
    assert sbir("data", "split", root, "--check", "a.json", "--allow-new").code == 0


def test_the_same_picture_under_two_names_is_a_leak(sbir, refused, root):
    make = ("data", "split", root, "--split", "supervised", "--test-sketches", 2)
    sbir(*make, "--to", "before.json")
    query, other = read_split("before.json").queries[0], root / "photos" / "dog" / "9.png"
    shutil.copy(root / query, other)  # a sketch among the photos
    line = refused(*make, "--to", "a.json")
    assert f"{query} in queries has the content of photos/dog/9.png in gallery" in line
    assert "--drop-copies" in line
    assert sbir(*make, "--to", "a.json", "--no-check-content").code == 0
    assert "has the content of" in refused("data", "split", root, "--check", "a.json")
    said = sbir(*make, "--to", "b.json", "--drop-copies")
    assert said.code == 0, said
    assert read_split("b.json").parts["unused"] == ("photos/dog/9.png",)
    assert sbir("data", "split", root, "--check", "b.json").code == 0


def test_a_zero_shot_split_of_sketchy(sbir, tmp_path):
    root = trees.sketchy_of(tmp_path / "sketchy", trees.ALL_SKETCHY_CLASSES)
    name = "sketchy-1+generalised:all-seen"
    said = sbir("data", "split", root, "--split", name, "--validation", 0.1, "--to", "a.json")
    assert said.code == 0, said
    assert "queries │ 25 │ 0 │ 25" in said_in_one_line(said)
    assert "train │ 90 │ 90 │ 90" in said_in_one_line(said)
    assert "gallery │ 0 │ 115 │ 115" in said_in_one_line(said)
    assert read_split("a.json").variant == "tx_000100000000"


def test_lists_become_a_split(sbir, refused, root, tmp_path):
    sketches = {role: [] for role in ("train", "test")}
    for label, name in enumerate(("dog", "cat")):
        for n in range(5):
            role = "test" if n < 2 else "train"
            sketches[role].append([f"sketches/{name}/{n}.png", label])
    (tmp_path / "authors.json").write_text(json.dumps(sketches))
    said = sbir("data", "split", root, "--lists", tmp_path / "authors.json", "--to", "a.json")
    assert said.code == 0, said
    assert read_split("a.json").queries == tuple(sorted(path for path, _ in sketches["test"]))
    (tmp_path / "train.txt").write_text("../../etc/cat/passwd 0\n")
    line = refused("data", "split", root, "--lists", tmp_path / "train.txt", "--to", "b.json")
    assert "must stay below the data set's root" in line


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "Say one of --split NAME --to FILE"),
        (("--split", "supervised"), "Say one of"),
        (("--split", "supervised", "--check", "a.json"), "Say one of"),
        (("--split", "supervized", "--to", "a.json"), "Did you mean 'supervised'"),
        (("--split", "supervised", "--to", "a.txt"), ".json or .json.gz. Received: a.txt"),
        (("--split", "supervised", "--to", "a.json"), "(--test-sketches)"),
        (("--split", "sketchy-1", "--to", "a.json"), "the data lacks 25 of them"),
        (("--check", "none.json"), "none.json does not exist"),
        (("--split", "supervised", "--to", "a.json", "--layout", "plan"), "Did you mean 'plain'"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_written(refused, root, tmp_path, options, said):
    assert said in refused("data", "split", root, *options)
    assert not (tmp_path / "work" / "a.json").exists()


def test_pictures_that_cannot_be_read_are_counted(sbir, root):
    (root / "photos" / "cat" / "1.jpg").write_bytes(b"no picture")
    said = sbir(
        "data", "split", root, "--split", "supervised", "--test-sketches", 2, "--to", "a.json"
    )
    assert said.code == 0, said
    assert "1 pictures cannot be read: `sbir data inspect" in said_in_one_line(said)
