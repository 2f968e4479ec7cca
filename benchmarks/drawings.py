"""What an encoder finds for the two dozen drawings that were made on the page; draws a sheet.

    python -m benchmarks.drawings saved_models/icons [--to docs/drawn.png]

The gallery is the colour icons of the designers that nobody trained on. The drawings are the
polylines in tests/serving/page/hand_drawn.json, one a class.
"""

import argparse
import json
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from sbir_tf.data.icons import load_icons, render_all, styles
from serving.encoders import ModelFolder, load_encoder
from serving.files import write_atomically
from serving.http.asked import strokes_of
from serving.service.drawing import draw
from serving.sheet.png import draw_sheet
from serving.sheet.rows import Cell, Row

DRAWN = Path("tests/serving/page/hand_drawn.json")
K, SHOWN, SIDE = 10, 5, 112


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--to", type=Path, help="write the sheet, a PNG")
    options = parser.parse_args()
    rows = answers(options.model)
    found = {k: sum(any(cell.hit for cell in row.answers[:k]) for row in rows) for k in (1, K)}
    missed = [row.query.title for row in rows if not row.hits]
    print(f"of {len(rows)} drawings {found[1]} find their thing at the first place, "
          f"{found[K]} among the first {K}; not: {', '.join(missed) or 'none'}")  # fmt: skip
    if options.to:
        write_atomically(options.to, sheet(rows))


def answers(model: Path) -> list[Row]:
    """A row a drawing, with the K nearest of the held-out designers' pictures."""
    encoder = load_encoder(model)
    test = set(styles(load_icons()).test)
    icons = [icon for icon in load_icons() if icon.key in test and icon.domain == "photo"]
    pictures = render_all(icons, SIDE)
    gallery = encoder.encode(list(render_all(icons, ModelFolder.open(model).image_size)), "photo")
    rows = []
    for name, drawing in json.loads(DRAWN.read_text()).items():
        sketch = draw(strokes_of(drawing))
        distances = ((encoder.encode([sketch], "sketch") - gallery) ** 2).sum(axis=1)
        cells = [
            Cell(pictures[at], icons[at].class_name.replace("_", " "), f"{distances[at]:.3g}",
                 hit=icons[at].class_name == name)
            for at in np.argsort(distances, kind="stable")[:K]
        ]  # fmt: skip
        shown = sketch if sketch.ndim == 3 else np.repeat(sketch[..., None], 3, axis=2)
        rows.append(Row(Cell(shown, name.replace("_", " "), "drawn"), tuple(cells), judged=True))
    return rows


def sheet(rows: list[Row]) -> bytes:
    """Two columns of drawings with what they find first, as PNG."""
    first = [Row(row.query, row.answers[:SHOWN], row.judged) for row in rows]
    half = (len(first) + 1) // 2
    left, right = draw_sheet(first[:half], SIDE), draw_sheet(first[half:], SIDE)
    whole = Image.new("RGB", (left.width + right.width, left.height), "white")
    whole.paste(left, (0, 0))
    whole.paste(right, (left.width, 0))
    file = BytesIO()
    whole.quantize(128).save(file, "PNG", optimize=True)
    return file.getvalue()


if __name__ == "__main__":
    main()
