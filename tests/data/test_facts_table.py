import math

import pytest

from sbir_tf.data.facts import FACTS, facts_table

ROW = {"key": "photos/cat/1.jpg", "class": "cat", "label": 0, "domain": 1}


def test_a_row_without_facts_is_a_picture_that_was_not_read():
    (row,) = facts_table([{**ROW, "problem": "no such file"}]).to_pylist()
    assert math.isnan(row.pop("ink"))
    assert math.isnan(row.pop("colourfulness"))
    unread = {"width": 0, "height": 0, "bytes": 0, "digest": "", "parts": [], "instance": ""}
    assert row == {**ROW, **unread, "problem": "no such file"}


def test_no_rows_make_a_table_of_the_same_columns():
    assert facts_table([]).schema == FACTS


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({**ROW, "clas": "cat"}, r"unknown \['clas'\]"),
        ({"key": "a"}, r"missing \['class', 'domain', 'label'\]"),
    ],
)
def test_a_row_of_another_shape_is_refused(row, said):
    with pytest.raises(ValueError, match=said):
        facts_table([row])
