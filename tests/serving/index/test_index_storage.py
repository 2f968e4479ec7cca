"""Writing an index: kill -9 at every step, full disks, two writers, readers meanwhile."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from serving.errors import ServingError
from serving.index import Index, Parameters, check_target, disk
from serving.index.storage import _lock

HERE = Path(__file__).parent
ROOT = HERE.parents[2]


def run_script(name, *arguments, prefix=()):
    """Runs a script beside this file in a process of its own and returns what it printed."""
    command = [*prefix, sys.executable, str(HERE / name), *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def deaths(tmp_path_factory):
    return run_script("kill_while_writing.py", tmp_path_factory.mktemp("kill") / "index")


@pytest.mark.parametrize("kind", ["exact", "hash"])
def test_kill_at_every_step_of_a_rewrite_leaves_the_old_index_or_the_new(kind, deaths):
    steps = deaths[f"{kind} rewrite"]
    assert len(steps) >= 10
    states = [step["state"] for step in steps]
    assert set(states) == {"old", "new"}
    assert states == sorted(states, reverse=True)  # one switch: never back to the old one
    assert {"fsync", "rename", "replace", "rmtree"} <= {step["call"] for step in steps}


def test_kill_at_every_step_of_a_first_write_leaves_no_index_or_a_whole_one(deaths):
    steps = deaths["exact first"]
    assert len(steps) >= 8
    assert {step["state"] for step in steps} == {"not an index", "new"}


NAMESPACE = ["unshare", "--user", "--map-root-user", "--mount"]


def may_mount():
    try:
        return subprocess.run([*NAMESPACE, "true"], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


@pytest.fixture(scope="module")
def full_disks(tmp_path_factory):
    mount, prefix = (["mount"], NAMESPACE) if may_mount() else ([], [])
    folder = tmp_path_factory.mktemp("full")
    return run_script("write_to_full_disk.py", folder, *mount, prefix=prefix)


def test_a_file_that_may_not_grow_leaves_the_old_index(full_disks):
    """A real refusal by the kernel (RLIMIT_FSIZE), also where nothing can be mounted."""
    assert full_disks["limit"] == {"errors": ["EFBIG"], "states": ["old"]}


def test_a_full_disk_leaves_the_old_index_at_every_size(full_disks):
    """A real, small file system that fills up at another byte each time."""
    if "mount" not in full_disks:
        pytest.skip("this system lets us mount nothing (unshare is refused)")
    errors, states = full_disks["mount"]["errors"], full_disks["mount"]["states"]
    assert set(errors) == {"ENOSPC", "EIO"}  # EIO: ScaNN hides the reason
    assert errors.count("ENOSPC") >= 3
    assert len(states) >= 20
    assert states.count("old") == len(errors) < len(states)


@pytest.mark.parametrize("name", ["hashed_dataset.npy", "dataset.npy", "datapoint_to_token.npy"])
def test_files_that_scann_cut_short_without_a_word_are_noticed(name, make, tmp_path, monkeypatch):
    index = make("new", Parameters("tree", 100, 12, 6))
    serialize = index.searcher.scann.serialize

    def cut_short(folder):
        serialize(folder)
        path = Path(folder) / name
        path.write_bytes(path.read_bytes()[:-1])

    monkeypatch.setattr(index.searcher.scann, "serialize", cut_short)
    with pytest.raises(OSError, match="ScaNN could not write its files; the disk may be full"):
        index.save(tmp_path / "index")
    assert not (tmp_path / "index").exists()


def test_leftovers_are_swept_by_the_next_write(make, tmp_path):
    folder = make("a").save(tmp_path / "index")
    for leftover in (".writing", "generation-000009"):
        (folder / leftover).mkdir()
        (folder / leftover / "vectors.npy").write_bytes(b"half")
    make("b").save(folder)
    names = {entry.name for entry in folder.iterdir()}
    assert names == {".lock", "manifest.json", "generation-000002"}
    assert Index.load(folder).ids[0].startswith("b/")


def test_an_error_while_writing_leaves_no_trace(make, tmp_path, monkeypatch):
    def fail(*_):
        raise KeyboardInterrupt

    old = make("a").save(tmp_path / "index")
    before = sorted(old.rglob("*"))
    monkeypatch.setattr("serving.index.parts.write_ids", fail)
    for folder in (tmp_path / "index", tmp_path / "new"):
        with pytest.raises(KeyboardInterrupt):
            make("b").save(folder)
    assert sorted(old.rglob("*")) == before
    assert not (tmp_path / "new").exists()
    assert Index.load(old).ids[0].startswith("a/")


def test_a_folder_with_something_else_is_never_written_to(make, tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "holiday.jpg").write_text("precious")
    (tmp_path / "file").write_text("precious")
    with pytest.raises(ServingError, match=r"photos: it holds 'holiday\.jpg' and is not an index"):
        make("a").save(tmp_path / "photos")
    with pytest.raises(ServingError, match="file: a file is in the way"):
        make("a").save(tmp_path / "file")
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "manifest.json").write_text("{}")
    with pytest.raises(ServingError, match=r"manifest\.json"):
        check_target(tmp_path / "app")
    assert [path.name for path in (tmp_path / "photos").iterdir()] == ["holiday.jpg"]


def test_a_second_writer_is_told_who_writes(make, tmp_path):
    folder = make("a").save(tmp_path / "index")
    with _lock(folder), pytest.raises(ServingError, match=r"process \d+ is writing this index"):
        make("b").save(folder)
    assert Index.load(folder).ids[0].startswith("a/")
    make("b").save(folder)


def test_a_reader_keeps_its_generation_when_it_is_replaced(make, kind, tmp_path):
    folder = make("a", kind).save(tmp_path / "index")
    reader = Index.load(folder)
    before, _ = reader.search(reader.vectors[:5], 3)
    make("b", kind).save(folder)
    make("c", kind).save(folder)
    after, _ = reader.search(reader.vectors[:5], 3)
    np.testing.assert_array_equal(after, before)
    assert all(name.startswith("a/") for name in after.ravel())


def test_a_reader_that_meets_a_switch_opens_the_new_generation(make, tmp_path, monkeypatch):
    folder = make("a").save(tmp_path / "index")
    verify = disk.verify_files

    def switch_then_verify(*arguments):
        monkeypatch.setattr(disk, "verify_files", verify)
        make("b").save(folder)
        verify(*arguments)

    monkeypatch.setattr(disk, "verify_files", switch_then_verify)
    assert Index.load(folder).ids[0].startswith("b/")
