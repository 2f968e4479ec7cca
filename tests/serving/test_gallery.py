"""A folder to an index: what is kept, what is skipped, and that it streams."""

import hashlib
import json
import os

import numpy as np
import pytest
from PIL import Image

from pictures import read_picture
from serving.ahead import read_ahead
from serving.errors import ServingError
from serving.gallery import index_folder
from serving.index import Index


def test_every_picture_is_indexed_under_its_relative_path(encoder, gallery, tmp_path):
    report = index_folder(encoder, gallery, tmp_path / "index")
    index = Index.load(tmp_path / "index")
    assert index.ids == [f"{c}/{n}.png" for c in ("blue", "green", "red") for n in range(4)]
    assert (report.indexed, report.skipped, report.index) == (12, (), tmp_path / "index")
    expected = [np.asarray(Image.open(gallery / name)).mean((0, 1)) / 255 for name in index.ids]
    np.testing.assert_allclose(index.vectors, expected, rtol=1e-6)
    assert (index.model.name, index.model.digest) == (encoder.name, encoder.digest)
    data = (gallery / "red" / "2.png").read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    assert index.metadata[10] == {"bytes": len(data), "sha256": digest}
    assert index.path_of("red/2.png") == gallery / "red" / "2.png"


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
    assert len(Index.load(tmp_path / "index")) == 12


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
    assert encoder.batches == [(5, "photo"), (5, "photo"), (2, "photo")]
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


def test_an_interrupted_run_leaves_the_old_index(encoder, gallery, tmp_path, monkeypatch):
    index_folder(encoder, gallery, tmp_path / "index")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "index").rglob("*")}

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(encoder, "encode", interrupt)
    with pytest.raises(KeyboardInterrupt):
        index_folder(encoder, gallery, tmp_path / "index")
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "index").rglob("*")} == before


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
