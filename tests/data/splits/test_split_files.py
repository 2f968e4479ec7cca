import dataclasses
import gzip
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbir_tf.data.layouts import Item
from sbir_tf.data.splits import Split, check_split, read_split, write_split
from sbir_tf.errors import UserError

# Names of any letters, even those that are no UTF-8 on disk.
names = st.text(
    st.characters(blacklist_characters="/\\\0:", blacklist_categories=()), min_size=1, max_size=6
).filter(lambda name: set(name) != {"."})
paths = st.lists(names, min_size=1, max_size=3).map("/".join)


def partial_split(**changes):
    parts = {
        "train": ("sketches/cat/1.png", "photos/cat/1.jpg"),
        "queries": ("sketches/cat/2.png",),
        "gallery": ("photos/cat/1.jpg",),
    }
    values = {
        "name": "supervised",
        "protocol": "supervised",
        "note": "a note",
        "parts": parts,
        "layout": "plain",
        "seed": 3,
        "gallery_seen": True,
    }
    return Split(**(values | changes))


def items_of(split):
    domain = {"s": "sketch", "p": "photo"}
    return [Item(path, path.split("/")[1], domain[path[0]]) for path in split.items()]


@st.composite
def splits(draw):
    parts = {
        part: tuple(draw(st.lists(paths, min_size=1, max_size=4, unique=True)))
        for part in ("train", "queries", "gallery", *draw(st.sampled_from([(), VALIDATION])))
    }
    return Split(
        draw(st.text(max_size=9)),
        draw(st.sampled_from(["supervised", "held-out-photos", "zero-shot", "generalised"])),
        draw(st.text(max_size=9)),
        parts,
        draw(st.sampled_from(["", "plain"])),
        draw(st.text(max_size=9)),
        draw(st.integers()),
        draw(st.booleans()),
    )


VALIDATION = ("validation_queries", "validation_gallery")


@settings(deadline=None, derandomize=True)
@given(split=splits(), suffix=st.sampled_from([".json", ".json.gz"]))
def test_any_split_comes_back_as_it_was(tmp_path_factory, split, suffix):
    file = tmp_path_factory.mktemp("split") / f"mine{suffix}"
    assert read_split(write_split(split, file)) == split
    assert [path.name for path in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize("suffix", [".json", ".json.gz"])
def test_the_same_split_gives_the_same_bytes(tmp_path, suffix):
    split = partial_split()
    backwards = {part: paths[::-1] for part, paths in reversed(split.parts.items())}
    first = write_split(split, tmp_path / f"a{suffix}").read_bytes()
    again = write_split(partial_split(parts=backwards), tmp_path / f"b{suffix}").read_bytes()
    assert again == first
    if suffix == ".json.gz":
        assert first[4:8] == bytes(4)  # gzip's time
        assert json.loads(gzip.decompress(first))["parts"]["queries"] == ["sketches/cat/2.png"]


def test_the_file_names_every_item_and_what_a_reader_must_know(tmp_path):
    values = json.loads(write_split(partial_split(), tmp_path / "a.json").read_text())
    assert values == {
        "format": "sbir-split/1",
        "name": "supervised",
        "protocol": "supervised",
        "note": "a note",
        "layout": "plain",
        "variant": "",
        "seed": 3,
        "gallery_seen": True,
        "parts": {
            "train": ["photos/cat/1.jpg", "sketches/cat/1.png"],
            "queries": ["sketches/cat/2.png"],
            "gallery": ["photos/cat/1.jpg"],
        },
    }


def test_what_was_there_stays_when_writing_fails(tmp_path, monkeypatch):
    file = write_split(partial_split(), tmp_path / "a.json")
    before = file.read_bytes()

    def full(path, content):
        with path.open("wb") as out:
            out.write(content[:9])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(file), "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        write_split(partial_split(seed=4), file)
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]


def test_another_name_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"\.json or \.json\.gz. Received: .*split\.txt"):
        write_split(partial_split(), tmp_path / "split.txt")


def test_an_item_says_which_parts_it_is_in():
    split = partial_split()
    assert split.of("photos/cat/1.jpg") == ("train", "gallery")
    assert split.of("sketches/cat/2.png") == ("queries",)
    assert split.of("elsewhere.png") == ()


def changed(**changes):
    def change(values):
        return values | changes

    return change


def without(part):
    def change(values):
        parts = {name: of for name, of in values["parts"].items() if name != part}
        return values | {"parts": parts}

    return change


def with_path(path):
    def change(values):
        return values | {"parts": values["parts"] | {"queries": ["a/b.png", path]}}

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (changed(format="sbir-split/2"), "has the format sbir-split/2; this version reads"),
        (changed(format="other"), "is not a split of format sbir-split/1. Received: format='oth"),
        (lambda values: [], "is not a split of format sbir-split/1"),
        (lambda values: {"train": [], "test": []}, "of the authors' release, .*--lists"),
        (changed(seed="3"), "is damaged: .* Received: seed='3'"),
        (changed(gallery_seen=1), "is damaged: .* Received: gallery_seen=1"),
        (changed(parts={"train": "abc"}), "is damaged: .* Received: parts"),
        (changed(parts={"train": [1]}), "is damaged: .* Received: parts"),
        (changed(protocol="superviced"), "protocol 'superviced'. Did you mean 'supervised'"),
        (without("gallery"), "Received: no gallery"),
        (changed(parts={"train": ["a/b"], "queries": [], "gallery": ["a/c"]}), "'queries'.*none"),
        (with_path("../up.png"), r"below the data set's root. Received: '\.\./up.png'"),
        (with_path("a/../../up.png"), "below the data set's root"),
        (with_path("/etc/passwd"), "below the data set's root"),
        (with_path("C:\\x.png"), "below the data set's root"),
        (with_path("a\\..\\b.png"), "below the data set's root"),
        (with_path("a//b.png"), "single /"),
        (with_path("./b.png"), "single /"),
        (with_path(""), "single /"),
        (with_path("a/b.png"), "twice in the part 'queries'.*Received: a/b.png"),
        (
            lambda v: v | {"parts": v["parts"] | {"validation_queries": ["a/b"]}},
            "no validation_gallery",
        ),
        (lambda v: v | {"parts": v["parts"] | {"galery": []}}, "no part 'galery'. Did you mean"),
    ],
)
def test_a_wrong_file_is_one_line_that_names_it(tmp_path, change, said):
    file = write_split(partial_split(), tmp_path / "a.json")
    file.write_text(json.dumps(change(json.loads(file.read_text()))))
    with pytest.raises(UserError, match=said) as error:
        read_split(file)
    assert str(error.value).startswith(str(file))
    assert "\n" not in str(error.value)


def test_files_that_are_no_json_are_told_apart(tmp_path):
    file = tmp_path / "a.json"
    for content, said in (
        (b"train: 1", "is not a split: it is no JSON"),
        (b"", "is not a split: it is no JSON"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is not a split: it is a binary file"),
        (b"[" * 100_000, "is not a split: it is no JSON"),
        (b"[" + b"1" * 5000 + b"]", "is not a split: it is no JSON"),
        (gzip.compress(b"\0\1\2\3\xff" * 99), "is not a split: it is a binary file"),
    ):
        file.write_bytes(content)
        with pytest.raises(UserError, match=re.escape(f"{file} {said}")):
            read_split(file)
    with pytest.raises(UserError, match="is not a file"):
        read_split(tmp_path)
    with pytest.raises(UserError, match="does not exist"):
        read_split(tmp_path / "none.json")


@pytest.mark.parametrize("suffix", [".json", ".json.gz"])
def test_a_file_that_is_far_too_large_is_not_read(tmp_path, monkeypatch, suffix):
    file = tmp_path / f"a{suffix}"
    with file.open("wb") as out:
        out.truncate(2**31)
    monkeypatch.setattr(type(file), "read_bytes", None)
    with pytest.raises(UserError, match=r"up to 512 MB. Received: 2048 MB"):
        read_split(file)


def test_a_truncated_or_altered_gzip_is_an_error(tmp_path):
    file = write_split(partial_split(), tmp_path / "a.json.gz")
    whole = file.read_bytes()
    for length in range(2, len(whole)):
        file.write_bytes(whole[:length])
        with pytest.raises(UserError, match="is truncated or damaged"):
            read_split(file)
    for at in range(10, len(whole)):
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :])
        with pytest.raises(UserError, match=r"is truncated or damaged|is not a split"):
            read_split(file)


def test_a_split_of_other_data_says_what_is_missing_and_what_is_new():
    split = partial_split()
    items = items_of(split)
    check_split(split, items)
    new = [Item(f"photos/cat/{n}.jpg", "cat", "photo") for n in range(5, 10)]
    some = [item for item in items if item.path != "sketches/cat/2.png"]
    with pytest.raises(UserError) as error:
        check_split(split, some + new)
    assert "1 missing (sketches/cat/2.png)" in str(error.value)
    assert "5 new (photos/cat/5.jpg, photos/cat/6.jpg, photos/cat/7.jpg, ...)" in str(error.value)
    assert "layout plain" in str(error.value)
    with pytest.raises(UserError, match="none missing; 5 new"):
        check_split(split, items + new)
    check_split(split, items + new, allow_new=True)


def test_a_part_with_items_of_the_wrong_domain_is_refused():
    split = partial_split()
    turned = [dataclasses.replace(item, domain="photo") for item in items_of(split)]
    with pytest.raises(UserError, match=r"'queries' of a split holds sketches alone"):
        check_split(split, turned)
