"""The checks that TFDV cannot make, on tables that are spoilt row by row."""

import numpy as np
import pytest

from sbir_tf.data.facts import facts_table
from sbir_tf.data.splits import Split
from sbir_tf.data.splits.leaks import Leak
from sbir_tf.data.validation import validate
from sbir_tf.data.validation.copies import check_copies
from sbir_tf.errors import UserError
from tests.data.validation.made_up_facts import facts, rows


def only(table, **options):
    """The one anomaly of a table."""
    (said,) = validate(table, **options).anomalies
    return said


@pytest.mark.parametrize(
    ("changes", "code", "severity"),
    [
        ({"ink": 0.0009}, "sketch_blank", "warning"),
        ({"ink": 0.601}, "sketch_inverted", "warning"),
        ({"colourfulness": 15.0}, "photo_among_sketches", "warning"),
        ({"label": 1}, "label_disagrees", "error"),
        ({"key": "sketch/cat/1.png"}, "key_repeated", "error"),
        ({"digest": "sketch cat 1"}, "duplicate", "warning"),
        ({"digest": "sketch dog <&> 1"}, "same_content_two_classes", "warning"),
        ({"digest": "photo dog <&> 1"}, "same_content_both_domains", "warning"),
        ({"problem": "torn"}, "unreadable", "error"),
        ({"problem": "damaged record: s, offset 7: altered"}, "record_damaged", "error"),
    ],
)
def test_one_wrong_row_is_one_anomaly(changes, code, severity):
    said = only(facts(**changes))
    assert (said.code, said.severity, said.count) == (code, severity, 1)
    assert said.items


@pytest.mark.parametrize(
    "changes", [{"ink": 0.001}, {"ink": 0.6}, {"colourfulness": 14.9}, {"digest": ""}]
)
def test_a_row_at_the_limit_is_sound(changes):
    assert validate(facts(**changes)).codes == ()


def test_empty_digests_are_no_copies_of_each_other():
    made = rows()
    for row in made[:5]:
        row |= {"problem": "torn", "digest": "", "ink": np.nan, "colourfulness": np.nan}
    said = only(facts_table(made))
    assert (said.code, said.count) == ("unreadable", 5)


def test_a_whole_set_drawn_in_blue_is_no_set_of_photos():
    made = rows()
    for row in made:
        row["colourfulness"] = 60.0
    assert validate(facts_table(made)).codes == ()
    made[0]["colourfulness"] = 125.0
    assert only(facts_table(made)).code == "photo_among_sketches"


@pytest.mark.parametrize(("ink", "codes"), [(0.09, ()), (0.4, ("domains_swapped",))])
def test_grey_photos_and_sketches_on_brown_paper_are_not_swapped(ink, codes):
    made = rows()
    for row in made:
        row["colourfulness"] = 0.0 if row["domain"] else 25.0
        row["ink"] = 0.3 if row["domain"] else ink
    assert validate(facts_table(made)).codes == codes


def test_most_sketches_wrong_is_an_error_and_one_a_warning():
    made = rows()
    for row in made:
        row["ink"] = 0.9
    said = only(facts_table(made))
    assert (said.code, said.severity, said.count) == ("sketch_inverted", "error", 40)
    assert len(said.items) == 10
    assert "37 more" in said.message


def split_of(made, seen=False):
    parts = {"train": [], "queries": [], "gallery": []}
    for n, row in enumerate(made):
        held_out = "gallery" if row["domain"] else "queries"
        parts["train" if n % 2 else held_out].append(row["key"])
        if seen and row["domain"] and n % 2:
            parts["gallery"].append(row["key"])
    protocol = "supervised" if seen else "held-out-photos"
    kept = {part: tuple(keys) for part, keys in parts.items()}
    return Split("made", protocol, "", kept, gallery_seen=seen)


def test_a_copy_in_a_part_that_may_not_share_is_a_leak():
    made = rows()
    split = split_of(made)
    made[0]["digest"] = made[1]["digest"]  # row 0 is a query, row 1 is trained on
    report = validate(facts_table(made), split=split)
    assert report.codes == ("duplicate_across_parts", "duplicate")
    assert not report.ok
    assert "train and queries" in report.anomalies[0].message


def test_of_many_leaks_only_those_that_are_shown_are_put_into_words(monkeypatch):
    made, put = rows(), []
    split = split_of(made)
    for row in made:
        row["digest"] = "all alike"
    words = Leak.__str__
    monkeypatch.setattr(Leak, "__str__", lambda leak: put.append(leak) or words(leak))
    told = {said.code: said for said in check_copies(facts_table(made), split)}
    said = told["duplicate_across_parts"]
    assert len(put) == len(said.items) + 1 == 11
    assert said.count > 30


def test_a_gallery_that_is_trained_on_as_its_split_says_is_sound():
    made = rows()
    assert validate(facts_table(made), split=split_of(made, seen=True)).codes == ()


def test_a_split_of_other_pictures_is_told_both_ways():
    made = rows()
    split = split_of(made)
    made[0]["key"] = "sketch/cat/new.png"
    report = validate(facts_table(made), split=split)
    assert report.codes == ("split_missing", "split_new")
    assert report.anomalies[0].items == ("sketch/cat/0.png",)


def test_sketches_whose_class_the_gallery_lacks_are_told():
    made = rows()
    for n, row in enumerate(made):
        if row["domain"] and row["class"] == "cat":
            row["parts"] = ["train"]
        else:
            row["parts"] = ["train"] if n % 2 else ["gallery" if row["domain"] else "queries"]
    codes = validate(facts_table(made)).codes
    assert "query_without_answer" in codes


def test_a_table_without_rows_or_columns_is_refused():
    with pytest.raises(UserError, match="0 rows"):
        validate(facts().slice(0, 0))
    with pytest.raises(UserError, match="no ink"):
        validate(facts().drop(["ink"]))


def test_the_report_is_the_same_as_text_and_as_json():
    report = validate(facts(domain=2))
    values = report.to_json()
    assert values["ok"] is False
    assert values["errors"] == 1
    assert values["facts"]["sketches"] == 39
    (said,) = values["anomalies"]
    assert f"error: {said['message']} [domain_invalid]" in str(report)
    assert "1 error" in report.headline()
