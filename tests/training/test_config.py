import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbir_tf.errors import UserError
from training.config import config_from_json, config_names, load_config
from training.overrides import leaves, parse


def test_the_named_configurations_load_under_their_own_names():
    assert {"icons_quick", "icons_tiny"} <= set(config_names())
    for name in config_names():
        assert load_config(name).name == name


@pytest.mark.parametrize("name", config_names())
def test_a_configuration_survives_json(name):
    config = load_config(name)
    assert config_from_json(json.loads(json.dumps(config.to_json()))) == config


@pytest.mark.parametrize("name", config_names())
def test_a_configuration_has_a_lab_note(name):
    import importlib

    assert "sbir train " + name in importlib.import_module(f"training.configs.{name}").__doc__


def test_set_changes_one_leaf_and_nothing_else():
    before = load_config("icons_tiny")
    after = load_config("icons_tiny", ["loss.margin=2.5"])
    assert after.loss.margin == 2.5
    restored = dataclasses.replace(after, loss=dataclasses.replace(after.loss, margin=None))
    assert restored == before


@pytest.mark.parametrize(
    ("override", "key", "value"),
    [
        ("steps=700", "steps", 700),
        ("optimizer.clip_norm=none", "optimizer.clip_norm", None),
        ("optimizer.clip_norm=2", "optimizer.clip_norm", 2.0),
        ("data.strokes=0.5,2", "data.strokes", (0.5, 2.0)),
        ("data.train_on=train", "data.train_on", ("train",)),
        ("data.sketch.zoom=0.5,1.5", "data.sketch.zoom", (0.5, 1.5)),
        ("data.photo.flip=false", "data.photo.flip", False),
        ("network.gate=none", "network.gate", None),
    ],
)
def test_a_value_takes_the_type_of_its_key(override, key, value):
    config = load_config("icons_tiny", [override])
    for part in key.split("."):
        config = getattr(config, part)
    assert config == value
    assert type(config) is type(value)


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["stepz=7"], "no key 'stepz'. Did you mean 'steps'?"),
        (["loss.margn=7"], "no key 'margn'|Did you mean 'loss.margin'"),
        (["loss=7"], "'loss' is a group"),
        (["steps.more=7"], "no key"),
        (["steps=many"], "steps is of type int. Received: 'many'"),
        (["loss.name=mens"], "Did you mean 'mems'.*Received: 'mens'"),
        (["data.photo.flip=maybe"], "true or false"),
        (["steps"], "key=value"),
    ],
)
def test_a_wrong_override_names_the_key_and_the_nearest(overrides, said):
    with pytest.raises(UserError, match=said):
        load_config("icons_tiny", overrides)


def test_an_unknown_configuration_names_the_nearest():
    with pytest.raises(UserError, match=r"'icon_tiny'\. Did you mean 'icons_tiny'"):
        load_config("icon_tiny")


@given(st.text(max_size=40))
def test_no_text_after_set_does_anything_but_set_or_say_why(text):
    try:
        load_config("icons_tiny", [text])
    except UserError as error:
        assert "\n" not in str(error).replace(text, "")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_comes_back_from_its_text(value):
    assert parse(float, repr(value), "key") == value


def test_the_leaves_are_dotted():
    from training.config import Config

    assert {"steps", "loss.margin", "data.sketch.zoom"} <= set(leaves(Config))
