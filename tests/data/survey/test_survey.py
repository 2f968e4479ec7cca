"""A survey against Pillow and NumPy used plainly, and against what users' disks hold."""

import hashlib
import json
import os
import re
import struct

import numpy as np
import pytest
from PIL import Image

from sbir_tf.data.facts import FACTS
from sbir_tf.data.layouts import LAYOUTS, Item, list_items
from sbir_tf.data.survey import CACHE, looking, survey, survey_forms, surveying
from tests import trees
from tests.stored import chunk

PLAIN = LAYOUTS["plain"]
SIZE = struct.pack(">IIBBBBB", 60_000, 60_000, 1, 0, 0, 0, 0)
BOMB = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", SIZE) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


@pytest.fixture
def root(tmp_path):
    return trees.plain(tmp_path / "data")


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def looks(monkeypatch):
    """The files that were looked at."""
    seen = []

    def look_at(path):
        seen.append(path.name)
        return looking.look_at(path)

    monkeypatch.setattr(surveying, "look_at", look_at)
    return seen


def test_each_item_has_its_row_of_facts(root, cache):
    items = list_items(root, PLAIN)
    table = survey(root, items, cache=cache)
    assert table.schema == FACTS
    assert table["key"].to_pylist() == [item.path for item in items]
    for item, row in zip(items, table.to_pylist(), strict=True):
        file = root / item.path
        rgb = np.asarray(Image.open(file).convert("RGB"))
        assert (row["height"], row["width"]) == rgb.shape[:2]
        assert row["bytes"] == file.stat().st_size
        assert (
            row["digest"]
            == hashlib.sha256(np.array(rgb.shape[:2], "<u4").tobytes() + rgb.tobytes()).hexdigest()
        )
        grey = rgb @ np.array([0.299, 0.587, 0.114])
        assert row["ink"] == pytest.approx(1 - grey.mean() / 255, abs=1e-6)
        assert row["label"] == ["cat", "dog"].index(row["class"])
        assert row["domain"] == (item.domain == "photo")
        assert (row["problem"], row["instance"], row["parts"]) == ("", "", [])


def test_instances_are_filled_in_by_the_layout(tmp_path, cache):
    root = trees.sketchy(tmp_path / "sketchy")
    layout = LAYOUTS["sketchy_ext"]
    items = list_items(root, layout)
    table = survey(root, items, layout=layout, cache=cache)
    assert table["instance"].to_pylist() == [layout.instance(item) for item in items]


def test_a_second_survey_reads_nothing_and_says_the_same(root, cache, looks):
    items = list_items(root, PLAIN)
    first = survey_forms(root, items, cache=cache)
    assert len(looks) == len(items)
    looks.clear()
    second = survey_forms(root, items, cache=cache)
    assert looks == []
    assert second.table.equals(first.table)
    assert second.forms == first.forms


def test_what_changed_is_read_again_though_its_size_did_not(root, cache, looks):
    changed = root / "photos" / "cat" / "flag.bmp"
    trees.save(trees.photo(0, 0, size=(32, 20)), changed)
    items = list_items(root, PLAIN)
    survey(root, items, cache=cache)
    looks.clear()
    before = changed.stat()
    trees.save(trees.photo(0, 0, size=(20, 32)), changed)
    os.utime(changed, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert changed.stat().st_size == before.st_size
    widths = survey(root, items, cache=cache)["width"].to_pylist()
    assert looks == [changed.name]
    assert 20 in widths
    looks.clear()
    survey(root, items, cache=cache)
    assert looks == []


def test_an_interrupted_survey_continues(root, cache, looks):
    items = list_items(root, PLAIN)

    def stopping(looks, description, total):
        for number, look in enumerate(looks):
            if number == 5:
                raise KeyboardInterrupt
            yield look

    with pytest.raises(KeyboardInterrupt):
        survey(root, items, stopping, jobs=1, cache=cache)
    looks.clear()
    table = survey(root, items, cache=cache)
    assert 0 < len(looks) <= len(items) - 5
    assert table.equals(survey(root, items, cache=None))


@pytest.mark.parametrize("cut", range(1, 400, 37))
def test_a_damaged_memory_costs_looks_and_nothing_else(root, cache, looks, cut):
    items = list_items(root, PLAIN)
    expected = survey(root, items, cache=cache)
    (file,) = cache.iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[:-cut])
    for _ in range(2):
        looks.clear()
        assert survey(root, items, cache=cache).equals(expected)
    assert looks == []
    assert len(file.read_bytes().splitlines()) >= len(items)


@pytest.mark.parametrize(
    "line",
    [b"[]", b"7", b"nonsense", b"\xff\xfe", b'["sketches/cat/0.png", 1, 2]', b"[[], 1, 2, 3]"],
)
def test_lines_of_the_memory_that_mean_nothing_are_passed_over(root, cache, line):
    items = list_items(root, PLAIN)
    expected = survey(root, items, cache=cache)
    (file,) = cache.iterdir()
    file.write_bytes(file.read_bytes() + line + b"\n")
    assert survey(root, items, cache=cache).equals(expected)


def test_the_memory_of_another_decoder_is_forgotten(root, cache, looks):
    items = list_items(root, PLAIN)
    survey(root, items, cache=cache)
    (file,) = cache.iterdir()
    head, _, rest = file.read_bytes().partition(b"\n")
    old = {**json.loads(head), "pillow": "0.1"}
    file.write_bytes(json.dumps(old).encode() + b"\n" + rest)
    looks.clear()
    survey(root, items, cache=cache)
    assert len(looks) == len(items)


@pytest.mark.parametrize(("options", "place"), [({}, "work"), ({"cache": CACHE}, "data")])
def test_nothing_is_left_unasked_or_among_the_users_pictures(
    root, tmp_path, monkeypatch, options, place
):
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / place)
    before = sorted(tmp_path.rglob("*"))
    survey(root, list_items(root, PLAIN), **options)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_place_that_cannot_be_written_only_costs_the_memory(root, tmp_path):
    items = list_items(root, PLAIN)
    (tmp_path / "file").touch()
    table = survey(root, items, cache=tmp_path / "file" / "cache")
    assert table["problem"].to_pylist() == [""] * len(items)


def test_every_bad_file_has_its_row_and_its_reason_and_is_read_once(root, cache, looks):
    folder = root / "photos" / "cat"
    whole = (folder / "0.jpg").read_bytes()
    (folder / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.png").touch()
    (folder / "text.gif").write_text("GIF of a cat")
    with (folder / "huge.png").open("wb") as file:
        file.truncate(2 * 2**30)
    os.mkfifo(folder / "pipe.png")
    (folder / "bomb.png").write_bytes(BOMB)
    names = {
        "cut.jpg": "truncated or damaged picture",
        "empty.png": "not a PNG, JPEG, WebP, GIF or BMP picture",
        "text.gif": "truncated or damaged|not a PNG",
        "huge.png": "the file is too large",
        "pipe.png": "not a regular file",
        "bomb.png": "too large .*60000 x 60000",
        "gone.png": "no such file",
    }
    items = [Item(f"photos/cat/{name}", "cat", "photo") for name in names]
    for read in (set(names), {"gone.png"}):  # then remembered, but for what was not there
        looks.clear()
        rows = survey(root, items, cache=cache).to_pylist()
        for row, (name, reason) in zip(rows, names.items(), strict=True):
            assert row["key"].endswith(name)
            assert re.match(reason, row["problem"]), row["problem"]
            assert (row["width"], row["height"], row["bytes"], row["digest"]) == (0, 0, 0, "")
            assert np.isnan(row["ink"])
            assert np.isnan(row["colourfulness"])
        assert set(looks) == read


def test_a_lack_of_memory_is_not_remembered(root, cache, monkeypatch):
    items = list_items(root, PLAIN)

    def short(*_, **__):
        raise MemoryError

    for name in ("examine_picture", "read_bytes"):
        with monkeypatch.context() as scarce:
            scarce.setattr(looking, name, short)
            problems = survey(root, items, cache=cache)["problem"].to_pylist()
        assert problems == ["needs more memory than there is"] * len(items)
    assert set(survey(root, items, cache=cache)["problem"].to_pylist()) == {""}


def test_a_file_without_permission_is_looked_at_again_later(root, cache, monkeypatch):
    items = list_items(root, PLAIN)
    with monkeypatch.context() as closed:

        def forbidden(path):
            raise PermissionError(13, "Permission denied")

        closed.setattr("pathlib.Path.read_bytes", forbidden)  # root may read everything
        rows = survey(root, items[:2], cache=None).to_pylist()
        assert [row["problem"] for row in rows] == ["cannot be read (Permission denied)"] * 2
        closed.undo()
        closed.setattr(looking, "read_bytes", _denied)
        survey(root, items, cache=cache)
    assert set(survey(root, items, cache=cache)["problem"].to_pylist()) == {""}


def _denied(path):
    from pictures import PictureError

    raise PictureError(f"{path}: cannot be read") from PermissionError(13, "Permission denied")


@pytest.mark.parametrize("jobs", [1, 3])
def test_any_number_of_threads_gives_the_same_table(root, cache, jobs):
    items = list_items(root, PLAIN)
    assert survey(root, items, jobs=jobs, cache=None).equals(survey(root, items, cache=cache))


def test_large_pictures_are_read_too_but_one_at_a_time(tmp_path, monkeypatch):
    for name, size in (("large", (300, 200)), ("small", (9, 9))):
        trees.save(trees.photo(0, 0, size=size), tmp_path / f"{name}.png")
    items = [Item(f"{name}.png", "a", "photo") for name in ("large", "small")]
    alone = {}

    def examine_picture(*arguments, **options):
        looked = looking_at(*arguments, **options)
        alone[looked[0].width] = looking._one_at_a_time.locked()
        return looked

    looking_at = looking.examine_picture
    monkeypatch.setattr(looking, "examine_picture", examine_picture)
    monkeypatch.setattr(looking, "_LARGE", 100)
    rows = survey(tmp_path, items, jobs=1, cache=None).to_pylist()
    assert [(row["width"], row["height"], row["problem"]) for row in rows] == [
        (300, 200, ""),
        (9, 9, ""),
    ]
    assert alone == {300: True, 9: False}


def test_progress_is_told_of_every_item(root, cache):
    items = list_items(root, PLAIN)
    told = []

    def progress(looks, description, total):
        told.append((description, total))
        return looks

    survey(root, items, progress, cache=cache)
    assert told == [("reading pictures", len(items))]
