"""How many values an error message shows."""

import numpy as np

_NAMED = 5  # rows or labels in a message


def first_few(values: np.ndarray) -> str:
    """The first few, for messages."""
    more = ", ..." if len(values) > _NAMED else ""
    return ", ".join(str(value) for value in values[:_NAMED].tolist()) + more
