"""Filters against what Python says of the same metadata."""

import json
import sqlite3

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.errors import ServingError
from serving.index.fields import index_fields, require_fields
from serving.index.filters import SIGNS, check_where, expression, matching, matching_among


def table_of(metadata):
    table = sqlite3.connect(":memory:")
    table.execute("CREATE TABLE items (row INTEGER PRIMARY KEY, id TEXT, metadata TEXT)")
    texts = [json.dumps(one, ensure_ascii=False) for one in metadata]
    rows = ((row, str(row), text) for row, text in enumerate(texts))
    table.executemany("INSERT INTO items VALUES (?, ?, ?)", rows)
    return table


def kind(value):
    if isinstance(value, bool):
        return bool
    return float if isinstance(value, int | float) else type(value)


def equal(one, other):
    return kind(one) is kind(other) and one == other


def holds(metadata, name, wanted):
    """From the definitions: one field of one item."""
    if name not in metadata:
        return False
    value = metadata[name]
    if isinstance(wanted, dict):
        compare = {
            ">=": lambda bound: value >= bound,
            ">": lambda bound: value > bound,
            "<=": lambda bound: value <= bound,
            "<": lambda bound: value < bound,
        }
        return all(
            kind(value) is kind(bound) and compare[sign](bound) for sign, bound in wanted.items()
        )
    return any(equal(value, one) for one in (wanted if isinstance(wanted, list) else [wanted]))


NUMBERS = st.integers(-3, 3) | st.sampled_from([0.5, -2.0, 1e300, 2**62, 2**70])
TEXTS = st.sampled_from(
    ["", "a", "ab", "Z", "ü", "1", "true", "null", "%", "'", '"', "[1]", "日本"]
)
PLAIN = NUMBERS | TEXTS | st.booleans() | st.none()
NAMES = st.sampled_from(["a", "b", "of two words", "it's", "ü", "a.b", "$", "[0]", "*"])
METADATA = st.dictionaries(NAMES, PLAIN | st.lists(PLAIN, max_size=2), max_size=4)
WANTED = (
    PLAIN
    | st.lists(PLAIN, max_size=4)
    | st.dictionaries(st.sampled_from(SIGNS), NUMBERS | TEXTS, min_size=1, max_size=2)
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(METADATA, max_size=12), st.dictionaries(NAMES, WANTED, max_size=2))
def test_a_filter_selects_what_python_would(metadata, where):
    table = table_of(metadata)
    checked = check_where(where)
    expected = [
        row
        for row, one in enumerate(metadata)
        if all(holds(one, name, wanted) for name, wanted in where.items())
    ]
    assert sorted(matching(table, checked).tolist()) == expected
    some = np.arange(0, len(metadata), 2)
    among = sorted(matching_among(table, checked, some).tolist())
    assert among == [row for row in expected if row % 2 == 0]
    table.close()


MANY = [
    {"brand": f"b{row % 5000}", "price": row / 7, "path": f"photos/of/{row}.png"}
    for row in range(10_000)
]


@pytest.fixture(scope="module")
def indexed():
    table = table_of(MANY)
    index_fields(table)
    yield table
    table.close()


def test_fields_that_are_filtered_by_are_indexed_and_paths_are_not(indexed):
    query = "SELECT sql FROM sqlite_master WHERE type = 'index'"
    made = {sql.partition(" ON items ")[2] for (sql,) in indexed.execute(query)}
    assert made == {f"({expression(name)})" for name in ("brand", "price")}


@pytest.mark.parametrize("where", [{"brand": "b7"}, {"brand": ["b7", "b8"]}, {"price": {"<": 1}}])
def test_a_filter_uses_the_index(indexed, where, monkeypatch):
    plans = []

    class Explained:
        def execute(self, query, values):
            plans.extend(indexed.execute(f"EXPLAIN QUERY PLAN {query}", values).fetchall())
            return indexed.execute(query, values)

    found = matching(Explained(), check_where(where))
    assert len(found) == (2 if where == {"brand": "b7"} else 4 if "brand" in where else 7)
    assert any("USING INDEX items_by_field_" in plan[-1] for plan in plans)


def test_few_items_need_no_index():
    table = table_of(MANY[:9_999])
    index_fields(table)
    assert not table.execute("SELECT 1 FROM sqlite_master WHERE type = 'index'").fetchall()
    table.close()


def test_a_value_is_never_read_as_sql():
    table = table_of([{"brand": "x"}, {"brand": "x' OR 1 --"}])
    assert matching(table, check_where({"brand": "x' OR 1 --"})).tolist() == [1]
    assert matching(table, check_where({"it's') OR 1 --": "x"})).tolist() == []
    table.close()


def test_no_condition_selects_everything():
    table = table_of([{}, {"a": 1}])
    assert sorted(matching(table, check_where({})).tolist()) == [0, 1]
    table.close()


def test_a_field_that_no_item_has_is_refused_by_the_nearest_name():
    filled, empty = table_of([{"brand": "x"}, {"price": 3, "none": None}]), table_of([])
    with pytest.raises(ServingError, match=r"the field 'brnd'\. Did you mean 'brand'\?"):
        require_fields([filled, empty], {"price": 1, "brnd": "x"})
    with pytest.raises(ServingError, match="There are: brand, none, price"):
        require_fields([empty, filled], {"zzz": 1})
    require_fields([filled, empty], {"brand": "nobody's", "none": 1})
    require_fields([empty], {"anything": 1})  # of no items, nothing can be said
    filled.close()
    empty.close()


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("brand = 'x'", "a filter is an object"),
        ({"": 1}, "printable text.*Received: ''"),
        ({7: 1}, "Received: 7"),
        ({'a"b': 1}, "without quotation marks"),
        ({"a\\b": 1}, "without quotation marks"),
        ({"a\nb": 1}, "printable"),
        ({"price": {"=>": 3}}, r"with the signs >= > <= <\. Received: \{'=>': 3\}"),
        ({"price": {}}, r"Received: \{\}"),
        ({"price": {">": None}}, "price > needs a number or text. Received: None"),
        ({"price": {">": True}}, "Received: True"),
        ({"price": {">": [1]}}, r"Received: \[1\]"),
        ({"price": float("nan")}, "a finite number.*Received: nan"),
        ({"price": [1, float("inf")]}, "Received: inf"),
        ({"price": [[1]]}, r"Received: \[1\]"),
        ({"price": b"3"}, "Received: b'3'"),
        ({"brand": "\udc80"}, "brand must be valid UTF-8"),
    ],
)
def test_what_is_no_filter_is_refused(where, message):
    with pytest.raises(ServingError, match=message):
        check_where(where)


def test_numbers_of_numpy_are_numbers():
    assert check_where({"a": np.int64(3), "b": {"<": np.float32(0.5)}}) == {"a": 3, "b": {"<": 0.5}}


def test_fields_that_differ_in_case_alone_are_both_indexed(monkeypatch):
    """SQLite's names do not: an index over each must have a name of its own."""
    monkeypatch.setattr("serving.index.fields._MANY", 10)
    table = table_of([{"Brand": "x", "brand": "y"}] * 1000)
    index_fields(table)
    for name in ("Brand", "brand"):
        query = f"EXPLAIN QUERY PLAN SELECT row FROM items WHERE {expression(name)} = 'x'"
        assert "USING INDEX items_by_field_" in str(table.execute(query).fetchall())


@pytest.mark.parametrize("digits", [400, 5000])
@pytest.mark.parametrize("shape", [lambda n: n, lambda n: [1, n], lambda n: {"<": n}])
def test_an_integer_beyond_every_float_is_refused(digits, shape):
    with pytest.raises(ServingError, match=r"a finite number.*Received: \d+ bits"):
        check_where({"price": shape(10**digits)})
