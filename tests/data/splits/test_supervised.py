import math
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbir_tf.data.layouts import LAYOUTS, Item, list_items
from sbir_tf.data.splits import check_leaks, check_split, held_out_photos, make_split, supervised
from sbir_tf.errors import UserError
from tests import trees

PLAIN = LAYOUTS["plain"]


def made(classes=("cat", "dog"), sketches=7, photos=5):
    """Items that lie nowhere."""
    items = [Item(f"sketches/{c}/{n}.png", c, "sketch") for c in classes for n in range(sketches)]
    items += [Item(f"photos/{c}/{n}.jpg", c, "photo") for c in classes for n in range(photos)]
    return tuple(sorted(items))


def counts(paths):
    return Counter(tuple(path.split("/")[:2]) for path in paths)


def test_the_supervised_split_holds_out_sketches_and_no_photo(tmp_path):
    items = list_items(trees.plain(tmp_path, sketches=7), PLAIN)
    split = supervised(items, 3)
    assert counts(split.queries) == {("sketches", "cat"): 3, ("sketches", "dog"): 3}
    assert set(split.gallery) == {item.path for item in items if item.domain == "photo"}
    assert set(split.gallery) < set(split.train)
    assert set(split.queries) | set(split.train) == {item.path for item in items}
    assert set(split.queries).isdisjoint(split.train)
    assert "every photo of the gallery was trained on" in split.note
    assert split.gallery_seen


def test_the_choice_of_sketches_is_the_one_that_it_always_was():
    """By the rule: the SHA-256 of seed, class and file name, each on a line, in order."""
    split = supervised(made(("cat",), sketches=6), 2)
    # for n in 0..5: printf '0\ncat\n%s.png' $n | sha256sum; the two smallest are 5 and 4.
    assert split.queries == ("sketches/cat/4.png", "sketches/cat/5.png")


def test_the_seed_chooses_the_sketches_and_a_new_file_moves_few(tmp_path):
    root = trees.plain(tmp_path, sketches=12)
    items = list_items(root, PLAIN)
    queries = set(supervised(items, 4).queries)
    assert set(supervised(items, 4, seed=1).queries) != queries
    trees.save(trees.sketch(0, 9), root / "sketches" / "cat" / "new.png")
    after = set(supervised(list_items(root, PLAIN), 4).queries)
    assert len(queries - after) <= 1


@pytest.mark.parametrize("make", [supervised, held_out_photos])
def test_a_drawing_is_held_out_in_every_variant_that_is_read(tmp_path, make):
    root = trees.sketchy(tmp_path, sketches=9)
    names, layout = ("tx_000000000000", "tx_000100000000"), LAYOUTS["sketchy_ext"]
    both = list_items(root, layout, ",".join(names))
    one = make(list_items(root, layout, names[1]), 3, validation=2)
    split = make(both, 3, validation=2)
    for part in ("queries", "validation_queries"):
        wanted = {path.replace(names[1], name) for path in one.parts[part] for name in names}
        assert set(split.parts[part]) == wanted
    trained = {path.rpartition("/")[2] for path in split.train}
    assert trained.isdisjoint(path.rpartition("/")[2] for path in split.queries)


def test_files_of_one_name_in_two_folders_of_a_class_are_two_drawings():
    items = [Item(f"sketches/{f}/{n}.png", "cat", "sketch") for f in "ab" for n in range(4)]
    items.append(Item("photos/cat/0.png", "cat", "photo"))
    assert len(supervised(items, 3).queries) == 3


def test_the_order_of_the_items_changes_nothing():
    items = made()
    assert supervised(items[::-1], 2) == supervised(items, 2)
    assert held_out_photos(items[::-1], 2) == held_out_photos(items, 2)


def test_the_variants_of_one_data_set_hold_out_the_same_drawings(tmp_path):
    root = trees.sketchy(tmp_path, sketches=8)
    names = [
        {
            Path(path).name
            for path in supervised(list_items(root, LAYOUTS["sketchy_ext"], variant), 3).queries
        }
        for variant in (None, "tx_000000000000")
    ]
    assert names[0] == names[1]


def test_a_class_with_too_few_sketches_or_photos_is_named():
    with pytest.raises(UserError, match=r"'cat', with 7 sketches.*data.test_sketches=7"):
        supervised(made(), 7)
    with pytest.raises(UserError, match=r"test_sketches=4 data.validation=3"):
        supervised(made(), 4, validation=3)
    with pytest.raises(UserError, match=r"'cat', with 5 photos.*--test-photos.*test_photos=5"):
        held_out_photos(made(), 2, test_photos=5)


def test_held_out_photos_are_the_whole_gallery_and_not_trained_on():
    split = held_out_photos(made(), 2, test_photos=0.4)
    assert counts(split.gallery) == {("photos", "cat"): 2, ("photos", "dog"): 2}
    assert set(split.gallery).isdisjoint(split.train)
    assert split.queries == supervised(made(), 2).queries
    assert not split.gallery_seen
    assert "neither the query sketches nor the photos" in split.note


@pytest.mark.parametrize("amount", [0, -1, 1.5, math.nan, math.inf, -math.inf])
def test_an_amount_is_a_share_or_a_whole_number(amount):
    with pytest.raises(UserError, match="whole number, or a share below 1"):
        held_out_photos(made(), 2, test_photos=amount)


@pytest.mark.parametrize("name", ["supervised", "held-out-photos"])
def test_a_validation_part_is_taken_from_the_training_data_alone(name):
    items = made(sketches=9, photos=9)
    without = make_split(name, items, test_sketches=3, test_photos=3)
    split = make_split(name, items, test_sketches=3, test_photos=3, validation=2)
    assert (split.queries, split.gallery) == (without.queries, without.gallery)
    taken = set(split.parts["validation_queries"])
    assert counts(taken) == {("sketches", "cat"): 2, ("sketches", "dog"): 2}
    if name == "supervised":
        assert split.parts["validation_gallery"] == split.gallery
    else:
        taken |= set(split.parts["validation_gallery"])
        assert len(taken) == 4 + 6
    assert set(split.train) == set(without.train) - taken
    check_leaks(split)


@settings(deadline=None, derandomize=True)
@given(
    sketches=st.integers(2, 12),
    photos=st.integers(2, 12),
    test=st.integers(1, 11),
    share=st.sampled_from([0.1, 0.25, 0.5, 1, 3]),
    seed=st.integers(0, 5),
)
def test_the_parts_partition_the_data_or_a_class_is_named(sketches, photos, test, share, seed):
    items = made(("b", "a"), sketches, photos)
    held = max(1, round(share * photos)) if share < 1 else share
    if test >= sketches or held >= photos:
        with pytest.raises(UserError, match="none would be left to train on"):
            held_out_photos(items, test, share, seed)
        return
    split = held_out_photos(items, test, share, seed)
    together = [path for paths in split.parts.values() for path in paths]
    assert sorted(together) == [item.path for item in items]
    assert len(split.queries) == 2 * test
    assert math.isclose(len(split.gallery), 2 * held)
    check_split(split, items)
    check_leaks(split)
