from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbir_tf.data.layouts import Item
from sbir_tf.data.splits import (
    UNSEEN,
    check_leaks,
    check_split,
    make_split,
    note_for,
    split_names,
    unseen_classes,
    zero_shot,
)
from sbir_tf.errors import UserError
from tests import trees

# The folders of TU-Berlin, QuickDraw and the release, where they are written otherwise.
SPELLINGS = {
    "tuberlin-30": ("hot air balloon", "frying-pan", "t-shirt", "space shuttle", "bottle opener"),
    "quickdraw-30": ("palm tree", "fire hydrant", "mouse (animal)"),
}


def made(classes, sketches=3, photos=10):
    items = [Item(f"sketches/{c}/{n}.png", c, "sketch") for c in classes for n in range(sketches)]
    items += [Item(f"photos/{c}/{n}.jpg", c, "photo") for c in classes for n in range(photos)]
    return tuple(sorted(items))


SKETCHY = made(trees.ALL_SKETCHY_CLASSES)


def classes(paths):
    return {path.split("/")[1] for path in paths}


def domains(paths):
    return Counter(path.split("/")[0] for path in paths)


@pytest.mark.parametrize(
    ("name", "count"), [("sketchy-1", 25), ("sketchy-2", 21), ("tuberlin-30", 30)]
)
def test_the_lists_have_as_many_classes_as_published(name, count):
    assert len(set(UNSEEN[name])) == len(UNSEEN[name]) == count
    assert len(set(UNSEEN["quickdraw-30"])) == len(UNSEEN["quickdraw-30"]) == 30


@pytest.mark.parametrize(("name", "seen"), [("sketchy-1", 100), ("sketchy-2", 104)])
def test_sketchys_other_classes_are_seen(name, seen):
    split = zero_shot(name, SKETCHY)
    assert len(classes(split.train)) == seen
    assert classes(split.queries) == classes(split.gallery) == set(UNSEEN[name])
    assert classes(split.train).isdisjoint(UNSEEN[name])
    assert domains(split.train) == {"sketches": 3 * seen, "photos": 10 * seen}
    check_split(split, SKETCHY)
    check_leaks(split)
    assert not split.gallery_seen


@pytest.mark.parametrize("name", sorted(SPELLINGS))
def test_classes_are_found_however_folders_are_written(name):
    letters = {"".join(filter(str.isalnum, w.partition("(")[0])): w for w in SPELLINGS[name]}
    on_disk = [letters.get("".join(filter(str.isalnum, w)), w) for w in UNSEEN[name]]
    assert set(SPELLINGS[name]) <= set(on_disk)
    assert unseen_classes(name, [*on_disk, "cat", "computer-mouse"]) == set(on_disk)
    capitals = [word.title().replace(" ", "_") for word in on_disk]
    assert unseen_classes(name, [*capitals, "cat"]) == set(capitals)


def test_a_class_that_the_data_lacks_is_named_with_the_nearest():
    some = [name for name in trees.ALL_SKETCHY_CLASSES if name != "squirrel"]
    with pytest.raises(UserError, match=r"lacks 1 of them: 'squirrel'. Did you mean 'squirel'"):
        unseen_classes("sketchy-1", [*some, "squirel"])
    with pytest.raises(UserError, match=r"lacks 19 of them: .* and 14 more. Is this the data set"):
        unseen_classes("tuberlin-30", trees.ALL_SKETCHY_CLASSES)


def test_a_class_that_may_be_two_is_an_error():
    with pytest.raises(UserError, match=r"'cup' .*several classes.*'C U P', 'cup'"):
        unseen_classes("sketchy-1", [*trees.ALL_SKETCHY_CLASSES, "C U P"])


def test_something_must_be_left_to_train_on():
    with pytest.raises(UserError, match="none would be left to train on"):
        zero_shot("sketchy-1", made(UNSEEN["sketchy-1"]))


def test_all_seen_adds_every_trained_photo_to_the_gallery():
    base, split = (zero_shot("sketchy-1" + kind, SKETCHY) for kind in ("", ALL_SEEN))
    assert (split.train, split.queries) == (base.train, base.queries)
    trained = {path for path in base.train if path.startswith("photos/")}
    assert set(split.gallery) == set(base.gallery) | trained
    assert split.gallery_seen
    assert "among all photos that were trained on" in split.note
    check_leaks(split)


def test_held_out_adds_a_fifth_of_the_seen_photos_and_trains_on_none_of_them():
    base, split = (zero_shot("sketchy-1" + kind, SKETCHY) for kind in ("", HELD_OUT))
    assert split.queries == base.queries
    added = set(split.gallery) - set(base.gallery)
    assert set(Counter(path.split("/")[1] for path in added).values()) == {2}  # of 10
    assert len(classes(added)) == 100
    assert set(split.train) == set(base.train) - added
    assert not split.gallery_seen
    check_leaks(split)


def test_both_searches_with_held_out_sketches_of_seen_classes_too():
    base, split = (zero_shot("sketchy-1" + kind, SKETCHY) for kind in ("", BOTH))
    assert set(base.queries) < set(split.queries)
    assert classes(split.queries) == classes(split.gallery) == set(trees.ALL_SKETCHY_CLASSES)
    assert set(split.train) | set(split.queries) | set(split.gallery) == {i.path for i in SKETCHY}
    check_leaks(split)
    assert "mix seen and unseen classes" in split.note


ALL_SEEN, HELD_OUT, BOTH = (f"+generalised:{kind}" for kind in ("all-seen", "held-out", "both"))


@pytest.mark.parametrize("kind", ["", ALL_SEEN, HELD_OUT, BOTH])
def test_a_validation_part_has_seen_classes_of_its_own(kind):
    split = zero_shot("sketchy-2" + kind, SKETCHY, validation=0.1)
    apart = classes(split.parts["validation_queries"])
    assert apart == classes(split.parts["validation_gallery"])
    assert len(apart) == 10  # of 104
    assert apart.isdisjoint(classes(split.train) | classes(split.queries))
    assert apart.isdisjoint(classes(split.gallery))
    check_split(split, SKETCHY)
    check_leaks(split)
    said = "10 seen classes are the validation part's alone and not searched"
    assert (said in split.note) == bool(kind)
    other = zero_shot("sketchy-2" + kind, SKETCHY, validation=0.1, seed=1)
    assert classes(other.parts["validation_queries"]) != apart


@pytest.mark.parametrize(("share", "said"), [(1, "below 1"), (0.999, "none would be left")])
def test_the_validation_share_of_a_zero_shot_split_leaves_classes(share, said):
    with pytest.raises(UserError, match=said):
        zero_shot("sketchy-1", SKETCHY, validation=share)


def test_an_unknown_name_names_the_nearest():
    with pytest.raises(UserError, match=r"no split 'sketchy1'. Did you mean 'sketchy-1'"):
        make_split("sketchy1", SKETCHY)


def test_every_name_has_a_note_that_its_split_carries():
    assert len(split_names()) == 2 + 4 * 4
    for name in split_names():
        if name.startswith(("sketchy", "supervised")):
            split = make_split(name, SKETCHY, test_sketches=1)
            assert split.note == note_for(name)
        assert note_for(name).startswith(("supervised", "held-out", "zero-shot", "generalised"))


@settings(deadline=None, derandomize=True)
@given(
    kind=st.sampled_from(["", ALL_SEEN, HELD_OUT, BOTH]),
    seen=st.sets(st.sampled_from(["cat", "dog", "eel", "fox", "gnu"]), min_size=2),
    sketches=st.integers(2, 6),
    photos=st.integers(2, 6),
    seed=st.integers(0, 3),
    validation=st.sampled_from([0, 0.3]),
)
def test_every_item_is_in_a_part_and_only_the_gallery_may_be_trained_on(
    kind, seen, sketches, photos, seed, validation
):
    items = made([*UNSEEN["sketchy-1"], *seen], sketches, photos)
    split = zero_shot("sketchy-1" + kind, items, seed, validation, test_photos=0.5)
    check_split(split, items)
    check_leaks(split)
    assert split.items() == {item.path for item in items}
    overlapping = [path for path in split.items() if len(split.of(path)) > 1]
    assert all(split.of(path) == ("train", "gallery") for path in overlapping)
    assert bool(overlapping) == (kind == ALL_SEEN)
