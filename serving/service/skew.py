"""What is asked, in numbers: for `sbir data validate --against`. No picture is in it."""

import json
import queue
import threading
from pathlib import Path

import numpy as np

from pictures import examine_picture, facts_of
from serving.service.asking import Found, Query, Strokes
from serving.service.drawing import draw
from serving.service.metrics import Metrics

_WAITING = 64  # queries, at most: logging must never hold a search up
_DOMAINS = ("sketch", "photo")


class SkewLog:
    """Writes a line of JSON for each picture that is searched by.

    `{"domain": 0, "width": 400, "height": 300, "ink": 0.031, "colourfulness": 0.0, "classes":
    ["cat", "dog"]}`: domain 0 is a drawing, `width` to `colourfulness` are of the picture as it
    was sent (strokes: as they are drawn for the encoder), `classes` are those of the answer. A
    thread of its own writes; when more than it can follow is asked, some are left out.

    Args:
        file: lines are added to it.
    """

    def __init__(self, file: Path):
        self._file = file.open("a", encoding="utf-8")
        self._queries: queue.Queue = queue.Queue(_WAITING)
        self._thread = threading.Thread(target=self._run, name="skew log", daemon=True)
        self._thread.start()

    def tell(self, query: Query, found: Found, metrics: Metrics) -> None:
        """Logs a search; leaves it out where too many wait."""
        classes = list(dict.fromkeys(hit.class_name for hit in found.hits if hit.class_name))
        for domain, picture in ((0, query.drawing), (1, query.photo)):
            if picture is None:
                continue
            try:
                self._queries.put_nowait((domain, picture, classes))
            except queue.Full:
                metrics.skew_left_out.inc()

    def close(self) -> None:
        """Writes what waits, and ends."""
        self._queries.put(None)
        self._thread.join()
        self._file.close()

    def _run(self) -> None:
        while (item := self._queries.get()) is not None:
            try:
                self._file.write(line_of(*item))
                self._file.flush()
            except (OSError, ValueError):  # a full disk costs the log, not the service
                continue


def line_of(domain: int, picture: bytes | Strokes, classes: list[str]) -> str:
    """One line of the log."""
    if isinstance(picture, Strokes):
        rgb: np.ndarray = draw(picture)
        facts = facts_of(rgb)
    else:
        facts, _ = examine_picture(picture)
    values = {
        "domain": domain,
        "width": facts.width,
        "height": facts.height,
        "ink": facts.ink,
        "colourfulness": facts.colourfulness,
        "classes": classes,
    }
    return json.dumps(values) + "\n"  # ASCII: a lone surrogate of a class's name is escaped
