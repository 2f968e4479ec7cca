"""The log of what users send: one line of JSON a request, as a service should write it.

    {"domain": 0, "width": 400, "height": 300, "ink": 0.031, "colourfulness": 0.0}

`domain` is 0 for a sketch and 1 for a photo; `width` and `height` are the picture's, in pixels, as
it was sent; `ink` and `colourfulness` are `pictures.facts.facts_of`'s. Other keys are left alone.
No picture and nothing about a user is in it.
"""

import json
import math
from pathlib import Path

import pyarrow as pa

from sbir_tf.data.facts import FACTS
from sbir_tf.data.validation.regular import regular_file
from sbir_tf.errors import UserError

COLUMNS = ("domain", "width", "height", "ink", "colourfulness")
_SCHEMA = pa.schema([FACTS.field(name) for name in COLUMNS])
_RANGES = {
    "domain": (0, 1),
    "width": (1, 2**31 - 1),
    "height": (1, 2**31 - 1),
    "ink": (0, 1),
    "colourfulness": (0, math.inf),
}


def read_serving_log(file: Path | str) -> pa.Table:
    """The requests of a log.

    Args:
        file: Lines as above; a last line that is being written (without its end) is left out.

    Returns:
        Table of `COLUMNS`.

    Raises:
        UserError: Naming the file, the line and what is wrong with it; or if there is none, or
            it is no regular file.
    """
    file = regular_file(file)
    rows = []
    with file.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip() and line.endswith("\n"):
                rows.append(_row(line, f"{file}, line {number}"))
    if not rows:
        raise UserError(f"{file} holds no request: a service should write one line for each")
    return pa.table({name: [row[name] for row in rows] for name in COLUMNS}, schema=_SCHEMA)


def _row(line: str, place: str) -> dict[str, float]:
    try:
        row = json.loads(line)
        values = {name: row[name] for name in COLUMNS}
    except (ValueError, TypeError, KeyError) as error:
        missing = f" (no {error})" if isinstance(error, KeyError) else ""
        raise UserError(
            f"{place} is not a request{missing}: it is JSON with {', '.join(COLUMNS)}. Received: "
            f"{line.strip()[:80]}"
        ) from None
    for name, value in values.items():
        low, high = _RANGES[name]
        whole = name in ("domain", "width", "height")
        kinds = int if whole else (int, float)
        if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
            kind = "a whole number" if whole else "a number"
            raise UserError(
                f"{place}: {name} must be {kind} from {low} to {high}. Received: {value!r}"
            )
    return values
