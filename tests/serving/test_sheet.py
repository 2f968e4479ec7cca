"""Contact sheets: the frames sit on the hits, the HTML is whole, safe and self-contained."""

import re
from base64 import b64decode
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from serving.errors import ServingError
from serving.hits import Hit
from serving.sheet import make_rows, write_html, write_png
from serving.sheet.png import SIDE

GREEN = (0x1A, 0x7F, 0x37)


def hit(rank, path, name):
    return Hit(rank, f"{name}/{path.name}", path, rank / 7, name)


@pytest.fixture
def rows(gallery):
    """A judged query with answers right, wrong, right and gone; one of an unknown class."""
    hits = [hit(1, gallery / "red" / "0.png", "red"), hit(2, gallery / "blue" / "0.png", "blue")]
    hits += [hit(3, gallery / "red" / "1.png", "red"), hit(4, gallery / "gone.png", "blue")]
    query = gallery / "red" / "3.png"
    return make_rows([query, query], [hits, hits[:2]], ["red", None])


def test_only_hits_of_a_known_class_are_marked(rows):
    assert [cell.hit for cell in rows[0].answers] == [True, False, True, False]
    assert [cell.hit for cell in rows[1].answers] == [False, False]
    assert (rows[0].hits, rows[0].judged, rows[1].judged) == (2, True, False)
    assert [row.query.title for row in rows] == ["red", "3.png"]
    assert rows[0].answers[3].thumbnail is None
    assert rows[0].answers[0].detail == "0.143"


def test_answers_and_classes_must_match_the_queries(gallery):
    with pytest.raises(ServingError, match="1 queries, 0 answers, 1 classes"):
        make_rows([gallery / "red" / "0.png"], [])
    for write in (write_png, write_html):
        with pytest.raises(ServingError, match="at least one row"):
            write([], gallery / "sheet")


def test_the_png_frames_the_hits_and_nothing_else(rows, tmp_path):
    with Image.open(write_png(rows, tmp_path / "sheet.png")) as image:
        sheet = np.asarray(image.convert("RGB")).astype(int)
    green = (np.abs(sheet - GREEN).sum(2) == 0).astype(int)
    # A row of pixels that is green for the width of a picture is the edge of a frame.
    runs = [len(run) for line in green for run in re.findall("1+", "".join(map(str, line)))]
    edges = [run for run in runs if run >= SIDE - 30]
    assert len(edges) == 2 * 8  # two frames, four pixels thick above and below
    half = sheet.shape[0] // 2
    assert green[:half].any()
    assert not green[half:].any()


def test_a_frame_carries_a_white_tick_for_those_who_see_no_green(rows, tmp_path):
    with Image.open(write_png(rows, tmp_path / "sheet.png")) as image:
        sheet = np.asarray(image.convert("RGB")).astype(int)
    columns = np.flatnonzero((np.abs(sheet - GREEN).sum(2) == 0).any(0))
    right = columns[np.flatnonzero(np.diff(columns) > 40)[0]]  # of the first frame
    inside = sheet[16 + 5 : 16 + 18, right - 16 : right - 4]  # of the disc: green but for the tick
    assert 15 < (inside.sum(2) > 740).sum() < 80
    assert (np.abs(inside - GREEN).sum(2) == 0).sum() > 60


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.images, self.tags, self.addresses, self.text = [], [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        values = dict(attributes)
        if tag == "img":
            self.images.append(values)
        self.addresses += [values[name] for name in ("src", "href", "srcset") if name in values]

    def handle_data(self, data):
        self.text += data


def test_the_html_needs_no_other_host_and_no_script(rows, tmp_path):
    text = write_html(rows, tmp_path / "sheet.html").read_text()
    page = Page(text)
    assert all(address.startswith("data:image/") for address in page.addresses)
    assert "http://" not in text
    assert "https://" not in text
    assert "url(" not in text
    assert not {"script", "link", "iframe", "object"} & set(page.tags)
    assert "default-src 'none'" in text
    assert "width=device-width" in text
    assert "prefers-color-scheme: dark" in text


def test_every_picture_of_the_html_is_there_and_described(rows, tmp_path, gallery):
    page = Page(write_html(rows, tmp_path / "sheet.html").read_text())
    assert len(page.images) == 2 + 3 + 2
    assert [image["alt"] for image in page.images[:3]] == [
        "Query: red",
        "Rank 1: red, of the query's class",
        "Rank 2: blue",
    ]
    data = b64decode(page.images[2]["src"].split(",", 1)[1])
    with Image.open(BytesIO(data)) as thumbnail:
        mean = np.asarray(thumbnail.convert("RGB")).mean((0, 1))
    np.testing.assert_allclose(mean, (20, 30, 220), atol=8)
    assert "red: 2 of 4 of its class" in page.text
    assert "the file is gone" in page.text


def test_names_are_escaped_everywhere(gallery, tmp_path):
    name = "<script>alert('x')</script>\"&"
    answers = [[Hit(1, f"{name}/1.png", None, 0.5, name)]]
    query = gallery / "red" / "0.png"
    text = write_html(
        make_rows([query], answers, [name]), tmp_path / "sheet.html", title=name
    ).read_text()
    page = Page(text)
    assert "script" not in page.tags
    assert page.text.count(name) == 5  # title, two headings, query and answer
    write_png(make_rows([query], answers, [name]), tmp_path / "sheet.png")


def test_names_that_no_encoding_holds_can_be_written(gallery, tmp_path):
    name = "caf\udce9 漢字 ✓" * 20
    query = gallery / "red" / "0.png"
    odd = gallery / "red" / "caf\udce9.png"
    odd.write_bytes(query.read_bytes())
    rows = make_rows([odd], [[Hit(1, "1.png", None, 0.5, name.encode(errors="replace").decode())]])
    write_png(rows, tmp_path / "sheet.png")
    assert "caf\\udce9.png" in write_html(rows, tmp_path / "sheet.html").read_text()


def test_a_sheet_that_cannot_be_written_leaves_the_old_one(rows, tmp_path, monkeypatch):
    path = write_png(rows, tmp_path / "sheet.png")
    before = path.read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_png(rows[:1], path)
    assert path.read_bytes() == before
    assert [entry.name for entry in Path(tmp_path).glob("*sheet*")] == ["sheet.png"]
    assert list(Path(tmp_path).glob(".*")) == []
