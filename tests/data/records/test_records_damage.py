"""Files that are missing, truncated, altered or exchanged: which, and where in them."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from sbir_tf.data.records import (
    build_records,
    finishing,
    open_records,
    read_example,
    scan,
    verify_records,
)
from sbir_tf.data.records.framing import framed_length
from sbir_tf.errors import UserError
from tests import trees
from tests.data.records.odd_tree import PLAIN, items_of

PROJECT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """12 pictures, alike in length, in shards of 4."""
    folder = tmp_path_factory.mktemp("original")
    root = trees.plain(folder / "pets")
    build_records(root, items_of(root), folder / "records", layout=PLAIN, shard_size=4)
    return folder / "records"


@pytest.fixture
def folder(original, tmp_path):
    return shutil.copytree(original, tmp_path / "records")


def place(records, row):
    """Shard's path, offset and framed length of a record."""
    found = records.table.slice(row, 1).to_pylist()[0]
    return records.shards[found["shard"]], found["offset"], framed_length(found["length"])


def alter(path, at, data=None):
    content = bytearray(path.read_bytes())
    if data is None:
        content[at] ^= 0x10
    else:
        content[at : at + len(data)] = data
    path.write_bytes(content)


def test_good_records_have_no_problem(folder):
    assert verify_records(open_records(folder)) == ()


@pytest.mark.parametrize("where", ["length", "its checksum", "data", "last byte"])
@pytest.mark.parametrize("row", [0, 5, 11])
def test_an_altered_byte_is_named_with_shard_and_offset(folder, row, where):
    records = open_records(folder)
    shard, offset, length = place(records, row)
    at = {"length": 0, "its checksum": 9, "data": length // 2, "last byte": length - 1}[where]
    alter(shard, offset + at)
    names = f"{shard.name}, record at offset {offset}: altered"
    with pytest.raises(UserError, match=names):
        read_example(records, [row])
    with pytest.raises(UserError, match=names):
        list(scan(records))
    (problem,) = verify_records(records)
    assert names in problem
    others = [n for n in range(12) if n != row]
    assert len(read_example(records, others)) == 11


def test_a_truncated_shard_is_named_when_records_are_opened(folder):
    shard, offset, length = place(open_records(folder), 6)
    shard.write_bytes(shard.read_bytes()[: offset + length - 1])
    size = offset + length - 1
    with pytest.raises(
        UserError, match=rf"{shard.name} is truncated \({size} of .* record at offset {offset} on"
    ):
        open_records(folder)


@pytest.mark.parametrize("cut", [0, 3, 20])
def test_a_shard_that_is_truncated_later_is_named_where_it_is_read(folder, cut):
    records = open_records(folder)
    shard, offset, _ = place(records, 6)
    shard.write_bytes(shard.read_bytes()[: offset + cut])
    names = f"{shard.name}, record at offset {offset}: truncated"
    with pytest.raises(UserError, match=names):
        read_example(records, [6])
    with pytest.raises(UserError, match=names):
        list(scan(records))
    assert len(verify_records(records)) == 1


def test_a_missing_shard_is_named(folder):
    records = open_records(folder)
    records.shards[1].unlink()
    for read in (lambda: open_records(folder), lambda: list(scan(records))):
        with pytest.raises(UserError, match=records.shards[1].name):
            read()
    assert records.shards[1].name in verify_records(records)[0]


def test_shards_that_changed_places_are_named(folder):
    records = open_records(folder)
    one, other = records.shards[:2]
    swapped = one.rename(folder / "aside"), other.rename(one)
    swapped[0].rename(other)
    problems = verify_records(records)
    pairs = zip((one, other), problems, strict=True)
    assert all(shard.name in problem for shard, problem in pairs)
    assert all("offset 0" in problem for problem in problems)
    with pytest.raises(UserError, match=rf"{one.name}, record at offset 0: another record"):
        read_example(records, [0])


def test_a_whole_record_in_the_place_of_another_is_noticed(tmp_path):
    """Of the same length and with good checksums: only its key tells."""
    root = trees.plain(tmp_path / "pets")
    shutil.copy(root / "photos/cat/0.jpg", root / "photos/cat/9.jpg")
    build_records(root, items_of(root), tmp_path / "records", layout=PLAIN, shard_size=4)
    records = open_records(tmp_path / "records")
    rows = {row["key"]: row for row in records.table.to_pylist()}
    one, other = rows["photos/cat/0.jpg"], rows["photos/cat/9.jpg"]
    length = framed_length(one["length"])
    source = records.shards[one["shard"]].read_bytes()[one["offset"] :][:length]
    alter(records.shards[other["shard"]], other["offset"], source)
    row = records.table.column("key").to_pylist().index(other["key"])
    with pytest.raises(UserError, match=f"another record than {other['key']}"):
        read_example(records, [row])
    with pytest.raises(UserError, match=f"another record than {other['key']}"):
        list(scan(records))


def test_what_stands_behind_the_last_record_is_noticed(folder):
    records = open_records(folder)
    shard = records.shards[0]
    size = shard.stat().st_size
    shard.write_bytes(shard.read_bytes() * 2)
    with pytest.raises(UserError, match=f"{shard.name}, offset {size}: a record that the index"):
        list(scan(records))
    with pytest.raises(UserError, match=f"{shard.name} is too long"):
        open_records(folder)


@pytest.mark.parametrize("name", ["index.parquet", "manifest.json"])
@pytest.mark.parametrize("damage", ["cut", "flipped", "missing"])
def test_a_damaged_index_or_manifest_is_named(folder, name, damage):
    path = folder / name
    data = path.read_bytes()
    if damage == "cut":
        path.write_bytes(data[: len(data) // 2])
    elif damage == "flipped":
        alter(path, 0)
    else:
        path.unlink()
    expected = {"cut": "damaged", "flipped": "damaged", "missing": "missing|not complete"}
    with pytest.raises(UserError, match=expected[damage]) as caught:
        open_records(folder)
    assert "records" in str(caught.value)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("sbir-records/2", "has the format sbir-records/2; this version reads .*update"),
        ("sbir-records/0", "no records of format"),
        (3, "Received: format=3"),
    ],
)
def test_another_format_is_refused(folder, form, expected):
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "format": form}))
    with pytest.raises(UserError, match=expected):
        open_records(folder)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda m: m.pop("shards"), "it lacks shards"),
        (lambda m: m["files"].pop("skipped.jsonl"), "files lacks skipped.jsonl"),
        (lambda m: m["files"]["index.parquet"].pop("sha256"), "index.parquet lacks sha256"),
        (lambda m: m.update(classes="cat"), "classes is 'cat', not of type list"),
        (lambda m: m.update(classes=[1]), r"classes\[\] is 1, not of type str"),
        (lambda m: m.update(counts=None), "counts is None, not of type dict"),
        (lambda m: m.update(settings={}), "settings lacks size"),
        (lambda m: m["shards"][0].update(pictures="4"), "pictures is '4', not of type int"),
        (lambda m: m["shards"][0].update(pictures=-4), "less than no pictures"),
        (lambda m: m["shards"][0].update(pictures=5), "hold 13 pictures, index.parquet 12"),
        (lambda m: m["shards"].reverse(), "its shard 0 should be shard-00000-of-00003"),
        (lambda m: m["shards"][0].update(name="../../other.tfrecord"), "shard 0 should be shard-0"),
    ],
)
def test_a_manifest_of_another_shape_is_one_line(folder, change, expected):
    manifest = json.loads((folder / "manifest.json").read_text())
    change(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(UserError, match=f"manifest.json is damaged: .*{expected}") as caught:
        open_records(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["[" * 100_000, "[]", "3", '{"format": {}}'])
def test_what_is_no_manifest_is_one_line(folder, text):
    (folder / "manifest.json").write_text(text)
    with pytest.raises(UserError, match="records"):
        open_records(folder)


@pytest.mark.parametrize("name", ["manifest.json", "index.parquet", "skipped.jsonl", "shard"])
def test_a_named_pipe_is_refused_and_not_waited_for(folder, name):
    records = open_records(folder)
    path = records.shards[1] if name == "shard" else folder / name
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(UserError, match=rf"{path.name} .*no regular file"):
        open_records(folder)
    if name == "shard":
        for read in (lambda: read_example(records, [4]), lambda: list(scan(records))):
            with pytest.raises(UserError, match=f"{path.name} cannot be read: no regular file"):
                read()


def test_a_named_pipe_among_a_builds_files_is_not_waited_for(folder, original):
    (folder / "build.json").unlink()
    os.mkfifo(folder / "build.json")
    root = original.parent / "pets"
    with pytest.raises(UserError, match="holds other files"):
        build_records(root, items_of(root), folder, layout=PLAIN, shard_size=4)


def test_the_index_is_one_piece_however_it_was_written(tmp_path, monkeypatch):
    """Else taking a few rows takes longer the more there are."""
    monkeypatch.setattr(finishing, "_ROWS", 4)
    root = trees.plain(tmp_path / "pets")
    build_records(root, items_of(root), tmp_path / "records", layout=PLAIN, shard_size=4)
    assert pq.ParquetFile(tmp_path / "records" / "index.parquet").num_row_groups == 3
    table = open_records(tmp_path / "records").table
    assert {column.num_chunks for column in table.columns} == {1}


def test_opening_leaves_no_thread_behind(folder):
    """A thread of Arrow's that lets go of Python's bytes while Python ends aborts the process."""
    program = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from sbir_tf.data.records import open_records\n"
        "def threads():\n"
        "    tasks = Path('/proc/self/task').iterdir()\n"
        "    return sum('jemalloc' not in (t / 'comm').read_text() for t in tasks)\n"
        "before = threads()\n"
        "open_records(sys.argv[1])\n"
        "print(threads() - before)\n"
    )
    command = [sys.executable, "-c", program, str(folder)]
    run = subprocess.run(command, cwd=PROJECT, capture_output=True, check=True)
    assert run.stdout == b"0\n"


def test_what_is_no_records_folder_is_refused_with_the_command(tmp_path):
    (tmp_path / "file").write_text("x")
    for name, problem in (("none", "does not exist"), ("file", "is not a folder"), (".", "holds")):
        with pytest.raises(UserError, match=rf"{problem}.*`sbir data build FOLDER --to RECORDS`"):
            open_records(tmp_path / name)


def test_a_complete_build_that_lost_a_shard_is_not_called_complete(folder, original):
    records = open_records(folder)
    records.shards[0].unlink()
    root = original.parent / "pets"
    with pytest.raises(UserError, match=r"is missing.*--force"):
        build_records(root, items_of(root), folder, layout=PLAIN, shard_size=4)
    build_records(root, items_of(root), folder, layout=PLAIN, shard_size=4, force=True)
    assert verify_records(open_records(folder)) == ()
