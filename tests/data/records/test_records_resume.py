"""Builds that are interrupted, repeated, or asked for something else."""

import errno
import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

from sbir_tf.data.records import build as building
from sbir_tf.data.records import naming, open_records, pipeline, running, storage
from sbir_tf.data.records.makers import make_here
from sbir_tf.errors import UserError
from tests import trees
from tests.data.records.odd_tree import bad_pictures, items_of

PROJECT = Path(__file__).parents[3]


def contents(folder):
    """Every file below a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def made(monkeypatch):
    """The keys of the pictures that are read from now on."""
    keys = []

    def noting(recipe, rows):
        keys.extend(row.key for row in rows)
        return make_here(recipe, rows)

    monkeypatch.setattr(running, "makers", lambda jobs: nullcontext(noting))
    return keys


def test_builds_killed_anywhere_never_look_complete_and_end_the_same(tmp_path):
    root = bad_pictures(trees.plain(tmp_path / "pets", sketches=6, photos=6))
    command = [sys.executable, "-m", "tests.data.records.killed_builds"]
    arguments = [str(root), str(tmp_path / "built"), "7", "8"]
    run = subprocess.run([*command, *arguments], cwd=PROJECT, capture_output=True, timeout=300)
    assert run.returncode == 0, run.stderr.decode()
    told = json.loads(run.stdout.splitlines()[-1])
    assert told["moments"] > 60
    died = [entry for entry in told["left"] if entry["died"]]
    assert len(died) >= 6
    expected = contents(tmp_path / "built" / "whole")
    for entry in died:
        if naming.MANIFEST in entry["found"]:  # killed while it cleared up
            assert set(expected) <= set(entry["found"])
    assert any(naming.MANIFEST not in entry["found"] for entry in died)
    folders = sorted((tmp_path / "built").iterdir())
    assert len(folders) > 4
    for folder in folders:
        assert contents(folder) == expected, folder
        open_records(folder)


def test_an_interrupted_build_is_refused_with_the_cure(root, build, tmp_path):
    with interrupted_after(5) as progress:
        build(root, progress=progress)
    with pytest.raises(UserError, match="is not complete: run the same `sbir data build` again"):
        open_records(tmp_path / "records")


@contextmanager
def interrupted_after(pictures):
    """Somebody presses Ctrl-C when so many pictures are done, and not one more."""

    def slow(recipe, rows):
        live = next(iter(pipeline.LIVE.values()))
        for made in make_here(recipe, rows):
            yield made
            while live.done >= pictures and not live.stopped:
                pass

    def progress(iterable, description, total):
        for done, thing in enumerate(iterable, start=1):
            if done == pictures:
                raise KeyboardInterrupt
            yield thing

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running, "makers", lambda jobs: nullcontext(slow))
        with pytest.raises(KeyboardInterrupt):
            yield progress


def test_after_an_interruption_finished_shards_are_not_made_again(root, build, monkeypatch):
    with interrupted_after(9) as progress:  # two shards of 4, and one picture
        build(root, progress=progress)
    keys = made(monkeypatch)
    assert build(root).new
    assert len(keys) == len(items_of(root)) - 8


def test_the_number_of_jobs_does_not_change_a_byte(odd_root, odd_folder, tmp_path, build):
    build(odd_root, tmp_path / "parallel", shard_size=9, jobs=2)
    assert contents(tmp_path / "parallel") == contents(odd_folder)


def test_a_complete_build_is_left_alone(root, build, tmp_path, monkeypatch):
    first = build(root)
    before = {p: (p.stat().st_mtime_ns, p.stat().st_ino) for p in (tmp_path / "records").iterdir()}
    keys = made(monkeypatch)
    again = build(root)
    assert first.new and not again.new
    assert again.manifest == first.manifest
    assert keys == []
    after = {p: (p.stat().st_mtime_ns, p.stat().st_ino) for p in (tmp_path / "records").iterdir()}
    assert after == before


def test_other_settings_are_refused_saying_which(root, build, tmp_path):
    build(root)
    before = contents(tmp_path / "records")
    with pytest.raises(UserError, match=r"size=32 there, 16 here.*another folder.*--force"):
        build(root, size=16)
    assert contents(tmp_path / "records") == before


def test_other_settings_are_refused_of_an_interrupted_build_too(root, build):
    with interrupted_after(5) as progress:
        build(root, progress=progress)
    with pytest.raises(UserError, match="shard_size=4 there, 5 here"):
        build(root, shard_size=5)


def test_other_data_is_refused_saying_what_is_new_and_missing(root, build):
    build(root)
    (root / "sketches/cat/0.png").rename(root / "sketches/cat/9.png")
    with pytest.raises(UserError, match=r"1 new: sketches/cat/9.png; 1 missing: sketches/cat/0"):
        build(root)


def test_a_changed_picture_is_noticed(root, build):
    build(root)
    trees.save(trees.sketch(1, 5), root / "sketches/cat/0.png")
    os.utime(root / "sketches/cat/0.png", ns=(0, 1))
    with pytest.raises(UserError, match="pictures, their classes or parts changed since"):
        build(root)


def test_force_builds_anew(root, build, tmp_path):
    build(root)
    build(root, size=16, force=True)
    build(root, tmp_path / "straight", size=16)
    assert contents(tmp_path / "records") == contents(tmp_path / "straight")


def test_a_forced_build_that_is_interrupted_is_not_taken_for_the_old_one(root, build, tmp_path):
    build(root)
    with interrupted_after(5) as progress:
        build(root, size=16, force=True, progress=progress)
    with pytest.raises(UserError, match="is not complete"):
        open_records(tmp_path / "records")


def test_of_an_interrupted_build_only_what_changed_is_made_again(root, build, monkeypatch):
    with interrupted_after(12) as progress:
        build(root, progress=progress, shard_size=6)  # two shards of 6, both written
    os.utime(root / "sketches/cat/0.png", ns=(0, 1))
    keys = made(monkeypatch)
    build(root, shard_size=6)
    assert len(keys) == 6
    assert "sketches/cat/0.png" in keys


def end_before_the_manifest(build, root, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(building, "finish", interrupt)
        with pytest.raises(KeyboardInterrupt):
            build(root)


def interrupt(*arguments):
    raise KeyboardInterrupt


@pytest.mark.parametrize("lost", ["", "shard-*-of-*.tfrecord", ".building/shard-*.parquet"])
def test_shards_of_before_are_not_completed_by_a_runner_that_does_nothing(
    lost, root, build, tmp_path, monkeypatch
):
    end_before_the_manifest(build, root, monkeypatch)
    if lost:
        next((tmp_path / "records").glob(lost)).unlink()
    else:
        trees.save(trees.sketch(1, 5), root / "sketches/cat/0.png")
        os.utime(root / "sketches/cat/0.png", ns=(0, 1))
    with monkeypatch.context() as patch:
        patch.setattr(building, "run", lambda *arguments: None)
        with pytest.raises(UserError, match=r"shard-.* was not written: the runner ended early"):
            build(root)
    assert not (tmp_path / "records" / "manifest.json").exists()
    assert not (tmp_path / "records" / "index.parquet").exists()
    build(root)
    build(root, tmp_path / "straight")
    assert contents(tmp_path / "records") == contents(tmp_path / "straight")


def test_what_was_left_out_before_is_not_called_missing(root, build):
    left_out = [("photos/cat/loop.jpg", "a loop"), ("photos/cat/\udcff.jpg", "no UTF-8")]
    build(root, left_out=left_out)
    assert not build(root, left_out=left_out).new
    (root / "sketches/cat/0.png").rename(root / "sketches/cat/9.png")
    with pytest.raises(UserError, match=r"1 new: sketches/cat/9.png; 1 missing: sketches/cat/0"):
        build(root, left_out=left_out)


def test_a_shard_that_was_damaged_meanwhile_is_made_again(root, build, tmp_path):
    with interrupted_after(5) as progress:
        build(root, progress=progress)
    finished = next((tmp_path / "records").glob("shard-*"))
    data = bytearray(finished.read_bytes())
    data[100] ^= 1
    finished.write_bytes(data)
    build(root)
    build(root, tmp_path / "straight")
    assert contents(tmp_path / "records") == contents(tmp_path / "straight")


def test_a_folder_of_something_else_is_refused_and_untouched(root, build, tmp_path):
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "thesis.txt").write_text("mine")
    for force in (False, True):
        with pytest.raises(UserError, match="holds other files: name a new or an empty folder"):
            build(root, force=force)
    assert contents(tmp_path / "records") == {"thesis.txt": b"mine"}


def test_a_file_is_no_folder(root, build, tmp_path):
    (tmp_path / "records").write_text("mine")
    with pytest.raises(UserError, match="cannot be a folder"):
        build(root)
    assert (tmp_path / "records").read_text() == "mine"


def test_two_builds_of_one_folder_do_not_mix(root, build, tmp_path):
    with (
        storage.locked(str(tmp_path / "records")),
        pytest.raises(UserError, match="is being built by another process"),
    ):
        build(root)


class Disk:
    """Fails every write once so many bytes are written."""

    def __init__(self, monkeypatch, room):
        self.room, self.hits = room, 0
        create = storage.FileSystems.create
        monkeypatch.setattr(
            storage.FileSystems, "create", lambda *a, **o: OnDisk(create(*a, **o), self)
        )


class OnDisk:
    def __init__(self, file, disk):
        self.file, self.disk = file, disk

    def write(self, data):
        if len(data) > self.disk.room:
            self.disk.hits += 1
            self.file.write(bytes(data)[: self.disk.room])
            raise OSError(errno.ENOSPC, "No space left on device")
        self.disk.room -= len(data)
        return self.file.write(data)

    def __getattr__(self, name):
        return getattr(self.file, name)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.file.close()


@pytest.mark.parametrize("room", [10, 2_000, 6_000, 9_000, 12_000])
def test_a_full_disk_is_one_line_and_the_build_continues(room, root, build, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        disk = Disk(patch, room)
        with pytest.raises(UserError, match=r"No space left on device.*run the same command again"):
            build(root)
    assert disk.hits
    assert not (tmp_path / "records" / "manifest.json").exists()
    assert not list((tmp_path / "records").rglob(".*.tmp"))
    build(root)
    build(root, tmp_path / "straight")
    assert contents(tmp_path / "records") == contents(tmp_path / "straight")


def test_no_good_picture_at_all_is_an_error(tmp_path, build):
    root = trees.plain(tmp_path / "pets")
    for item in items_of(root):
        (root / item.path).write_bytes(b"nothing")
    with pytest.raises(UserError, match=r"Not one of 12 pictures could be read.*not a PNG"):
        build(root)
    with pytest.raises(UserError, match="is not complete"):
        open_records(tmp_path / "records")


def test_processes_that_read_pictures_end_with_a_build_that_is_killed(tmp_path):
    root = trees.plain(tmp_path / "pets", sketches=20, photos=20)
    program = (
        "import os, signal, sys\n"
        "from sbir_tf.data.records import build, pipeline\n"
        "from tests.data.records.odd_tree import PLAIN, items_of\n"
        "def kill(iterable, description, total):\n"
        "    next(iter(iterable))\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "if __name__ == '__main__':\n"
        "    build.build_records(sys.argv[1], items_of(sys.argv[1]), sys.argv[2],\n"
        "                        layout=PLAIN, jobs=2, shard_size=8, progress=kill)\n"
    )
    script = tmp_path / "kill.py"
    script.write_text(program)
    command = [sys.executable, str(script), str(root), str(tmp_path / "records")]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    # Its processes hold its output open: this returns once the last of them is gone.
    run = subprocess.run(command, capture_output=True, timeout=60, env=environment)
    assert run.returncode == -signal.SIGKILL, run.stderr.decode()
    assert not (tmp_path / "records" / "manifest.json").exists()
