"""Typed text for the leaves of nested dataclasses: `key=value`, and back from JSON."""

import dataclasses
import difflib
import math
import types
import typing
from collections.abc import Sequence
from typing import Literal

from sbir_tf.errors import UserError, nearest


def flat(values: dict, prefix: str = "") -> list[tuple[str, object]]:
    """Nested values as (dotted key, value), in order."""
    pairs = []
    for key, value in values.items():
        nested = isinstance(value, dict)
        pairs += flat(value, f"{prefix}{key}.") if nested else [(prefix + key, value)]
    return pairs


def replace(config, key: str, text: str, inside: str = "", known: Sequence[str] = ()):
    """The configuration with the leaf at dotted `key` read from `text`.

    `inside` is the dotted name of the group that `config` is, with a dot behind it; `known` are
    the names of all leaves, of the whole configuration.
    """
    head, _, rest = key.partition(".")
    fields, whole = typing.get_type_hints(type(config)), inside + key
    known = known or leaves(type(config))
    if head not in fields:
        raise UserError(f"There is no key {whole!r}{nearest(whole, known)}")
    current = getattr(config, head)
    if dataclasses.is_dataclass(current):
        if not rest:
            inner = ", ".join(f"{whole}.{name}" for name in leaves(type(current)))
            raise UserError(f"{whole!r} is a group, not a value: set one of {inner}")
        value = replace(current, rest, text, f"{inside}{head}.", known)
    elif rest:
        raise UserError(f"There is no key {whole!r}{nearest(whole, known)}")
    else:
        value = parse(fields[head], text, whole)
    return dataclasses.replace(config, **{head: value})


def parse(kind, text: str, key: str):
    """A value of type `kind` from the text after `key=`."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        if text.lower() in ("none", "null"):
            return None
        return parse(next(a for a in arguments if a is not type(None)), text, key)
    if origin is Literal:
        if text not in arguments:
            known = ", ".join(arguments)
            close = difflib.get_close_matches(text, arguments, n=1, cutoff=0.4)
            cure = f" Did you mean {close[0]!r}?" if close else ""
            raise UserError(f"{key} is one of {known}.{cure} Received: {text!r}")
        return text
    if origin is tuple:
        return _tuple_of(arguments, text, key)
    if kind is bool:
        if text.lower() not in ("true", "false"):
            raise UserError(f"{key} is true or false. Received: {text!r}")
        return text.lower() == "true"
    try:
        value = kind(text)
    except ValueError:
        raise UserError(f"{key} is of type {kind.__name__}. Received: {text!r}") from None
    if kind is float and not math.isfinite(value):
        raise UserError(f"{key} is a finite number. Received: {text!r}")
    return value


def _tuple_of(kinds, text: str, key: str) -> tuple:
    """Of `tuple[X, ...]`, or of `tuple[X, Y]`, whose count is fixed; brackets may be left out."""
    parts = comma_separated(text)
    if kinds[-1] is Ellipsis:
        kinds = kinds[:1] * len(parts)
    if len(parts) != len(kinds):
        count = f"{len(kinds)} values, separated by commas"
        raise UserError(f"{key} is of {count}. Received: {text!r}")
    return tuple(parse(kind, part, key) for kind, part in zip(kinds, parts, strict=True))


def comma_separated(text: str) -> list[str]:
    """The parts between the commas that stand in no brackets but the outermost."""
    text, parts, depth = _unwrapped(text.strip()), [""], 0
    for letter in text:
        depth += (letter in "([") - (letter in ")]")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


def _unwrapped(text: str) -> str:
    """Without the brackets around all of it."""
    depth = 0
    for place, letter in enumerate(text):
        depth += (letter in "([") - (letter in ")]")
        if depth == 0:
            return text[1:-1] if place and place == len(text) - 1 else text
    return text


def leaves(kind) -> list[str]:
    """The dotted names of all values in a configuration class."""
    names = []
    for name, inner in typing.get_type_hints(kind).items():
        inside = leaves(inner) if dataclasses.is_dataclass(inner) else [""]
        names += [f"{name}.{leaf}".rstrip(".") for leaf in inside]
    return names


def from_json(kind, values: dict):
    """An instance of a configuration class from the values that `dataclasses.asdict` gave."""
    hints = typing.get_type_hints(kind)
    return kind(**{name: _value(hints[name], value) for name, value in values.items()})


def _value(kind, value):
    if dataclasses.is_dataclass(kind):
        return from_json(kind, value)
    return tuple(_value(None, each) for each in value) if isinstance(value, list) else value
