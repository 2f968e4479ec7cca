"""`--set` reaches every leaf of a configuration, whatever its type."""

import dataclasses
import json
import types
import typing
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbir_tf.errors import UserError
from training.config import Config, config_from_json, load_config
from training.overrides import comma_separated, flat, leaves, parse, replace

START = load_config("icons_tiny")
WORDS = st.text("abcxyz_./0123456789", min_size=1, max_size=12).filter(lambda t: t != "none")


def type_of(leaf):
    kind = Config
    for name in leaf.split("."):
        kind = typing.get_type_hints(kind)[name]
    return kind


def values(kind):
    """A strategy of values of a leaf's type."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return st.one_of(*map(values, arguments))
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin is tuple and arguments[-1] is Ellipsis:
        return st.lists(values(arguments[0]), max_size=4).map(tuple)
    if origin is tuple:
        return st.tuples(*map(values, arguments))
    floats = st.floats(allow_nan=False, allow_infinity=False)
    simple = {int: st.integers(), float: floats, bool: st.booleans(), str: WORDS}
    return st.none() if kind is type(None) else simple[kind]


def typed(value):
    """The value as it stands behind `key=`."""
    return f"({', '.join(map(typed, value))})" if isinstance(value, tuple) else str(value)


def value_at(config, leaf):
    return dict(flat(config.to_json()))[leaf]


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_every_leaf_takes_every_value_of_its_type_and_changes_nothing_else(data):
    leaf = data.draw(st.sampled_from(leaves(Config)))
    value = data.draw(values(type_of(leaf)))
    changed = replace(START, leaf, typed(value))
    assert value_at(changed, leaf) == value
    assert type(value_at(changed, leaf)) is type(value)
    others = [dict(flat(config.to_json())) for config in (START, changed)]
    assert {key: of for key, of in others[0].items() if key != leaf} == {
        key: of for key, of in others[1].items() if key != leaf
    }
    assert config_from_json(json.loads(json.dumps(changed.to_json()))) == changed


@pytest.mark.parametrize("leaf", leaves(Config))
def test_a_letter_too_few_names_a_key_that_there_is(leaf):
    with pytest.raises(UserError, match="Did you mean") as error:
        replace(START, leaf[:-1] + "~", "1")
    assert any(repr(known) in str(error.value) for known in leaves(Config))


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (tuple[tuple[int, ...], ...], "((1, 2), (3,), ())", ((1, 2), (3,), ())),
        (tuple[tuple[int, ...], ...], "(1, 2), (3,)", ((1, 2), (3,))),
        (tuple[tuple[float, float], ...], "[[0.5, 1], [2, 3]]", ((0.5, 1.0), (2.0, 3.0))),
        (tuple[int, ...] | None, "None", None),
        (tuple[int, ...], "", ()),
        (tuple[str, ...], "train, validation", ("train", "validation")),
    ],
)
def test_brackets_may_nest_and_the_outermost_may_be_left_out(kind, text, value):
    assert parse(kind, text, "key") == value


def test_commas_in_brackets_do_not_separate():
    assert comma_separated("(1, 2), [3, 4]") == ["(1, 2)", "[3, 4]"]
    assert comma_separated("((1, 2))") == ["(1, 2)"]


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("data.sketch.zoom=0.5", r"data.sketch.zoom is of 2 values, separated by commas"),
        ("data.sketch.zoom=1,2,3", r"is of 2 values, .*Received: '1,2,3'"),
        ("loss.margin=nan", r"loss.margin is a finite number. Received: 'nan'"),
        ("optimizer.learning_rate=inf", r"is a finite number. Received: 'inf'"),
        ("network.gate_stages=1,two", r"network.gate_stages is of type int. Received: 'two'"),
        ("validation.share=2", r"validation.share must be above 0, at most 1"),
        ("validation.patience=3", r"none unless best_metric=val_map"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(override, said):
    with pytest.raises(UserError, match=said):
        load_config("icons_tiny", [override])


def test_no_leaf_is_of_a_type_that_has_no_text():
    for leaf in leaves(Config):
        assert not dataclasses.is_dataclass(type_of(leaf)), leaf
        values(type_of(leaf))
