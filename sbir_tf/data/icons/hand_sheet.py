"""A sheet that shows the imitated hand beside drawings from the page.

python -m sbir_tf.data.icons.hand_sheet docs/hand.png
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from sbir_tf.data.icons.archive import load_icons
from sbir_tf.data.icons.drawn import hand_drawings
from sbir_tf.data.icons.hand import Hand, draw_by_hand
from sbir_tf.data.icons.render import ROOT, render
from sbir_tf.files import written_aside

DRAWN = ROOT / "tests" / "serving" / "page" / "hand_drawn.json"
SIDE, ROWS, COLUMNS = 112, 7, 8
STILL = Hand(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (0.86, 0.86), 0.02, 0.02)


def sheet() -> np.ndarray:
    """The sheet, uint8 grey."""
    sketches = [icon for icon in load_icons() if icon.domain == "sketch"]
    chosen = [sketches[len(sketches) * (2 * row + 1) // (2 * ROWS)] for row in range(ROWS)]
    drawings = hand_drawings(chosen, SIDE, COLUMNS - 1)
    rows = [
        np.concatenate([render(icon, SIDE)[..., 0], *several], axis=1)
        for icon, several in zip(chosen, drawings, strict=True)
    ]
    return np.concatenate(rows + rows_from_the_page())


def rows_from_the_page() -> list[np.ndarray]:
    """The drawings that were made on the page, some in a row."""
    known = json.loads(DRAWN.read_text())
    tiles = [from_the_page(drawing) for drawing in known.values()]
    return [
        np.concatenate(tiles[at : at + COLUMNS], axis=1)
        for at in range(0, len(tiles) - COLUMNS + 1, COLUMNS)
    ]


def from_the_page(drawing: dict) -> np.ndarray:
    """A drawing of the page as a picture."""
    side = max(drawing["width"], drawing["height"])
    lines = [np.array(line["points"], np.float64) / side for line in drawing["lines"]]
    return draw_by_hand(lines, SIDE, STILL, np.random.default_rng(0))


def main() -> None:
    """Writes the sheet."""
    with written_aside(Path(sys.argv[1])) as aside, aside.open("wb") as file:
        Image.fromarray(sheet()).save(file, "PNG", optimize=True)


if __name__ == "__main__":
    main()
