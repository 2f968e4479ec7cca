from itertools import combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbir_tf.data.splits import Leak, Split, check_leaks, find_leaks, without_copies
from sbir_tf.errors import UserError

VALIDATION = ("validation_queries", "validation_gallery")
EVERY = ("train", "queries", "gallery", *VALIDATION)


def made(protocol="zero-shot", gallery_seen=False, **more):
    """Each part has an item of its own, and those of `more`."""
    parts = {part: (f"{part}/own", *more.get(part, ())) for part in (*EVERY, "unused")}
    return Split("mine", protocol, "", parts, gallery_seen=gallery_seen)


ALLOWED = {
    ("zero-shot", False): set(),
    ("held-out-photos", False): set(),
    ("generalised", True): {("train", "gallery")},
    ("supervised", True): {
        ("train", "gallery"),
        ("train", "validation_gallery"),
        ("gallery", "validation_gallery"),
    },
}


@pytest.mark.parametrize("kind", ALLOWED)
@pytest.mark.parametrize("pair", combinations(EVERY, 2), ids="-".join)
def test_an_item_in_two_parts_is_a_leak_unless_the_protocol_says_so(kind, pair):
    split = made(*kind, **dict.fromkeys(pair, ("a/b.png",)))
    expected = [] if pair in ALLOWED[kind] else [Leak(pair, ("a/b.png", "a/b.png"))]
    assert find_leaks(split) == expected
    copies = made(*kind)
    digests = {f"{part}/own": "same" if part in pair else part for part in EVERY}
    leak = Leak(pair, tuple(f"{part}/own" for part in pair))
    shared = pair in ALLOWED[kind] and "train" not in pair
    assert find_leaks(copies, digests) == ([] if shared else [leak])


def test_a_gallery_that_is_trained_on_holds_no_other_photo_whose_copy_is():
    photos = {"train": ("photos/seen/1.jpg",), "gallery": ("photos/seen/1.jpg", "photos/new/1.jpg")}
    split = made("generalised", True, **photos)
    digests = {"photos/seen/1.jpg": "x", "photos/new/1.jpg": "x"}
    expected = Leak(("train", "gallery"), ("photos/seen/1.jpg", "photos/new/1.jpg"))
    assert find_leaks(split, digests) == [expected]
    # A second copy of what is trained on tells nothing new.
    more = made(
        "generalised", True, **photos | {"train": ("photos/seen/1.jpg", "photos/seen/2.jpg")}
    )
    assert find_leaks(more, {"photos/seen/1.jpg": "x", "photos/seen/2.jpg": "x"}) == []


def test_the_error_says_which_items_and_in_which_parts():
    split = made(train=("sketches/cat/1.png",), queries=("sketches/cat/1.png",))
    with pytest.raises(UserError) as error:
        check_leaks(split)
    said = str(error.value)
    assert "1 leak: sketches/cat/1.png is in train and in queries" in said
    digests = {"train/own": "x", "gallery/own": "x"}
    with pytest.raises(UserError, match="train/own in train has the content of gallery/own in gal"):
        check_leaks(made(), digests)
    check_leaks(made(), {"train/own": "x", "gallery/own": "y"})


def test_many_leaks_are_counted_and_a_few_named():
    same = tuple(f"sketches/cat/{n}.png" for n in range(9))
    with pytest.raises(UserError, match=r"9 leaks: .*0.png.*1.png.*2.png is in .*; \.\.\.$"):
        check_leaks(made(train=same, queries=same))


def test_pictures_without_a_digest_and_unused_ones_are_no_copies():
    assert find_leaks(made(), {"train/own": "", "queries/own": ""}) == []
    assert find_leaks(made(), {"unused/own": "x", "queries/own": "x"}) == []


def test_a_copy_within_a_part_is_no_leak():
    split = made(train=("a", "b"))
    assert find_leaks(split, {"a": "x", "b": "x"}) == []


@settings(deadline=None, derandomize=True)
@given(
    st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(EVERY)),
    st.lists(st.sampled_from("xyz"), min_size=6, max_size=6),
)
def test_copies_are_those_of_a_loop_over_all_pairs_each_at_least_once(places, contents):
    digests = dict(zip("abcdef", contents, strict=True))
    split = made(**{part: [p for p, of in places.items() if of == part] for part in EVERY})
    expected = {
        Leak(pair, (first, second))
        for pair in combinations(EVERY, 2)
        for first, second in product(*(split.parts[part] for part in pair))
        if digests.get(first) and digests.get(first) == digests.get(second)
    }
    found = find_leaks(split, digests)
    assert set(found) <= expected
    assert ends(found) == ends(expected)
    left = without_copies(split, digests)
    check_leaks(left, digests)
    assert left.items() == split.items()


def ends(leaks):
    return {(leak.parts, part, path) for leak in leaks for part, path in enumerate(leak.paths)}


def test_many_copies_of_one_picture_are_as_many_leaks_not_as_many_as_pairs():
    train, queries = ([f"{part}/{n}" for n in range(70)] for part in ("t", "q"))
    split = made(train=train, queries=queries)
    digests = dict.fromkeys([*train, *queries], "blank")
    assert len(find_leaks(split, digests)) == 70 + 70 - 1
    left = without_copies(split, digests)
    assert (left.train, set(left.queries)) == (("train/own",), {"queries/own", *queries})


def test_copies_can_be_left_out_and_the_test_part_stays():
    digests = {"train/own": "x", "train/more": "y", "queries/own": "x", "gallery/own": "z"}
    split = without_copies(made(train=("train/more",)), digests)
    assert split.train == ("train/more",)
    assert split.queries == ("queries/own",)
    assert split.parts["unused"] == ("train/own", "unused/own")
    assert "1 copies of pictures of other parts are left out" in split.note
    check_leaks(split, digests)
    assert without_copies(split, digests) == split


def test_a_photo_of_the_supervised_gallery_is_left_out_of_all_its_parts():
    photos = dict.fromkeys(("train", "gallery", "validation_gallery"), ("photo",))
    split = without_copies(made("supervised", True, **photos), {"photo": "x", "queries/own": "x"})
    assert split.of("photo") == ("unused",)
    assert split.queries == ("queries/own",)


def test_a_part_is_not_emptied():
    with pytest.raises(UserError, match="'train' of a split needs one item or more"):
        without_copies(made(), {"train/own": "x", "queries/own": "x"})
