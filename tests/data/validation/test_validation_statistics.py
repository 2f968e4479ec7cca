"""TFDV's statistics and comparators, against counts made by hand and by NumPy."""

from collections import Counter

import numpy as np
import pytest

from sbir_tf.data.facts import facts_table
from sbir_tf.data.validation import make_schema, statistics_of, validate
from sbir_tf.data.validation.against_schema import reasons
from sbir_tf.data.validation.bands import colour_bands, ink_bands, shape_bands, size_bands
from sbir_tf.data.validation.comparisons import check_label_drift
from sbir_tf.data.validation.drift import allowance, drifts
from tests.data.validation.made_up_facts import facts, rows


def of_classes(**counts):
    """Sketches of so many of each class."""
    made = [
        row for name, count in counts.items() for row in rows(count, (name,)) if not row["domain"]
    ]
    return facts_table(made)


def numbers_of(statistics, slice_name, feature):
    (dataset,) = (d for d in statistics.datasets if d.name == slice_name)
    (found,) = (f for f in dataset.features if f.path.step == [feature])
    return found.num_stats


def test_every_slice_has_the_numbers_that_numpy_counts():
    made = rows(7)
    for n, row in enumerate(made):
        row |= {"width": 40 + n, "parts": ["train"] if n % 3 else ["queries"]}
    statistics = statistics_of(facts_table(made), sliced=True)
    names = [dataset.name for dataset in statistics.datasets]
    assert names == ["All Examples", "sketches", "photos", "queries", "train"]
    widths = np.array([row["width"] for row in made])
    chosen = {
        "All Examples": np.ones(len(made), bool),
        "photos": np.array([row["domain"] == 1 for row in made]),
        "queries": np.array([row["parts"] == ["queries"] for row in made]),
    }
    for name, keep in chosen.items():
        numbers = numbers_of(statistics, name, "width")
        assert numbers.common_stats.num_non_missing == keep.sum()
        assert (numbers.min, numbers.max) == (widths[keep].min(), widths[keep].max())
        assert numbers.mean == pytest.approx(widths[keep].mean())


def test_what_could_not_be_read_is_missing_and_not_zero():
    unread = {"width": 0, "height": 0, "digest": "", "ink": np.nan, "colourfulness": np.nan}
    statistics = statistics_of(facts(20, **unread, problem="torn"))
    for feature in ("width", "ink"):
        numbers = numbers_of(statistics, "All Examples", feature)
        assert (numbers.common_stats.num_missing, numbers.common_stats.num_non_missing) == (1, 79)
        assert numbers.min > 0


def test_the_largest_difference_of_shares_is_the_one_worked_by_hand():
    # cat is 30 of 40 there and 10 of 40 here: 0.75 - 0.25. Chance: 3 sqrt(.5 .5 (1/40 + 1/40)).
    (drift,) = drifts(of_classes(cat=30, dog=10), of_classes(cat=10, dog=30), ["sketch_class"])
    assert drift.distance == pytest.approx(0.5)
    assert drift.threshold == pytest.approx(0.05 + 3 * 0.05**0.5 / 2)
    assert (drift.value, drift.before, drift.after) == ("cat", 0.75, 0.25)


def test_what_chance_makes_is_no_drift_and_shrinks_with_the_samples():
    assert drifts(of_classes(cat=5, dog=5), of_classes(cat=3, dog=7), ["sketch_class"]) == []
    small, large = (allowance(Counter(a=n, b=n), Counter(a=n, b=n)) for n in (10, 1000))
    assert large == pytest.approx(small / 10)


@pytest.mark.parametrize("seed", range(3))
def test_two_draws_of_one_set_show_no_drift(seed):
    rng = np.random.default_rng(seed)
    draws = (Counter(rng.choice(list("abcdefgh"), 60)) for _ in range(2))
    assert drifts(*(of_classes(**draw) for draw in draws), ["sketch_class"]) == []


def test_more_classes_than_tfdv_usually_ranks_are_compared_all():
    # 1,500 classes of one sketch; then the last one is a third: 500 of 1,500 - 1 of 1,500.
    names = [f"c{n:04}" for n in range(1500)]
    before = of_classes(**dict.fromkeys(names, 1))
    after = of_classes(**dict.fromkeys(names[:1000], 1), c1499=500)
    (drift,) = drifts(before, after, ["sketch_class"])
    assert drift.value == "c1499"
    assert drift.distance == pytest.approx(499 / 1500)


def test_classes_that_are_held_out_on_purpose_are_no_drift():
    made = rows(30, ("cat", "dog", "eel", "fox"))
    for row in made:
        held_out = "gallery" if row["domain"] else "queries"
        row["parts"] = ["train"] if row["class"] in ("cat", "dog") else [held_out]
    assert list(check_label_drift(facts_table(made))) == []


def held_out_of(counts, taken):
    """So many sketches of each class, and how many of them are queries."""
    made = of_classes(**counts).to_pylist()
    for row in made:
        number = int(row["key"].rpartition("/")[2].removesuffix(".png"))
        row["parts"] = ["queries"] if number < taken[row["class"]] else ["train"]
    return facts_table(made)


def test_a_fixed_number_of_each_class_is_no_drift_however_many_a_class_has():
    # In training 490 of 540 are cats, of the queries half: 0.41 apart.
    counts = {"cat": 500, "dog": 60}
    assert list(check_label_drift(held_out_of(counts, {"cat": 10, "dog": 10}))) == []
    (said,) = check_label_drift(held_out_of(counts, {"cat": 1, "dog": 19}))
    assert said.code == "label_drift"
    # Even among those that are there, but two in three classes are not.
    three = held_out_of({"cat": 60, "dog": 60, "eel": 60}, {"cat": 40, "dog": 0, "eel": 0})
    assert [said.code for said in check_label_drift(three)] == ["label_drift"]


def test_bands_hold_the_sizes_that_people_use_well_inside():
    sizes = np.array([64, 128, 224, 256, 300, 512, 0])
    named = size_bands(sizes, sizes // 2).to_pylist()
    assert named == [*["45-91 px", "91-181 px"], *["181-362 px"] * 3, "362-724 px", None]
    assert ink_bands(np.array([0.0, 0.05, 0.99, np.nan])).to_pylist() == [
        *("below 0.1% ink", "3-10% ink", "above 60% ink", None)
    ]
    assert colour_bands(np.array([0.0, 14.9, 15.0, 200])).to_pylist() == [
        *("not colourful", "not colourful", "slightly colourful", "extremely colourful")
    ]
    wide = shape_bands(np.array([400, 300, 200, 0]), np.array([300, 400, 200, 9]))
    assert wide.to_pylist() == ["wide", "tall", "square", None]


@pytest.mark.parametrize(
    ("changes", "feature", "kind", "code"),
    [
        ({"class": "yak"}, "class", "ENUM_TYPE_UNEXPECTED_STRING_VALUES", "class_new"),
        ({"label": 9}, "label", "INT_TYPE_BIG_INT", "label_outside"),
        ({"label": -1}, "label", "INT_TYPE_SMALL_INT", "label_outside"),
        ({"domain": 2}, "domain", "INT_TYPE_BIG_INT", "domain_invalid"),
        ({"domain": -1}, "domain", "INT_TYPE_SMALL_INT", "domain_invalid"),
        ({"bytes": 0}, "bytes", "INT_TYPE_SMALL_INT", "encoding_empty"),
    ],
)
def test_our_words_and_tfdv_agree(changes, feature, kind, code):
    table = facts(**changes)
    assert kind in reasons(table, make_schema(facts()))[feature]
    # "cat" is now "yak", too: in the data, but not among the two classes of the vocabulary.
    report = validate(table, class_names=("cat", "dog <&>"))
    assert code in report.codes
    (said,) = (anomaly for anomaly in report.anomalies if anomaly.code == code)
    assert said.count == 1
    assert said.severity == "error"


def test_tfdv_and_our_words_agree_that_a_class_is_gone():
    whole, less = facts(), facts_table([row for row in rows() if row["class"] == "cat"])
    assert "FEATURE_TYPE_LOW_UNIQUE" in reasons(less, make_schema(whole))["class"]
    three = facts_table(rows(20, ("cat", "dog", "eel")))
    two = facts_table(rows(20, ("cat", "eel")))
    (said,) = validate(two, against=make_schema(three)).anomalies
    assert (said.code, said.items) == ("class_missing", ("dog",))
