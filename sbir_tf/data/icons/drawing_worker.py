"""The other half of `hand_drawings`: icons in as JSON on stdin, an array of drawings on stdout."""

from __future__ import annotations

import io
import json
import sys

import numpy as np

from sbir_tf.data.icons.drawn import drawings_of
from sbir_tf.data.icons.hand import Hand


def main() -> None:
    """Answers one request: `{"pairs": [[key, document], ...], "size", "count", "hand"}`."""
    request = json.load(sys.stdin.buffer)
    size, count, hand = request["size"], request["count"], Hand(**request["hand"])
    drawn = [drawings_of(*pair, size, count, hand) for pair in request["pairs"]]
    file = io.BytesIO()
    np.save(file, np.stack(drawn))
    sys.stdout.buffer.write(file.getvalue())


if __name__ == "__main__":
    main()
