"""`sbir data build` as it is typed."""

import json
import shutil

import pytest

from sbir_tf.data.commands.build import check_command
from sbir_tf.data.records import open_records
from tests import trees
from tests.data.records.odd_tree import BAD, bad_pictures


def test_a_folder_becomes_records_and_bad_pictures_are_counted(sbir, odd_root, tmp_path):
    said = sbir("data", "build", odd_root, "--to", tmp_path / "records", "--size", "32")
    assert said.code == 0, said.err
    records = open_records(tmp_path / "records")
    lines = said.out.splitlines()
    assert f"{records.table.num_rows} pictures in 1 shards" in lines[0]
    assert f"{len(BAD)} could not be read: {tmp_path}/records/skipped.jsonl" in said.out
    assert lines[-1] == f"check them: sbir data validate {tmp_path}/records"
    again = sbir("data", "build", odd_root, "--to", tmp_path / "records", "--size", "32")
    assert "complete already" in again.out


def test_a_split_is_taken_by_name_and_from_a_file(sbir, tmp_path):
    root = trees.sketchy(tmp_path / "sketchy", sketches=12)
    command = ("data", "build", root, "--to")
    said = sbir(*command, tmp_path / "named", "--split", "supervised")
    assert said.code == 0, said.err
    assert "split supervised: " in said.out
    shutil.copy(tmp_path / "named" / "split.json.gz", tmp_path / "mine.json.gz")
    sbir(*command, tmp_path / "read", "--split", tmp_path / "mine.json.gz")
    named, read = (open_records(tmp_path / name) for name in ("named", "read"))
    assert named.manifest["digest"] == read.manifest["digest"]
    assert named.split == read.split


def test_a_split_that_a_class_is_too_small_for_is_made_elsewhere(refused, tmp_path):
    root = trees.sketchy(tmp_path / "sketchy", sketches=5)
    line = refused("data", "build", root, "--to", tmp_path / "records", "--split", "supervised")
    assert "(--test-sketches)" in line
    assert "an option of `sbir data split`: make it there, then --split FILE" in line


def test_a_split_of_other_data_is_refused_before_anything_is_written(sbir, refused, tmp_path):
    root = trees.sketchy(tmp_path / "sketchy", sketches=12)
    sbir("data", "build", root, "--to", tmp_path / "first", "--split", "supervised")
    (root / "EXTEND_image_sketchy/airplane/ext_0.jpg").unlink()
    split = tmp_path / "first" / "split.json.gz"
    line = refused("data", "build", root, "--to", tmp_path / "second", "--split", split)
    assert "1 missing (EXTEND_image_sketchy/airplane/ext_0.jpg)" in line
    assert not (tmp_path / "second").exists()


def test_red_and_blue_are_swapped_as_the_layout_or_the_user_says(sbir, tmp_path):
    root = trees.tuberlin(tmp_path / "tub")
    for flags, expected in (((), True), (("--no-swap-red-blue",), False)):
        to = tmp_path / f"records-{expected}"
        assert sbir("data", "build", root, "--to", to, *flags).code == 0
        assert (
            json.loads((to / "manifest.json").read_text())["settings"]["swap_red_blue"] == expected
        )


def test_what_cannot_even_be_named_is_listed_too(sbir, tmp_path):
    root = bad_pictures(trees.plain(tmp_path / "pets"))
    (root / "photos/cat/loop.jpg").symlink_to(root / "photos/cat/loop.jpg")
    said = sbir("data", "build", root, "--to", tmp_path / "records")
    assert said.code == 0, said.err
    skipped = (tmp_path / "records" / "skipped.jsonl").read_text().splitlines()
    keys = [json.loads(line)["key"] for line in skipped]
    assert keys == sorted({*BAD, "photos/cat/loop.jpg"})


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--layout", "sketchy"), "Did you mean 'sketchy_ext'?"),
        (("--split", "sketchi-1"), "Did you mean 'sketchy-1'?"),
        (("--split", "missing.json"), "missing.json does not exist"),
        (("--runner", "dirrect"), "Did you mean 'direct'?"),
        (("--pipeline-option", "--x"), "takes key=value"),
        (("--pipeline-option", "direct_num_workers=abc"), "invalid int value: 'abc'"),
        (("--pipeline-option", "nonsense=3"), "Beam has no option 'nonsense'"),
        (("--runner", "dataflow"), "The pipeline cannot be made"),
        (("--size", "3"), "--size"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_written(refused, root, tmp_path, arguments, problem):
    line = refused("data", "build", root, "--to", tmp_path / "records", *arguments)
    assert problem in line
    assert not (tmp_path / "records").exists()


@pytest.mark.parametrize(
    ("to", "command"),
    [
        ("out/records", "sbir data validate out/records"),
        ("gs://bucket/records", "copy them to a disk, then sbir data validate COPY"),
    ],
)
def test_the_command_that_is_named_to_check_records_works(to, command):
    assert check_command(to) == command


def test_a_folder_of_other_files_is_refused(refused, root, tmp_path):
    line = refused("data", "build", root, "--to", root)
    assert "holds other files" in line
