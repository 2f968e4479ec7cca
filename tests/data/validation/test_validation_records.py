"""Built records, read again: what they hold, what the index says, where a byte is wrong."""

import os
import resource
import shutil
from dataclasses import replace
from itertools import count
from pathlib import Path

import pyarrow as pa
import pytest

from benchmarks.faults.rewriting import rewrite
from sbir_tf.data.facts import FACTS
from sbir_tf.data.layouts import LAYOUTS, list_items
from sbir_tf.data.records import build_records, open_records
from sbir_tf.data.records.framing import frame
from sbir_tf.data.splits import make_split
from sbir_tf.data.survey import survey
from sbir_tf.data.validation.examples import read_examples
from sbir_tf.data.validation.sources import open_source
from sbir_tf.errors import UserError
from tests import trees


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    return trees.tuberlin(tmp_path_factory.mktemp("data") / "tuberlin")


@pytest.fixture(scope="module")
def built(tree, tmp_path_factory):
    layout, folder = LAYOUTS["tuberlin_ext"], tmp_path_factory.mktemp("built") / "records"
    items = list_items(tree, layout)
    build_records(tree, items, folder, size=24, layout=layout, shard_size=10)
    return folder


@pytest.fixture
def records(built, tmp_path):
    return open_records(shutil.copytree(built, tmp_path / "records"))


@pytest.fixture
def one_shard(tree, tmp_path):
    items = list_items(tree, LAYOUTS["tuberlin_ext"])
    build_records(tree, items[:3], tmp_path / "one", size=24)
    return tmp_path / "one"


def test_what_is_read_again_is_what_the_index_has(records):
    shown = []

    def progress(batches, description, total):
        shown.append((description, total))
        return batches

    reading = read_examples(records, progress)
    assert reading.anomalies == ()
    assert reading.table.schema == FACTS
    exact = [name for name in FACTS.names if name not in ("ink", "colourfulness")]
    assert reading.table.select(exact) == records.table.select(exact)
    assert [text for text, _ in shown] == ["reading records", "checking shards"]


def test_ink_and_digests_are_those_of_the_folder(records, tree):
    """The photos' red and blue are swapped in their files, and set right in the records."""
    items = list_items(tree, LAYOUTS["tuberlin_ext"])
    of_folder = {row["key"]: row for row in survey(tree, items, cache=None).to_pylist()}
    for row in read_examples(records).table.to_pylist():
        assert row["digest"] == of_folder[row["key"]]["digest"]
        if row["domain"] == 0:
            assert row["ink"] == pytest.approx(of_folder[row["key"]]["ink"], abs=0.01)


@pytest.mark.parametrize("place", ["length", "length's checksum", "data", "data's checksum"])
def test_a_flipped_bit_is_found_wherever_it_is_and_its_record_is_named(records, place):
    row = records.table.slice(3, 1).to_pylist()[0]
    shard = records.shards[row["shard"]]
    within = {
        "length": 1,
        "length's checksum": 9,
        "data": 40,
        "data's checksum": row["length"] + 13,
    }
    data = bytearray(shard.read_bytes())
    data[row["offset"] + within[place]] ^= 4
    shard.write_bytes(data)
    problems = read_examples(records).table.column("problem").to_pylist()
    assert [n for n, problem in enumerate(problems) if problem] == [3]
    assert f"{shard}, record at offset {row['offset']}: " in problems[3]


def test_a_truncated_shard_is_reported_and_the_rest_is_checked(records):
    shard = records.shards[0]
    shard.write_bytes(shard.read_bytes()[:-5])
    report = open_source(records.folder).validate()
    assert report.codes == ("record_damaged",)
    assert "truncated" in report.anomalies[0].message
    assert report.facts["pictures"] == 28


def test_a_record_that_is_not_as_the_index_has_it_is_named(records):
    rows = records.table.to_pylist()
    rows[5] |= {"class": "giraff", "width": 7}
    other = replace(records, table=pa.Table.from_pylist(rows, schema=records.table.schema))
    (said,) = read_examples(other).anomalies
    assert (said.code, said.count) == ("index_disagrees", 1)
    assert said.items == (
        f"{rows[5]['key']}: class {records.table['class'][5].as_py()!r}, 'giraff' in the index",
        f"{rows[5]['key']}: width {records.table['width'][5].as_py()}, 7 in the index",
    )


def test_a_shard_of_another_build_is_told_from_this_ones(records):
    first, second = records.shards[:2]
    content = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(content)
    assert not open_source(records.folder).validate().ok


def test_an_index_that_is_only_believed_is_quick_and_says_the_same(records):
    thorough, quick = (open_source(records.folder, thorough=t) for t in (True, False))
    assert quick.table.column("digest") == thorough.table.column("digest")
    assert quick.validate().codes == thorough.validate().codes == ()


def test_pictures_of_records_are_shown(records):
    source = open_source(records.folder)
    key = source.table.column("key")[0].as_py()
    assert source.read(key).shape[2] == 3
    assert source.read("none") is None


def test_pictures_that_a_build_left_out_are_told(tree, tmp_path):
    whole = shutil.copytree(tree, tmp_path / "tree")
    torn = next((whole / "png" / "giraffe").iterdir())
    torn.write_bytes(torn.read_bytes()[:50])
    layout = LAYOUTS["tuberlin_ext"]
    build_records(whole, list_items(whole, layout), tmp_path / "r", size=24, layout=layout)
    (said,) = open_source(tmp_path / "r").validate().anomalies
    assert (said.code, said.count, said.severity) == ("file_skipped", 1, "warning")
    assert torn.name in said.message


def test_a_split_may_name_what_the_build_left_out(tree, tmp_path):
    layout, items = LAYOUTS["tuberlin_ext"], list_items(tree, LAYOUTS["tuberlin_ext"])
    split = make_split("supervised", items, test_sketches=1, test_photos=1)
    whole = shutil.copytree(tree, tmp_path / "tree")
    (whole / split.train[0]).write_bytes(b"torn")
    build_records(whole, items, tmp_path / "r", split=split, size=24, layout=layout)
    for of in (split, None):
        assert open_source(tmp_path / "r", of).validate().codes == ("file_skipped",)


@pytest.mark.parametrize(
    ("feature", "column", "value", "kept"),
    [
        ("domain", "domain", 200, 127),
        ("class/label", "label", 2**40, 2**31 - 1),
        ("source/width", "width", 2**31, 2**31 - 1),
        ("source/height", "height", -(2**40), -(2**31)),
    ],
)
def test_a_number_beyond_its_column_is_a_difference(one_shard, feature, column, value, kept):
    rewrite(one_shard, lambda _: {feature: value})
    reading = read_examples(open_records(one_shard))
    assert reading.table.column(column)[0].as_py() == kept
    (said,) = reading.anomalies
    assert said.code == "index_disagrees"
    assert f"{column} {value}, " in said.items[0]


def test_a_whole_record_that_is_no_example_is_named_and_the_rest_is_read(records):
    row = records.table.slice(3, 1).to_pylist()[0]
    shard, end = records.shards[row["shard"]], row["offset"] + row["length"] + 16
    content = shard.read_bytes()
    shard.write_bytes(content[: row["offset"]] + frame(b"\xff" * row["length"]) + content[end:])
    reading = read_examples(records)
    problems = reading.table.column("problem").to_pylist()
    assert [n for n, problem in enumerate(problems) if problem] == [3]
    assert f"{shard}, record at offset {row['offset']}: not an example" in problems[3]


def test_an_ink_that_is_no_number_is_a_difference(one_shard):
    rewrite(one_shard, lambda _: {"image/ink": float("nan")})
    (said,) = read_examples(open_records(one_shard)).anomalies
    assert "recorded as nan" in said.message


def test_no_more_shards_are_open_at_once_than_are_read(tree, tmp_path):
    items = list_items(tree, LAYOUTS["tuberlin_ext"])
    build_records(tree, items, tmp_path / "r", size=24, shard_size=1)
    records, before = open_records(tmp_path / "r"), resource.getrlimit(resource.RLIMIT_NOFILE)
    spare, used = 4 + 2 * os.cpu_count(), {int(p.name) for p in Path("/proc/self/fd").iterdir()}
    assert len(records.shards) > spare
    few = next(n for n in count() if n - len(used & {*range(n)}) == spare)
    resource.setrlimit(resource.RLIMIT_NOFILE, (few, before[1]))
    try:
        assert read_examples(records).anomalies == ()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.parametrize("kind", ["no regular file", "missing"])
def test_a_shard_that_is_none_is_refused_and_not_waited_for(records, kind):
    records.shards[1].unlink()
    if kind == "no regular file":
        os.mkfifo(records.shards[1])
    with pytest.raises(UserError, match=f"{records.shards[1].name} is {kind}"):
        read_examples(records)
