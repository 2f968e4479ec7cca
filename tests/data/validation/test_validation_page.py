"""The statistics page: whole, offline, and nothing in it that a class name smuggled in."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from sbir_tf.data.facts import facts_table
from sbir_tf.data.validation import validate
from sbir_tf.data.validation.page import write_page
from sbir_tf.data.validation.page.charts import BINS, Axis, histogram, share, size_of, whole
from tests.data.validation.made_up_facts import rows

EVIL = """<script>alert(1)</script><img src=http://x.example/a.png onerror="x()">'&"""
VOID = {"meta", "img", "br"}


class Read(HTMLParser):
    """Tags, attributes and text; refuses tags that do not close."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.text, self.open = [], [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    made = rows(4, (EVIL, *(f"class {n:02}" for n in range(30))))
    made[0] |= {"domain": 2}
    made[1] |= {"ink": 0.0}
    made[2] |= {"ink": np.nan, "colourfulness": np.nan, "width": 0, "height": 0, "problem": EVIL}
    table = facts_table(made)
    file = tmp_path_factory.mktemp("page") / "new" / "page.html"
    grey = np.full((40, 90, 3), 128, np.uint8)
    read = lambda key: grey if "0" in key or "1" in key else None  # noqa: E731
    return write_page(validate(table), table, file, f"my {EVIL}", read).read_text()


def test_it_parses_and_every_tag_is_closed(page):
    tags = Read(page).tags
    assert tags.count("svg") == 5
    assert {"h1", "table", "details", "figure"} <= set(tags)


def test_nothing_in_it_is_loaded_or_run(page):
    read = Read(page)
    assert not {"script", "link", "iframe", "object", "base", "form"} & set(read.tags)
    for name, value in read.attributes:
        assert not name.startswith("on")
        if name in ("src", "href", "srcset", "data", "action"):
            assert value.startswith("data:image/webp;base64,")
    assert "url(" not in page
    assert "@import" not in page
    assert "default-src 'none'" in page
    markup = re.sub(r">[^<]*<", "><", page)  # what stands outside of text
    assert "://" not in re.sub(r'(alt|content)="[^"]*"', "", markup)


def test_names_are_shown_as_they_are(page):
    text = "".join(Read(page).text)
    assert EVIL in text
    assert f"my {EVIL}" in text


def test_every_class_is_on_it_the_small_ones_folded(page):
    text = "".join(Read(page).text)
    assert all(f"class {n:02}" in text for n in range(30))
    assert "11 smaller classes" in text


def test_flagged_pictures_are_shown_small(page):
    sources = [value for name, value in Read(page).attributes if name == "src"]
    assert sources
    assert all(len(source) < 2000 for source in sources)


def test_bars_hold_every_value_once():
    values = {"sketch": np.arange(1, 101), "photo": np.geomspace(3, 4000, 77)}
    for logarithmic in (False, True):
        text = histogram(Axis("width", whole, logarithmic), values)
        counts = dict.fromkeys(values, 0)
        for name, title in re.findall(r'<rect class="(\w+)".*?<title>(.*?)</title>', text):
            counts[name] += int(title.rpartition(" ")[2].replace(",", ""))
        assert counts == {"sketch": 100, "photo": 77}
        assert text.count("<rect") <= 2 * BINS


@pytest.mark.parametrize("values", [[], [np.nan], [0.0, 0.0], [5.0, 5.0, 5.0], [1e-9]])
def test_odd_values_draw_something_or_nothing(values):
    for logarithmic in (False, True):
        text = histogram(Axis("width", whole, logarithmic), {"sketch": np.array(values)})
        assert "nan" not in text
        assert "inf" not in text


def test_values_are_written_short():
    assert [size_of(value) for value in (12, 1500, 23e3, 4.2e6)] == [
        *("12 B", "1.5 kB", "23 kB", "4.2 MB")
    ]
    assert [share(value) for value in (0.0, 0.005, 0.05, 0.5)] == ["0%", "0.5%", "5%", "50%"]
