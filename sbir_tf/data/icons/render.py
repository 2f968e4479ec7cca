"""Icons as pixels: SVG text in, pictures on white out, at any size and stroke width."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import resvg_py
from PIL import Image

from sbir_tf.data.icons.archive import Icon
from sbir_tf.data.icons.strokes import SVG, XLINK, line_share, restroke

ROOT = Path(__file__).parents[3]
# Below this many icons a second process costs more than it saves.
ENOUGH_FOR_TWO = 600


def no_progress(items: Iterable, description: str = "", total: int | None = None) -> Iterable:
    """The silent progress bar: returns what it is given."""
    return items


def svg(icon: Icon, stroke: float = 1.0) -> str:
    """The icon as a square SVG document, its aspect ratio kept.

    Args:
        icon: what to draw.
        stroke: factor on the width of a sketch's lines; pictures are left as they are.

    Returns:
        SVG text; the drawing is centred on a transparent square, with a margin for wider lines.

    Raises:
        ValueError: if `stroke` is not above 0.
    """
    if not stroke > 0:
        raise ValueError(f"`stroke` must be above 0. Received: stroke={stroke}")
    side, body = max(icon.width, icon.height), icon.body
    margin = 0.0
    if stroke != 1.0 and icon.domain == "sketch":
        line = line_share(icon.set) * side
        body = restroke(body, stroke, line)
        margin = line * max(0.0, stroke - 1) / 2
    left = icon.left - (side - icon.width) / 2 - margin
    top = icon.top - (side - icon.height) / 2 - margin
    side += 2 * margin
    return (
        f'<svg xmlns="{SVG}" xmlns:xlink="{XLINK}" color="black" '
        f'viewBox="{left:g} {top:g} {side:g} {side:g}">{body}</svg>'
    )


def rasterise(document: str, size: int) -> np.ndarray:
    """Renders an SVG document on white: `(size, size, 3)` uint8."""
    png = resvg_py.svg_to_bytes(
        svg_string=document, width=size, height=size, background="#ffffff", skip_system_fonts=True
    )
    with Image.open(io.BytesIO(png)) as picture:
        return np.asarray(picture.convert("RGB"))


def render(icon: Icon, size: int, stroke: float = 1.0) -> np.ndarray:
    """Renders one icon on white.

    Args:
        icon: what to draw.
        size: side of the picture in pixels.
        stroke: factor on the width of a sketch's lines.

    Returns:
        `(size, size, 3)` uint8.

    Raises:
        ValueError: if `size` is below 1 or `stroke` is not above 0.
    """
    if size < 1:
        raise ValueError(f"`size` must be at least 1. Received: size={size}")
    return rasterise(svg(icon, stroke), size)


def render_all(
    icons: Sequence[Icon], size: int, stroke: float = 1.0, progress: Callable = no_progress
) -> np.ndarray:
    """Renders many icons, on all cores.

    The renderer holds Python's lock, so the work is shared with child processes. They are started
    as commands of their own: forking a process that has loaded TensorFlow can hang.

    Args:
        icons: what to draw.
        size: side of the pictures in pixels.
        stroke: factor on the width of the sketches' lines.
        progress: a callable `progress(iterable, description, total)`.

    Returns:
        `(len(icons), size, size, 3)` uint8, in the order of `icons`.
    """
    if size < 1:
        raise ValueError(f"`size` must be at least 1. Received: size={size}")
    pictures = np.empty((len(icons), size, size, 3), np.uint8)
    workers = (os.cpu_count() or 1) if len(icons) >= ENOUGH_FOR_TWO else 1
    documents = [svg(icon, stroke) for icon in icons]
    with ThreadPoolExecutor(max(1, workers - 1)) as threads:
        others = [
            threads.submit(_render_elsewhere, documents[w::workers], size)
            for w in range(1, workers)
        ]
        mine = range(0, len(icons), workers)
        for i in progress(mine, "rendering icons", len(mine)):
            pictures[i] = rasterise(documents[i], size)
    for w, other in enumerate(others, start=1):
        pictures[w::workers] = other.result()
    return pictures


def _render_elsewhere(documents: list[str], size: int) -> np.ndarray:
    request = json.dumps({"documents": documents, "size": size}).encode()
    answer = subprocess.run(
        [sys.executable, "-m", "sbir_tf.data.icons.worker"],
        input=request,
        stdout=subprocess.PIPE,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
    )
    return np.frombuffer(answer.stdout, np.uint8).reshape(len(documents), size, size, 3)
