import json
import re
from pathlib import Path

import pytest

from sbir_tf.data.icons import load_icons, styles, zero_shot
from sbir_tf.data.icons.recipe import CLASSES, SOURCES
from sbir_tf.data.icons.splits import STYLES_TEST, STYLES_VALIDATION

TEXT = (Path(__file__).parents[3] / "docs" / "icons.md").read_text()
PARTS = ["train", "validation", "test"]


def counts(keys):
    icons = [icon for icon in load_icons() if icon.key in keys]
    sketches = sum(icon.domain == "sketch" for icon in icons)
    return [len({icon.class_name for icon in icons}), sketches, len(icons) - sketches]


def test_the_totals_are_true():
    row = re.search(r"^\| all \| (\d+) \| (\d+) \| (\d+) \|$", TEXT, re.M)
    assert [int(n) for n in row.groups()] == counts({icon.key for icon in load_icons()})


@pytest.mark.parametrize("make", [styles, zero_shot])
@pytest.mark.parametrize("part", PARTS)
def test_the_counts_of_the_parts_are_true(make, part):
    split = make(load_icons())
    row = re.search(rf"^\| `{split.name}` {part} \| (\d+) \| (\d+) \| (\d+) \|$", TEXT, re.M)
    assert [int(n) for n in row.groups()] == counts(set(getattr(split, part)))


@pytest.mark.parametrize(
    ("part", "families"), [("test", STYLES_TEST), ("validation", STYLES_VALIDATION)]
)
def test_the_held_out_families_are_named(part, families):
    row = f"| {part} | {', '.join(families['sketch'])} | {', '.join(families['photo'])} |"
    assert row in TEXT


def test_the_numbers_of_packages_drops_and_exclusions_are_true():
    assert f"names {len(json.loads(SOURCES.read_text())['sets'])} npm packages" in TEXT
    assert f"{len(styles(load_icons()).dropped)} held-out sketches have no picture" in TEXT
    classes = json.loads(CLASSES.read_text()).values()
    assert f"| {sum(len(c.get('exclude', ())) for c in classes)} |\n\nNear copies" in TEXT


def test_the_classes_of_the_map_are_those_of_the_archive():
    assert set(json.loads(CLASSES.read_text())) == {icon.class_name for icon in load_icons()}
