"""The other half of `render_all`: SVG documents in on stdin, raw pixels out on stdout."""

from __future__ import annotations

import json
import sys

from sbir_tf.data.icons.render import rasterise


def main() -> None:
    """Answers one request: `{"documents": [...], "size": n}`."""
    request = json.load(sys.stdin.buffer)
    for document in request["documents"]:
        sys.stdout.buffer.write(rasterise(document, request["size"]).tobytes())


if __name__ == "__main__":
    main()
