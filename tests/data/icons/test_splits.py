import random

import pytest

from sbir_tf.data.icons import load_icons, render_all, styles, zero_shot
from sbir_tf.data.icons.splits import STYLES_TEST, STYLES_VALIDATION, families_by_rule

PARTS = ("train", "validation", "test")


@pytest.fixture(scope="module")
def icons():
    return {icon.key: icon for icon in load_icons()}


def members(split, part, icons, domain=None):
    found = [icons[key] for key in getattr(split, part)]
    return [icon for icon in found if domain in (None, icon.domain)]


@pytest.mark.parametrize("make", [styles, zero_shot])
def test_every_icon_is_in_exactly_one_part(make, icons):
    split = make(tuple(icons.values()))
    listed = [key for part in (*PARTS, "dropped") for key in getattr(split, part)]
    assert sorted(listed) == sorted(icons)


@pytest.mark.parametrize("make", [styles, zero_shot])
def test_the_order_of_the_icons_does_not_matter(make, icons):
    shuffled = list(icons.values())
    random.Random(1).shuffle(shuffled)
    assert make(shuffled) == make(tuple(icons.values()))


def test_no_family_is_in_two_parts_of_styles_on_either_side(icons):
    split = styles(tuple(icons.values()))
    families = {part: {i.family for i in members(split, part, icons)} for part in PARTS}
    assert families["train"] & families["validation"] == set()
    assert families["train"] & families["test"] == set()
    assert families["validation"] & families["test"] == set()


def test_a_designer_of_both_sides_is_in_training(icons):
    train = {i.family for i in members(styles(tuple(icons.values())), "train", icons)}
    sides = {}
    for icon in icons.values():
        sides.setdefault(icon.family, set()).add(icon.domain)
    both = {family for family, domains in sides.items() if len(domains) == 2}
    assert both >= {"streamline", "fluent", "icons8"}
    assert both <= train


def test_the_held_out_families_are_those_of_the_rule():
    assert families_by_rule(load_icons()) == (STYLES_TEST, STYLES_VALIDATION)


@pytest.mark.parametrize("domain", ["sketch", "photo"])
def test_about_a_quarter_of_each_side_is_the_test(icons, domain):
    split = styles(tuple(icons.values()))
    share = len(members(split, "test", icons, domain)) / sum(
        icon.domain == domain for icon in icons.values()
    )
    assert 0.20 <= share <= 0.30


def test_two_designers_make_the_gallery(icons):
    assert len({i.family for i in members(styles(load_icons()), "test", icons, "photo")}) >= 2


@pytest.mark.parametrize("part", ["validation", "test"])
@pytest.mark.parametrize("make", [styles, zero_shot])
def test_every_query_has_an_answer(make, part, icons):
    split = make(load_icons())
    asked = {icon.class_name for icon in members(split, part, icons, "sketch")}
    answers = {icon.class_name for icon in members(split, part, icons, "photo")}
    assert asked <= answers
    assert len(asked) >= 20


def test_dropped_icons_are_held_out_sketches(icons):
    held_out = {*STYLES_TEST["sketch"], *STYLES_VALIDATION["sketch"]}
    dropped = members(styles(load_icons()), "dropped", icons)
    assert all(i.domain == "sketch" and i.family in held_out for i in dropped)


def test_a_held_out_sketch_without_a_picture_is_dropped(make_icon):
    test, train = STYLES_TEST["sketch"][0], "somebody"
    queries = [
        make_icon("", set=test, family=test, class_name="cat", name="cat"),
        make_icon("", set=test, family=test, class_name="dog", name="dog"),
    ]
    gallery = make_icon("", "photo", set="noto", family="noto", class_name="cat", name="cat")
    other = make_icon("", "photo", set=train, family=train, class_name="dog", name="dog")
    split = styles([*queries, gallery, other])
    assert split.test == tuple(sorted([f"{test}:cat", "noto:cat"]))
    assert split.dropped == (f"{test}:dog",)
    assert split.train == ("somebody:dog",)


def test_zero_shot_holds_out_whole_classes(icons):
    split = zero_shot(tuple(icons.values()))
    classes = {part: {i.class_name for i in members(split, part, icons)} for part in PARTS}
    total = sum(map(len, classes.values()))
    assert len(set.union(*classes.values())) == total
    assert len(classes["test"]) == round(0.2 * total)
    assert len(classes["validation"]) == round(0.1 * total)


def test_zero_shot_classes_stay_where_they_are_when_a_class_is_left_out(icons):
    # The order is a hash of the name: without one class at most the border class moves.
    everything = tuple(icons.values())
    fewer = [icon for icon in everything if icon.class_name != "cat"]
    before, after = (
        {icons[key].class_name for key in zero_shot(given).test} for given in (everything, fewer)
    )
    assert len(before ^ after) <= 2


def test_no_picture_is_drawn_twice_in_the_archive(icons):
    # So no part can hold a copy of another part's picture.
    everything = tuple(icons.values())
    seen = {}
    for icon, picture in zip(everything, render_all(everything, 32), strict=True):
        assert seen.setdefault(picture.tobytes(), icon.key) == icon.key
