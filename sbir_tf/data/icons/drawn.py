"""Many drawings by hand, on all cores."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

import numpy as np

from sbir_tf.data.icons.archive import Icon
from sbir_tf.data.icons.hand import Hand, draw_by_hand, generator_of
from sbir_tf.data.icons.render import ROOT, no_progress, rasterise, svg
from sbir_tf.data.icons.tracing import centre_lines

_TRACED = 160  # pixels of the side that lines are traced at
_ENOUGH_FOR_TWO = 60


def hand_drawings(
    icons: Sequence[Icon],
    size: int,
    count: int,
    hand: Hand | None = None,
    progress: Callable = no_progress,
) -> np.ndarray:
    """Drawings of line icons by hand; what each is depends on its icon and its number alone.

    Args:
        icons: Sketches.
        size: Side of the pictures, pixels.
        count: Drawings of each icon.
        hand: How far the hand goes astray.
        progress: A callable `progress(iterable, description, total)`.

    Returns:
        (len(icons), count, size, size) uint8, black lines on white.

    Raises:
        ValueError: If `size` or `count` is below 1.
    """
    if size < 1 or count < 1:
        raise ValueError(f"`size` and `count` must be at least 1. Received: {size}, {count}")
    hand = hand or Hand()
    pairs = [(icon.key, svg(icon)) for icon in icons]
    workers = (os.cpu_count() or 1) if len(icons) >= _ENOUGH_FOR_TWO else 1
    drawings = np.empty((len(icons), count, size, size), np.uint8)
    with ThreadPoolExecutor(max(1, workers - 1)) as threads:
        others = [
            threads.submit(_drawn_elsewhere, pairs[w::workers], size, count, hand)
            for w in range(1, workers)
        ]
        mine = range(0, len(icons), workers)
        for i in progress(mine, "drawing icons by hand", len(mine)):
            drawings[i] = drawings_of(*pairs[i], size, count, hand)
    for w, other in enumerate(others, start=1):
        drawings[w::workers] = other.result()
    return drawings


def drawings_of(key: str, document: str, size: int, count: int, hand: Hand) -> np.ndarray:
    """(count, size, size) uint8: the drawings of one icon."""
    lines = centre_lines(rasterise(document, _TRACED))
    return np.stack(
        [draw_by_hand(lines, size, hand, generator_of(key, number)) for number in range(count)]
    )


def _drawn_elsewhere(pairs: list[tuple[str, str]], size: int, count: int, hand: Hand) -> np.ndarray:
    request = json.dumps({"pairs": pairs, "size": size, "count": count, "hand": asdict(hand)})
    answer = subprocess.run(
        [sys.executable, "-m", "sbir_tf.data.icons.drawing_worker"],
        input=request.encode(),
        stdout=subprocess.PIPE,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
    )
    return np.load(io.BytesIO(answer.stdout), allow_pickle=False)
