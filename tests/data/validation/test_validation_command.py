"""`sbir data validate`: what it prints, what it writes, and its exit codes."""

import json
import os
import shutil

import pytest

from sbir_tf.data.layouts import LAYOUTS, list_items, read_class_map
from sbir_tf.data.records import build_records
from tests import trees


@pytest.fixture
def tree(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return trees.plain(tmp_path / "mine")


def test_a_sound_folder_is_0_and_says_so(sbir, tree):
    said = sbir("data", "validate", tree)
    assert (said.code, said.err) == (0, "")
    assert said.out == f"{tree}: 2 classes, 6 sketches, 6 photos: no anomaly\n"


def test_warnings_are_0_and_errors_are_1(sbir, tree):
    blank = trees.sketch(0, 0)
    blank.paste("white", (0, 0, *blank.size))
    trees.save(blank, tree / "sketches" / "cat" / "9.png")
    warned = sbir("data", "validate", tree)
    assert warned.code == 0
    assert "warning: 1 sketch with less than 0.1% ink: sketches/cat/9.png" in warned.out
    (tree / "photos" / "dog" / "1.jpg").write_bytes(b"")
    failed = sbir("data", "validate", tree)
    assert failed.code == 1
    assert "error: 1 picture of 0 bytes: photos/dog/1.jpg" in failed.out
    assert failed.err == ""


def test_json_is_the_report(sbir, tree):
    shutil.rmtree(tree / "photos" / "dog")
    said = sbir("data", "validate", tree, "--json")
    values = json.loads(said.out)
    assert said.code == 1
    assert [anomaly["code"] for anomaly in values["anomalies"]] == ["class_without_photos"]
    assert values["facts"]["classes"] == 2


def test_a_schema_is_written_read_and_kept_to(sbir, tree):
    assert sbir("data", "validate", tree, "--write-schema", "schema.pbtxt").code == 0
    assert sbir("data", "validate", tree, "--against", "schema.pbtxt").code == 0
    for domain in ("sketches", "photos"):
        shutil.rmtree(tree / domain / "dog")
    said = sbir("data", "validate", tree, "--against", "schema.pbtxt")
    assert said.code == 1
    assert "1 class of schema.pbtxt not in the data: 'dog'" in said.out


def test_no_schema_is_written_of_a_set_with_errors(sbir, tree):
    shutil.rmtree(tree / "photos" / "dog")
    said = sbir("data", "validate", tree, "--write-schema", "schema.pbtxt")
    assert said.code == 1
    assert "is not written" in said.err
    assert not (tree.parent / "schema.pbtxt").exists()


def test_records_are_validated_against_their_folder_and_the_page_is_written(sbir, tree):
    build_records(tree, list_items(tree, LAYOUTS["plain"]), "records", size=32)
    said = sbir("data", "validate", "records", "--against", tree, "--html", "pages/report.html")
    assert said.code == 0, said
    assert "no anomaly" in said.out
    assert "written: pages/report.html" in said.out
    assert (tree.parent / "pages" / "report.html").read_text().startswith("<!doctype html>")


def test_the_class_map_is_of_the_other_folder_too(sbir, tree):
    (tree / "photos" / "dog").rename(tree / "photos" / "hound")
    (tree.parent / "map.csv").write_text("folder,class\nhound,dog\n")
    build_records(tree, list_items(tree, LAYOUTS["plain"], None, read_class_map("map.csv")), "r")
    for what in ("mine", "r"):
        said = sbir("data", "validate", what, "--against", "mine", "--class-map", "map.csv")
        assert "no anomaly" in said.out, said


def test_somebody_elses_build_json_makes_no_records(sbir, tree):
    for name in ("build.json", "manifest.json"):
        (tree / name).write_text('{"format": 2}')
    assert sbir("data", "validate", tree).code == 0


def test_a_folder_whose_name_is_no_text_is_named_all_the_same(sbir, tree):
    said = sbir("data", "validate", tree.rename(tree.parent / os.fsdecode(b"min\xe9")))
    assert (said.code, said.err) == (0, "")
    assert said.out.endswith("min\\udce9: 2 classes, 6 sketches, 6 photos: no anomaly\n")


@pytest.mark.parametrize("option", ["--against", "--serving", "--split"])
def test_a_pipe_is_refused_and_not_waited_for(refused, tree, option):
    os.mkfifo("pipe")
    assert "pipe is no regular file" in refused("data", "validate", tree, option, "pipe")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("none",), "none does not exist"),
        (("mine", "--against", "none.pbtxt"), "none.pbtxt does not exist"),
        (("mine", "--serving", "none.jsonl"), "none.jsonl does not exist"),
        (("mine", "--split", "none.json"), "none.json does not exist"),
        (("mine", "--against", "mine/photos/cat/0.jpg"), "is not a schema"),
        (("mine", "--layout", "plane"), "Did you mean 'plain'"),
        (("mine/photos",), "laid out otherwise"),
    ],
)
def test_a_mistake_is_2_and_one_line(refused, tree, arguments, said):
    assert said in refused("data", "validate", *arguments)
