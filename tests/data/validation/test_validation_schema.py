"""The schema as a file that a team commits and edits."""

import pytest

from sbir_tf.data.facts import facts_table
from sbir_tf.data.validation import make_schema, read_schema, validate, write_schema
from sbir_tf.errors import UserError
from tests.data.validation.made_up_facts import CLASSES, facts, rows


def test_a_schema_comes_back_as_it_was_and_the_same_bytes_are_written_twice(tmp_path):
    schema = make_schema(facts())
    first = write_schema(schema, tmp_path / "new" / "schema.pbtxt").read_bytes()
    assert read_schema(tmp_path / "new" / "schema.pbtxt") == schema
    assert write_schema(schema, tmp_path / "again.pbtxt").read_bytes() == first
    assert b'value: "dog <&>"' in first
    assert sorted(p.name for p in tmp_path.iterdir()) == ["again.pbtxt", "new"]


def test_the_data_that_a_schema_was_made_of_is_sound_against_it():
    assert validate(facts(), against=make_schema(facts())).codes == ()


def test_the_vocabulary_may_be_larger_than_what_is_there():
    schema = make_schema(facts(), class_names=(*CLASSES, "eel"))
    (said,) = validate(facts(), against=schema).anomalies
    assert (said.code, said.items) == ("class_missing", ("eel",))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("feature { nmae: 'class' }", "is not a schema"),
        ("feature { name: 'age' type: INT }", "no class, domain, label"),
    ],
)
def test_another_file_is_refused_with_the_cure(tmp_path, text, said):
    file = tmp_path / "schema.pbtxt"
    file.write_text(text)
    with pytest.raises(UserError, match=said) as refusal:
        read_schema(file)
    assert "--write-schema" in str(refusal.value)


def test_a_threshold_that_was_edited_is_kept_to(tmp_path):
    """And chance is still allowed for: the two are added."""
    before, after = facts_table(rows(80)), facts_table([r for r in rows(80) if not spare(r)])
    # Sketches: 80 and 80 before, 80 and 10 after: 80 / 90 - 0.5 = 0.39. Chance, p = 160 / 250:
    # 3 sqrt(0.64 0.36 (1/160 + 1/90)) = 0.19.
    schema = make_schema(before)
    assert validate(marked(after, before), against=schema).codes == ("label_drift",)
    for feature in schema.feature:
        if feature.name == "sketch_class":
            feature.drift_comparator.infinity_norm.threshold = 0.3
    assert validate(marked(after, before), against=schema).codes == ()


def spare(row):
    return row["domain"] == 0 and row["label"] == 1 and row["bytes"] >= 910


def marked(after, before):
    """`before` as what is trained on, `after` as what is held out, in one table."""
    trained = before.to_pylist()
    held_out = [row | {"parts": ["queries"]} for row in after.to_pylist() if row["domain"] == 0]
    for row in held_out:
        row |= {"key": "q" + row["key"], "digest": "q" + row["digest"]}
    return facts_table(trained + held_out)


def test_a_rule_that_somebody_added_is_told_in_tfdvs_words():
    schema = make_schema(facts())
    next(f for f in schema.feature if f.name == "width").int_domain.min = 70
    (said,) = validate(facts(), against=schema).anomalies
    assert said.code == "schema_rule"
    assert "width" in said.message
    assert "60" in said.message


def test_a_feature_that_somebody_left_out_is_not_looked_at():
    schema = make_schema(facts())
    kept = [feature for feature in schema.feature if feature.name != "bytes"]
    del schema.feature[:]
    schema.feature.extend(kept)
    assert validate(facts(), against=schema).codes == ()


def test_a_schema_that_may_not_be_read_is_named(tmp_path, monkeypatch):
    file = write_schema(make_schema(facts()), tmp_path / "schema.pbtxt")

    def read_text(self, *_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.read_text", read_text)
    with pytest.raises(UserError, match=r"schema.pbtxt cannot be read: Permission denied"):
        read_schema(file)
