"""A folder to an index: what is kept, what is skipped, and that it streams."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pictures import read_picture
from serving.ahead import read_ahead
from serving.errors import ServingError
from serving.gallery import index_folder
from serving.index import open_index
from serving.index.places import PICTURES, find_folder


def test_every_picture_is_indexed_under_its_relative_path(encoder, gallery, tmp_path):
    report = index_folder(encoder, gallery, tmp_path / "index")
    index = open_index(tmp_path / "index")
    ((ids, vectors, metadata),) = index.scan()
    assert ids == [f"{c}/{n}.png" for c in ("blue", "green", "red") for n in range(4)]
    assert (report.indexed, report.skipped, report.index) == (12, (), tmp_path / "index")
    expected = [np.asarray(Image.open(gallery / name)).mean((0, 1)) / 255 for name in ids]
    np.testing.assert_allclose(vectors, expected, rtol=1e-6)
    assert (index.model.name, index.model.digest) == (encoder.name, encoder.digest)
    data = (gallery / "red" / "2.png").read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    modified = (gallery / "red" / "2.png").stat().st_mtime_ns
    facts = {"bytes": len(data), "sha256": digest, "modified": modified, "class": "red"}
    assert metadata[10] == facts
    assert find_folder(index, PICTURES) == gallery
    index.close()


def spoil(gallery, painter):
    """Puts one of everything that cannot be read among the good pictures."""
    good = (gallery / "red" / "0.png").read_bytes()
    (gallery / "red" / "cut.png").write_bytes(good[: len(good) // 2])
    (gallery / "red" / "empty.jpg").touch()
    (gallery / "red" / "text.gif").write_text("hello")
    (gallery / "dangling.png").symlink_to("nowhere")
    os.mkfifo(gallery / "pipe.bmp")
    painter(gallery / "two\nlines.png", (1, 2, 3))
    (gallery / os.fsdecode(b"latin-\xe9.png")).write_bytes(good)
    return {
        "red/cut.png": "truncated",
        "red/empty.jpg": "not a PNG, JPEG, WebP, GIF or BMP",
        "red/text.gif": "hello",
        "dangling.png": "no such file",
        "pipe.bmp": "not a regular file",
        "two\nlines.png": "line break",
        "latin-\\udce9.png": "valid UTF-8",
    }


def test_unreadable_pictures_are_skipped_counted_and_listed_with_reasons(
    encoder, gallery, tmp_path, painter
):
    reasons = spoil(gallery, painter)
    report = index_folder(encoder, gallery, tmp_path / "index", batch_size=5)
    assert report.indexed == 12
    assert {entry["path"] for entry in report.skipped} == set(reasons)
    for entry in report.skipped:
        assert reasons[entry["path"]] in entry["reason"]
        assert "\n" not in entry["reason"]
    assert json.loads(report.skipped_file.read_text()) == list(report.skipped)
    assert report.skipped_file.is_relative_to(tmp_path / "index")
    assert len(open_index(tmp_path / "index")) == 12


def test_a_picture_that_lacks_memory_is_skipped_with_the_reason(
    encoder, gallery, tmp_path, monkeypatch
):
    def short(data, name):
        if name.endswith("red/2.png"):
            raise MemoryError
        return read_picture(data, name=name)

    monkeypatch.setattr("serving.encoding.read_picture", short)
    (skipped,) = index_folder(encoder, gallery, tmp_path / "index").skipped
    assert skipped["path"] == "red/2.png"
    assert skipped["reason"].endswith("red/2.png: needs more memory than there is")


def test_nothing_readable_is_an_error_and_nothing_is_written(encoder, gallery, tmp_path):
    for path in gallery.rglob("*.png"):
        path.write_bytes(b"x")
    message = r"none of its 12 pictures can be read \(the first: .*0\.png"
    with pytest.raises(ServingError, match=message):
        index_folder(encoder, gallery, tmp_path / "index")
    assert not (tmp_path / "index").exists()


def test_pictures_are_encoded_in_batches_as_photographs(encoder, gallery, tmp_path):
    index_folder(encoder, gallery, tmp_path / "index", batch_size=5)
    assert sorted(encoder.batches) == [(2, "photo"), (5, "photo"), (5, "photo")]
    with pytest.raises(ServingError, match="batch_size=0"):
        index_folder(encoder, gallery, tmp_path / "index", batch_size=0)


def test_progress_sees_every_picture(encoder, gallery, tmp_path):
    seen = []

    def progress(iterable, description, total):
        seen.append((description, total))
        for item in iterable:
            seen.append(item)
            yield item

    index_folder(encoder, gallery, tmp_path / "index", progress=progress)
    assert seen[0] == ("encoding pictures", 12)
    assert len(seen) == 13


def contents(place):
    with closing(open_index(place)) as index:
        return {
            name: (vector.tobytes(), values)
            for ids, vectors, metadata in index.scan()
            for name, vector, values in zip(ids, vectors, metadata, strict=True)
        }


def test_a_second_run_encodes_only_what_is_new_or_changed_and_removes_what_is_gone(
    encoder, gallery, tmp_path, painter
):
    index_folder(encoder, gallery, tmp_path / "index")
    encoder.batches.clear()
    assert index_folder(encoder, gallery, tmp_path / "index").encoded == 0
    assert encoder.batches == []
    painter(gallery / "red" / "new.png", (9, 9, 9))
    painter(gallery / "red" / "0.png", (200, 100, 50))
    os.utime(gallery / "red" / "1.png", ns=(5, 5))  # touched: read again, not encoded again
    (gallery / "blue" / "3.png").unlink()
    (gallery / "blue" / "2.png").write_bytes(b"no longer a picture")
    report = index_folder(encoder, gallery, tmp_path / "index")
    assert (report.encoded, report.removed, report.indexed) == (2, 2, 11)
    assert [entry["path"] for entry in report.skipped] == ["blue/2.png"]
    assert encoder.batches == [(2, "photo")]
    again = index_folder(encoder, gallery, tmp_path / "anew")
    assert again.indexed == 11
    assert contents(tmp_path / "index") == contents(tmp_path / "anew")


def to_read(run, *arguments):
    """How many pictures a run reads."""
    totals = []

    def progress(iterable, description, total):
        totals.append(total)
        return iterable

    run(*arguments, progress=progress)
    return sum(totals)


def test_pictures_that_were_touched_or_copied_are_read_once(encoder, gallery, tmp_path):
    run = index_folder, encoder, gallery, tmp_path / "index"
    assert to_read(*run) == 12
    for number in range(3):
        os.utime(gallery / "red" / f"{number}.png", ns=(5, 5))
    encoder.batches.clear()
    assert [to_read(*run), to_read(*run)] == [3, 0]
    copied = shutil.copytree(gallery, tmp_path / "copied", copy_function=shutil.copyfile)
    run = index_folder, encoder, copied, tmp_path / "index"
    assert [to_read(*run), to_read(*run)] == [12, 0]
    assert encoder.batches == []
    index_folder(encoder, copied, tmp_path / "anew")
    assert contents(tmp_path / "index") == contents(tmp_path / "anew")


def test_neither_run_loads_the_index_into_memory(encoder, gallery, tmp_path, painter, monkeypatch):
    monkeypatch.setattr(
        "serving.index.stored.writer.brought_up", lambda *_: pytest.fail("it was loaded")
    )
    index_folder(encoder, gallery, tmp_path / "index")
    painter(gallery / "red" / "new.png", (9, 9, 9))
    (gallery / "blue" / "3.png").unlink()
    assert index_folder(encoder, gallery, tmp_path / "index").indexed == 12


def test_pictures_of_another_folder_are_known_by_their_bytes(encoder, gallery, tmp_path, painter):
    index_folder(encoder, gallery, tmp_path / "index")
    moved = gallery.rename(tmp_path / "moved")
    times = (moved / "red" / "0.png").stat().st_mtime_ns
    painter(moved / "red" / "0.png", (1, 2, 3))
    os.utime(moved / "red" / "0.png", ns=(times, times))
    encoder.batches.clear()
    report = index_folder(encoder, moved, tmp_path / "index")
    assert (report.encoded, report.indexed, encoder.batches) == (1, 12, [(1, "photo")])
    with closing(open_index(tmp_path / "index")) as index:
        assert find_folder(index, PICTURES) == moved


def test_what_others_added_stays(encoder, gallery, tmp_path):
    index_folder(encoder, gallery, tmp_path / "index")
    theirs = [{"brand": "x"}, {"sha256": "ff"}, {"bytes": [1], "modified": None, "sha256": "ff"}]
    names = ["mine", "yours", "theirs"]
    with closing(open_index(tmp_path / "index", writable=True)) as index:
        index.add(names, np.ones((3, 3), np.float32), theirs)
    assert index_folder(encoder, gallery, tmp_path / "index").removed == 0
    found = contents(tmp_path / "index")
    assert [found[name][1] for name in names] == theirs


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30])
def test_a_picture_without_a_finite_embedding_is_skipped_and_named(
    encoder, gallery, tmp_path, monkeypatch, value
):
    encode = encoder.encode

    def spoilt(pictures, domain):
        rows = encode(pictures, domain)
        rows[[picture.shape == (5, 7, 3) for picture in pictures]] = value
        return rows

    monkeypatch.setattr(encoder, "encode", spoilt)
    Image.new("RGB", (7, 5)).save(gallery / "red" / "odd.png")
    report = index_folder(encoder, gallery, tmp_path / "index", batch_size=5)
    reason = "red/odd.png: the model has no finite embedding for it"
    assert report.skipped == ({"path": "red/odd.png", "reason": reason},)
    assert (report.indexed, report.encoded) == (12, 12)
    for path in gallery.rglob("*.png"):
        Image.new("RGB", (7, 5)).save(path)
    with pytest.raises(ServingError, match=r"none of its 13 .* \(the first: .*no finite embedding"):
        index_folder(encoder, gallery, tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_an_index_of_another_model_is_refused_and_stays(encoder, gallery, tmp_path):
    index_folder(encoder, gallery, tmp_path / "index")
    before = contents(tmp_path / "index")
    encoder.digest = "d0" * 32
    with pytest.raises(ServingError, match="built by mean-colour"):
        index_folder(encoder, gallery, tmp_path / "index")
    assert contents(tmp_path / "index") == before


def test_an_interrupted_run_keeps_what_it_encoded_and_the_next_continues(
    encoder, gallery, tmp_path, monkeypatch
):
    monkeypatch.setattr("serving.gallery.target._SECONDS", 0)
    encode, calls = encoder.encode, []

    def interrupt(pictures, domain):
        calls.append(len(pictures))
        if len(calls) > 3:
            raise KeyboardInterrupt
        return encode(pictures, domain)

    monkeypatch.setattr(encoder, "encode", interrupt)
    with pytest.raises(KeyboardInterrupt):
        index_folder(encoder, gallery, tmp_path / "index", batch_size=2)
    with closing(open_index(tmp_path / "index")) as index:
        there = len(index)
        assert index.info().facts["complete"] is False
    assert there in (4, 6)  # two batches are under way at a time
    monkeypatch.setattr(encoder, "encode", encode)
    encoder.batches.clear()
    report = index_folder(encoder, gallery, tmp_path / "index", batch_size=2)
    assert (report.indexed, report.encoded) == (12, 12 - there)
    assert sum(count for count, _ in encoder.batches) == 12 - there
    with closing(open_index(tmp_path / "index")) as index:
        assert index.info().facts["complete"] is True


@pytest.mark.parametrize("seed", range(6))
def test_a_killed_run_is_continued_without_encoding_again_what_is_in(
    encoder, gallery, tmp_path, seed
):
    """kill -9 at a moment drawn from all calls that a run in a process of its own makes."""
    script = Path(__file__).with_name("kill_while_indexing.py")
    place = tmp_path / "index"
    arguments = [str(gallery), str(place), str(seed)]
    killed = subprocess.run([sys.executable, str(script), *arguments], check=False, timeout=120)
    assert killed.returncode == -signal.SIGKILL
    there = set(contents(place)) if place.exists() else set()
    report = index_folder(encoder, gallery, place, batch_size=2)
    assert report.indexed == 12
    assert report.encoded == 12 - len(there)
    index_folder(encoder, gallery, tmp_path / "anew")
    assert contents(place) == contents(tmp_path / "anew")


def test_a_target_that_is_no_index_is_refused_before_any_work(encoder, gallery):
    with pytest.raises(ServingError, match="is not an index"):
        index_folder(encoder, gallery, gallery)
    assert encoder.batches == []


def test_reading_ahead_keeps_the_order_and_never_holds_more_than_asked():
    started, taken, most = 0, 0, 0

    def items():
        nonlocal started, most
        for item in range(200):
            started += 1
            most = max(most, started - taken)
            yield item

    results = []
    for result in read_ahead(lambda item: item * item, items(), ahead=7):
        taken += 1
        results.append(result)
    assert results == [item * item for item in range(200)]
    assert most <= 8


def test_reading_ahead_hands_on_an_error_where_it_belongs():
    results = read_ahead(lambda item: 6 // item, [3, 2, 0, 1], ahead=10)
    assert [next(results), next(results)] == [2, 3]
    with pytest.raises(ZeroDivisionError):
        next(results)
