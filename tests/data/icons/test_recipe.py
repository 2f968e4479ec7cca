import hashlib
import json
import lzma

import pytest

from sbir_tf.data.icons import recipe
from sbir_tf.data.icons.recipe import build, canonical, check, digests_of, write
from sbir_tf.data.icons.selection import LARGEST_BODY, Report
from sbir_tf.errors import UserError

CLASSES = {"cat": {"names": ["cat", "kitten"]}, "dog": {"names": ["dog"]}}


def shape(number, domain):
    """A drawing of its own for each number: a bent line, or a coloured box."""
    if domain == "photo":
        return f'<rect x="{number}" y="3" width="9" height="{6 + number}" fill="#2{number % 10}c"/>'
    bend = f"M2 {number + 2}L12 20L22 {22 - number}"
    return f'<path fill="none" stroke="currentColor" stroke-width="2" d="{bend}"/>'


@pytest.fixture
def packages(make_package):
    """Six sketch sets and six picture sets of a cat each; the first sets have more."""

    def make(**more):
        sources = []
        for domain in ("sketch", "photo"):
            for n in range(6):
                icons = {"cat": shape(n, domain)}
                given = more.get(domain, {}) if n == 0 else {}
                icons |= given.get("icons", {})
                rest = {key: value for key, value in given.items() if key != "icons"}
                sources.append(make_package(f"{domain}-set-{'abcdef'[n]}", icons, domain, **rest))
        return {"format": 1, "sets": sources}

    return make


def keys(contents):
    return {f"{row['set']}:{row['name']}": row["class"] for row in contents["icons"]}


def test_a_class_needs_six_sets_on_each_side(packages, tmp_path):
    report = Report()
    sources = packages(sketch={"icons": {"dog": shape(9, "sketch")}})
    contents = build(sources, CLASSES, tmp_path, report)
    assert set(keys(contents).values()) == {"cat"}
    assert len(contents["icons"]) == 12
    assert report.dropped["class with fewer than 6 sets on a side"] == ["dog 1/0"]


def test_two_builds_are_the_same_bytes(packages, tmp_path):
    sources = packages()
    one, two = (build(sources, CLASSES, tmp_path, Report()) for _ in range(2))
    write(one, sources, tmp_path / "one.xz")
    write(two, {**sources, "sets": sources["sets"][::-1]}, tmp_path / "two.xz")
    assert (tmp_path / "one.xz").read_bytes() == (tmp_path / "two.xz").read_bytes()
    reordered = {**sources, "sets": sources["sets"][::-1]}
    assert canonical(build(reordered, CLASSES, tmp_path, Report())) == canonical(one)


def test_synonyms_and_numbered_variants_are_merged(packages, tmp_path):
    more = {"icons": {"kitten-02": shape(8, "sketch")}}
    contents = build(packages(sketch=more), CLASSES, tmp_path, Report())
    assert keys(contents)["sketch-set-a:kitten-02"] == "cat"


def test_an_alias_is_another_name_of_its_parent(packages, tmp_path):
    more = {
        "icons": {"felis": shape(8, "sketch")},
        "aliases": {
            "kitten": {"parent": "felis"},
            "cat-9": {"parent": "felis", "hFlip": True},
        },
    }
    contents = build(packages(sketch=more), CLASSES, tmp_path, Report())
    row = next(row for row in contents["icons"] if row["name"] == "kitten")
    assert "L12 20" in row["body"] and row["class"] == "cat"
    assert "sketch-set-a:cat-9" not in keys(contents)


def test_filled_variants_and_filled_shapes_are_left_out(packages, tmp_path):
    filled = '<path d="M2 2h20v19H2z"/>'
    report = Report()
    more = {"icons": {"cat-filled": filled, "kitten": filled, "cat-2": "<g/>"}}
    contents = build(packages(sketch=more), CLASSES, tmp_path, report)
    assert len(contents["icons"]) == 12
    assert report.dropped["a filled shape among the sketches"] == ["sketch-set-a:kitten"]
    assert report.dropped["blank"] == ["sketch-set-a:cat-2"]


def test_one_picture_under_two_names_or_in_two_sets_is_kept_once(packages, tmp_path):
    report = Report()
    same = shape(0, "sketch").replace("M2 2", "M2.0 2.0")
    more = {"icons": {"kitten": same, "dog": same, "cat-3": shape(5, "sketch")}}
    contents = build(packages(sketch=more), CLASSES, tmp_path, report)
    assert "sketch-set-a:kitten" not in keys(contents)
    assert report.dropped["identical, same class"] == [
        "sketch-set-f:cat = sketch-set-a:cat-3",
        "sketch-set-a:kitten = sketch-set-a:cat",
    ]
    assert report.dropped["identical, another class"] == [
        "sketch-set-a:dog (dog) = sketch-set-a:cat (cat)"
    ]


def test_a_copy_in_another_set_is_reported(packages, tmp_path):
    report = Report()
    nearly = shape(1, "sketch").replace('stroke-width="2"', 'stroke-width="2.05"')
    build(packages(sketch={"icons": {"kitten": nearly}}), CLASSES, tmp_path, report)
    assert report.dropped["near copy, another family"] == ["sketch-set-a:kitten ~ sketch-set-b:cat"]


def test_a_set_brings_a_limited_number_of_drawings(packages, tmp_path):
    icons = {f"cat-{n}": shape(n, "sketch") for n in (7, 9, 11, 13)}
    contents = build(packages(sketch={"icons": icons}), CLASSES, tmp_path, Report())
    of_first = [key for key in keys(contents) if key.startswith("sketch-set-a:")]
    assert of_first == ["sketch-set-a:cat", "sketch-set-a:cat-11"]


def test_a_huge_body_is_left_out(packages, tmp_path):
    report = Report()
    huge = shape(8, "photo") + f"<desc>{'x' * LARGEST_BODY}</desc>"
    build(packages(photo={"icons": {"kitten": huge}}), CLASSES, tmp_path, report)
    assert report.dropped["too large"] == ["photo-set-a:kitten"]


def test_what_is_written_is_what_the_digests_say(packages, tmp_path):
    sources = packages()
    contents = build(sources, CLASSES, tmp_path, Report())
    write(contents, sources, tmp_path / "out.xz")
    data = (tmp_path / "out.xz").read_bytes()
    digests = json.loads((tmp_path / "digests.json").read_text())
    assert digests["sha256"] == hashlib.sha256(data).hexdigest()
    assert digests["bytes"] == len(data)
    assert json.loads(lzma.decompress(data)) == contents
    assert "Author of photo-set-a" in (tmp_path / "ATTRIBUTION.md").read_text()


def test_a_build_that_differs_from_the_committed_one_is_an_error(packages, tmp_path):
    sources = packages()
    contents = build(sources, CLASSES, tmp_path, Report())
    write(contents, sources, tmp_path / "out.xz")
    check(contents, tmp_path / "digests.json")
    contents["icons"].pop()
    with pytest.raises(UserError, match="The build differs from the archive"):
        check(contents, tmp_path / "digests.json")


def test_another_compressor_is_told_from_other_contents(packages, tmp_path):
    contents = build(packages(), CLASSES, tmp_path, Report())
    digests = digests_of(contents) | {"sha256": "0" * 64}
    (tmp_path / "digests.json").write_text(json.dumps(digests))
    with pytest.raises(UserError, match="contents are the same"):
        check(contents, tmp_path / "digests.json")


def test_the_command_says_what_is_wrong_in_one_line(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    code = recipe.main(["--packages", str(tmp_path), "--check"])
    lines = capsys.readouterr().err.splitlines()
    assert code == 2
    assert len(lines) == 1 and "npm pack" in lines[0]
