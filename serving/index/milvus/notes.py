"""What an index keeps beside its items: one row, under an id that no item can have."""

import json
from typing import Any

import numpy as np

from serving.errors import ServingError
from serving.index.milvus.engine import Engine
from serving.index.milvus.filters import literal
from serving.index.milvus.rows import to_rows
from serving.index.validate import dump_facts

_LONGEST = 65_535  # bytes of text that the engine takes
NOTES = "\n"  # before all ids: these hold no control characters


def read_notes(engine: Engine) -> dict[str, Any]:
    """The facts and the number of the generation.

    Raises:
        ServingError: they are not there.
    """
    rows = engine.call(
        "query", f"id == {literal(NOTES)}", output_fields=["note"], consistency_level="Strong"
    )
    if not rows:
        cure = "Copy the index to another place, or build it again"
        raise ServingError(f"{engine.address.place}: the row of its notes is lost. {cure}")
    return json.loads(rows[0]["note"])


def write_notes(engine: Engine, about: dict[str, Any], notes: dict[str, Any]) -> None:
    """Replaces them, durably.

    Raises:
        ServingError: they are not plain values, or too many.
    """
    text = dump_facts(notes)
    if len(text) > _LONGEST:
        raise ServingError(f"facts have {_LONGEST} bytes at most. Received: {len(text)} bytes")
    width, kind = about["dimension"], np.float32
    if about["metric"] == "hamming":
        width, kind = width // 8, np.uint8
    rows = to_rows(about["metric"], [NOTES], np.zeros((1, width), kind), ["{}"], text)
    engine.call("upsert", rows)
