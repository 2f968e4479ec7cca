import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbir_tf.data.icons.naming import ClassMap, stem_of, variants_of
from sbir_tf.errors import UserError

words = st.sampled_from(["dog", "alt", "face", "2", "01", "house", "two", "line", "flat"])


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("dog", "dog"),
        ("dog-face", "dog"),
        ("house-02", "house"),
        ("dog-alt-2", "dog"),
        ("sofa-three", "sofa"),
        ("alt", "alt"),
        ("mp3", "mp3"),
        ("2-dogs", "2-dogs"),
    ],
)
def test_numbers_and_alternatives_are_dropped(name, stem):
    assert stem_of(name) == stem


@given(st.lists(words, min_size=1, max_size=5).map("-".join))
def test_a_stem_is_the_start_of_its_name_and_its_own_stem(name):
    assert name.startswith(stem_of(name))
    assert stem_of(stem_of(name)) == stem_of(name)


def test_the_best_style_of_a_drawing_is_chosen():
    names = ["dog-16-regular", "dog-24-regular", "cat-16-regular", "fox-48-light"]
    styles = ["(.+)-24-regular", "(.+)-16-regular"]
    assert variants_of(names, styles) == {"dog": "dog-24-regular", "cat": "cat-16-regular"}


@pytest.mark.parametrize("word", ["filled", "solid", "bold", "duotone", "bulk", "broken", "off"])
def test_filled_and_broken_variants_are_skipped(word):
    assert variants_of(["dog", f"cat-{word}"], ["(.+)"]) == {"dog": "dog"}


def test_words_that_only_hold_a_style_word_are_kept():
    assert variants_of(["office", "solidarity"], ["(.+)"]) == {
        "office": "office",
        "solidarity": "solidarity",
    }


def find(class_map, domain, name, set_name="one"):
    found = class_map.find(domain, set_name, name, name)
    return found and found[0]


def test_synonyms_name_one_class_in_both_domains():
    class_map = ClassMap({"car": {"names": ["car", "automobile"]}})
    assert find(class_map, "sketch", "automobile") == find(class_map, "photo", "car") == "car"
    assert find(class_map, "photo", "cart") is None


def test_a_word_may_mean_another_thing_in_each_domain():
    class_map = ClassMap(
        {
            "computer_mouse": {"names": ["computer-mouse"], "sketches": ["mouse"]},
            "mouse": {"photos": ["mouse"]},
        }
    )
    assert find(class_map, "sketch", "mouse") == "computer_mouse"
    assert find(class_map, "photo", "mouse") == "mouse"


def test_an_excluded_icon_is_in_no_class_unless_another_class_names_it():
    classes = {"football": {"names": ["football"], "exclude": ["one:football"]}}
    assert find(ClassMap(classes), "sketch", "football") is None
    assert find(ClassMap(classes), "sketch", "football", "two") == "football"
    classes["soccer"] = {"names": ["soccer", "one:football"]}
    assert find(ClassMap(classes), "sketch", "football") == "soccer"


def test_the_first_names_of_a_class_rank_first():
    class_map = ClassMap({"car": {"names": ["car", "automobile"]}})
    assert class_map.find("photo", "one", "car", "car") == ("car", 0)
    assert class_map.find("photo", "one", "automobile-2", "automobile-2") == ("car", 1)


def test_two_classes_cannot_claim_one_name():
    with pytest.raises(UserError, match="the name 'cab' to two classes: taxi and car"):
        ClassMap({"taxi": {"names": ["cab"]}, "car": {"names": ["cab"]}})
