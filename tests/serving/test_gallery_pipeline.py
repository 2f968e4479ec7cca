"""The gallery by Beam: the same index as without, whatever happens on the way."""

import json
import os
from contextlib import closing

import numpy as np
import pytest

from serving.encoders import load_encoder
from serving.errors import ServingError
from serving.gallery import index_folder
from serving.gallery.beam_options import beam_options
from serving.gallery.parts import Part, Parts, gallery_name
from serving.gallery.pipeline import index_with_beam
from serving.index import open_index


@pytest.fixture(scope="module")
def model(exported):
    return load_encoder(exported)


def contents(place):
    with closing(open_index(place)) as index:
        return {
            name: (vector.tobytes(), values)
            for ids, vectors, metadata in index.scan()
            for name, vector, values in zip(ids, vectors, metadata, strict=True)
        }


def test_beam_makes_the_same_index_as_without(model, gallery, tmp_path, painter):
    (gallery / "bad.png").write_bytes(b"x")
    expected = index_folder(model, gallery, tmp_path / "plain")
    seen = []

    def progress(iterable, description, total):
        seen.append((description, total))
        for item in iterable:
            seen.append(item)
            yield item

    report = index_with_beam(model, gallery, tmp_path / "beam", group_size=5, progress=progress)
    assert contents(tmp_path / "beam") == contents(tmp_path / "plain")
    assert (report.indexed, report.encoded) == (expected.indexed, expected.encoded) == (12, 12)
    assert report.skipped == expected.skipped
    assert json.loads(report.skipped_file.read_text())[0]["path"] == "bad.png"
    assert seen[0] == ("encoding pictures", 13)
    assert len(seen) == 14
    assert not (tmp_path / "beam.parts").exists()
    painter(gallery / "red" / "0.png", (1, 2, 3))
    (gallery / "red" / "1.png").unlink()
    again = index_with_beam(model, gallery, tmp_path / "beam")
    assert (again.indexed, again.encoded, again.removed) == (11, 1, 1)


def test_what_an_earlier_job_left_is_taken_in_and_not_encoded_again(model, gallery, tmp_path):
    index_folder(model, gallery, tmp_path / "plain")
    known = contents(tmp_path / "plain")
    names = sorted(known)[:7]
    rows = np.array([np.frombuffer(known[name][0], np.float32) for name in names])
    name = gallery_name(gallery, tmp_path / "index")
    parts = Parts(str(tmp_path / "index.parts"), model.digest, name)
    parts.write_plan("earlier", [])
    parts.write(Part(0, "earlier", 7, names, rows, [known[name][1] for name in names], []))
    totals = []

    def progress(iterable, description, total):
        totals.append(total)
        return iterable

    report = index_with_beam(model, gallery, tmp_path / "index", progress=progress)
    assert totals == [5]
    assert (report.indexed, report.encoded) == (12, 12)
    assert contents(tmp_path / "index") == known


def test_other_files_among_the_parts_stay(model, gallery, tmp_path):
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    (shelf / "mine.txt").write_text("mine")
    index_with_beam(model, gallery, tmp_path / "index", parts=str(shelf))
    assert [path.name for path in shelf.iterdir()] == ["mine.txt"]


def a_part(shelf, job, name):
    facts = {"bytes": 1, "modified": 1, "sha256": "x"}
    shelf.write(Part(0, job, 1, [name], np.ones((1, 4), np.float32), [facts], []))


def test_two_galleries_share_a_folder_of_parts_and_nothing_else(model, gallery, tmp_path):
    """Another's parts are there before the job, and come while it runs; so do its own earlier's."""
    shelf = str(tmp_path / "shelf")
    other = Parts(shelf, model.digest, gallery_name(gallery, tmp_path / "other"))
    other.write_plan("theirs", [["a", None]])
    a_part(other, "theirs", "a/0.png")
    own = Parts(shelf, model.digest, gallery_name(gallery, tmp_path / "index"))

    def progress(iterable, description, total):
        a_part(other, "late", "a/1.png")
        a_part(own, "killed", "gone.png")
        return iterable

    report = index_with_beam(model, gallery, tmp_path / "index", parts=shelf, progress=progress)
    index_folder(model, gallery, tmp_path / "plain")
    assert contents(tmp_path / "index") == contents(tmp_path / "plain")
    assert (report.indexed, report.encoded) == (12, 12)
    assert [other.read(name).job for name in other.names()] == ["late", "theirs"]
    assert other.read_group("theirs", 0, len('["a", null]')) == ["a", None]
    # What its own killed job still left is taken in the next time, and is of no picture any more.
    again = index_with_beam(model, gallery, tmp_path / "index", parts=shelf)
    assert (again.indexed, again.removed, own.names()) == (12, 1, [])


@pytest.mark.parametrize("name", ["new/", "../here/new/."])
def test_an_index_may_be_named_with_a_slash(model, gallery, tmp_path, monkeypatch, name):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert index_with_beam(model, gallery, name).indexed == 12
    assert [path.name for path in (tmp_path / "here").iterdir()] == ["new"]


def test_beam_too_reads_touched_pictures_once_and_names_what_has_no_embedding(
    model, gallery, tmp_path, monkeypatch
):
    totals = []

    def progress(iterable, description, total):
        totals.append(total)
        return iterable

    for _ in range(3):
        index_with_beam(model, gallery, tmp_path / "index", progress=progress)
        if len(totals) == 1:
            os.utime(gallery / "red" / "1.png", ns=(5, 5))
    assert sum(totals) == 13  # 12, then the one, then none
    encode = type(model).encode
    monkeypatch.setattr(type(model), "encode", lambda *given: encode(*given) * np.float32("nan"))
    with pytest.raises(ServingError, match=r"none of its 12 .*no finite embedding"):
        index_with_beam(model, gallery, tmp_path / "other")


def test_a_workers_failure_is_one_error_and_the_next_run_continues(
    model, gallery, tmp_path, monkeypatch
):
    with monkeypatch.context() as patch:
        patch.setattr("serving.encoders.load_encoder", lambda path: 1 / 0)
        with pytest.raises(ServingError, match=r"Beam's runner failed: .*division by zero"):
            index_with_beam(model, gallery, tmp_path / "index")
    assert index_with_beam(model, gallery, tmp_path / "index").indexed == 12


def test_ctrl_c_ends_the_job_and_keeps_what_is_in(model, gallery, tmp_path):
    def interrupted(iterable, description, total):
        for item in iterable:
            yield item
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        index_with_beam(model, gallery, tmp_path / "index", group_size=3, progress=interrupted)
    assert len(contents(tmp_path / "index")) >= 3
    assert index_with_beam(model, gallery, tmp_path / "index").indexed == 12
    assert not (tmp_path / "index.parts").exists()


def test_damaged_and_foreign_parts_are_named(model, gallery, tmp_path):
    name = gallery_name(gallery, tmp_path / "index")
    parts = Parts(str(tmp_path / "index.parts"), "another" * 9, name)
    parts.write_plan("earlier", [])
    parts.write(Part(0, "earlier", 0, [], np.empty((0, 4), np.float32), [], []))
    with pytest.raises(ServingError, match=r"part-.*-earlier-000000.npz: of another model"):
        index_with_beam(model, gallery, tmp_path / "index")
    (name,) = (tmp_path / "index.parts").glob("part-*")
    data = bytearray(name.read_bytes())
    data[len(data) // 2] ^= 1
    name.write_bytes(data)
    with pytest.raises(ServingError, match=r"part-.*-earlier-000000.npz: damaged"):
        index_with_beam(model, gallery, tmp_path / "index")


def test_an_encoder_without_a_folder_is_refused(encoder, gallery, tmp_path):
    with pytest.raises(ServingError, match="no folder for Beam's workers"):
        index_with_beam(encoder, gallery, tmp_path / "index")


@pytest.mark.parametrize(
    ("runner", "options", "message"),
    [
        ("flnk", [], "there is no runner 'flnk'. Did you mean 'flink'"),
        ("direct", ["--streaming"], "takes key=value. Received: '--streaming'"),
        ("direct", ["runner=flink"], "--runner names the runner"),
        ("direct", ["direct_num_worker=2"], "Did you mean 'direct_num_workers'"),
        ("direct", ["direct_num_workers=two"], "direct_num_workers=two"),
    ],
)
def test_wrong_options_are_refused_before_anything_is_written(runner, options, message):
    with pytest.raises(ServingError, match=message):
        beam_options(runner, options)


def test_options_are_passed_through_and_a_job_servers_own_are_its_business():
    options = beam_options("flink", ["flink_master=there:8081", "of_its_own=1"])
    assert options.get_all_options()["runner"] == "FlinkRunner"
    assert options.get_all_options()["flink_master"] == "there:8081"
