import dataclasses
import re

import pytest

from sbir_tf.data.icons import archive as module
from sbir_tf.data.icons.archive import ARCHIVE, DIGESTS, class_names, load_icons, read_archive
from sbir_tf.errors import UserError


def sets_by_class(domain):
    found = {name: set() for name in class_names()}
    for icon in load_icons():
        if icon.domain == domain:
            found[icon.class_name].add(icon.set)
    return found


def test_there_are_at_least_200_classes_of_nouns():
    assert len(class_names()) >= 200
    assert list(class_names()) == sorted(set(class_names()))
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", name) for name in class_names())


@pytest.mark.parametrize("domain", ["sketch", "photo"])
def test_each_class_comes_from_at_least_six_sets_of_each_domain(domain):
    short = {name: len(sets) for name, sets in sets_by_class(domain).items() if len(sets) < 6}
    assert short == {}


def test_keys_are_unique_and_in_order():
    keys = [icon.key for icon in load_icons()]
    assert keys == sorted(set(keys))
    assert all(icon.key == f"{icon.set}:{icon.name}" for icon in load_icons())


def test_a_set_has_one_family_and_one_domain():
    described = {}
    for icon in load_icons():
        assert described.setdefault(icon.set, (icon.family, icon.domain)) == (
            icon.family,
            icon.domain,
        )
    assert {family for s, (family, _) in described.items() if s.startswith("streamline")} == {
        "streamline"
    }
    assert {family for s, (family, _) in described.items() if s.startswith("fluent")} == {"fluent"}


def test_an_icon_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        load_icons()[0].class_name = "other"


def test_bodies_hold_no_animation_and_reach_for_nothing_outside():
    text = "".join(icon.body for icon in load_icons())
    assert re.findall(r"<(animate|set|script|image|style|foreignObject)\b", text) == []
    assert re.findall(r'href="(?!#)[^"]*"', text) == []


def test_the_archive_is_at_most_ten_megabytes():
    assert ARCHIVE.stat().st_size <= 10_000_000


def test_one_altered_byte_is_an_error_that_names_the_file(tmp_path):
    data = bytearray(ARCHIVE.read_bytes())
    data[len(data) // 2] ^= 1
    altered = tmp_path / "icons.json.xz"
    altered.write_bytes(data)
    with pytest.raises(UserError, match=f"{re.escape(str(altered))} is damaged.*git checkout"):
        read_archive(altered, DIGESTS)


def test_a_truncated_archive_is_an_error(tmp_path):
    short = tmp_path / "icons.json.xz"
    short.write_bytes(ARCHIVE.read_bytes()[:-10])
    with pytest.raises(UserError, match="is damaged"):
        read_archive(short, DIGESTS)


def test_a_missing_archive_is_an_error(tmp_path):
    with pytest.raises(UserError, match="is missing"):
        read_archive(tmp_path / "none.xz", DIGESTS)


def test_each_set_is_attributed():
    text = (module.HERE / "ATTRIBUTION.md").read_text()
    counted = {name: int(n) for name, n in re.findall(r"\(`([\w-]+)`\).*\| (\d+) \|", text)}
    icons = load_icons()
    assert counted == {name: sum(i.set == name for i in icons) for name in {i.set for i in icons}}
