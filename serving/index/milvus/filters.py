"""Filters over metadata, as Milvus's expressions over a JSON field: they select what SQL does."""

import json
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from serving.errors import ServingError

_FIELD = "metadata"
_LARGEST = 2**63  # integers from there are none to the engine


def expression(where: Mapping[str, Any]) -> str:
    """A filter as Milvus wants it; "" for none.

    Args:
        where: `{"brand": "x", "price": {">=": 3, "<": 9}, "class": ["cat", "dog"]}`, checked.

    Raises:
        ServingError: a null, which Milvus has no word for.
    """
    return " and ".join(_condition(name, value) for name, value in where.items())


def has_field(name: str) -> str:
    """The expression of having a field."""
    return f"exists {_of(name)}"


def any_of(field: str, values: Iterable[Any]) -> str:
    """The expression of having one of some values; in a list of Milvus's all have one type."""
    kinds = groupby(sorted(map(_known, values), key=_kind), _kind)
    lists = [", ".join(literal(value) for value in some) for _, some in kinds]
    return " or ".join(f"{field} in [{some}]" for some in lists) or f"{field} in []"


def literal(value: Any) -> str:
    """A value as it is written in an expression."""
    return json.dumps(value, ensure_ascii=False)


def _of(name: str) -> str:
    return f"{_FIELD}[{literal(name)}]"


def _condition(name: str, wanted: Any) -> str:
    field = _of(name)
    if isinstance(wanted, Mapping):
        bounds = ((sign, literal(_known(bound))) for sign, bound in wanted.items())
        return " and ".join(f"{field} {sign} {bound}" for sign, bound in bounds)
    values = wanted if isinstance(wanted, list) else [wanted]
    if any(value is None for value in values):
        cure = "Keep a value of your own for it, such as false"
        raise ServingError(f"Milvus cannot look for null in {name!r}. {cure}")
    return f"({any_of(field, values)})"


def _known(value: Any) -> Any:
    return float(value) if isinstance(value, int) and abs(value) >= _LARGEST else value


def _kind(value: Any) -> str:
    return type(value).__name__
