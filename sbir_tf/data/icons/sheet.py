"""The look-by-eye sheet: classes as rows, sketches on the left, pictures on the right.

python -m sbir_tf.data.icons.sheet docs/icons-12-classes.png
python -m sbir_tf.data.icons.sheet cats-and-dogs.png cat dog
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from sbir_tf.data.icons.archive import Icon, class_names, load_icons
from sbir_tf.data.icons.render import render
from sbir_tf.data.icons.splits import hash_of
from sbir_tf.errors import UserError
from sbir_tf.files import written_aside

TWELVE = (
    "airplane",
    "bicycle",
    "carrot",
    "cat",
    "chair",
    "fish",
    "guitar",
    "house",
    "mushroom",
    "scissors",
    "tree",
    "umbrella",
)
SIDE = 64
GAP = 8
NAMES_WIDTH = 104
SKETCHES, PICTURES = 8, 7
STROKES = (1.0, 0.6, 1.4, 1.0, 1.8, 0.8, 1.0, 1.2)


def contact_sheet(classes: Sequence[str], path: str | os.PathLike) -> Path:
    """Draws some classes to be looked at: name, sketches at several stroke widths, pictures.

    Each row shows as many different sets as fit, in a fixed pseudo-random order.

    Args:
        classes: names of classes, one row each.
        path: the PNG file to write.

    Returns:
        The path.

    Raises:
        UserError: if there is no class of that name, or no class at all.
    """
    unknown = sorted(set(classes) - set(class_names()))
    if unknown or not classes:
        raise UserError(f"classes must be names of bundled classes. Received: {unknown or classes}")
    width = NAMES_WIDTH + (SKETCHES + PICTURES) * (SIDE + GAP) + 3 * GAP
    sheet = Image.new("RGB", (width, len(classes) * (SIDE + GAP) + GAP), "white")
    for place, name in enumerate(classes):
        _draw_row(sheet, name, GAP + place * (SIDE + GAP))
    return _save(sheet, Path(path))


def _draw_row(sheet: Image.Image, name: str, top: int) -> None:
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=14)
    draw.text((GAP, top + SIDE // 2 - 8), name.replace("_", " "), fill="black", font=font)
    for place, icon in enumerate(_one_per_set(name, "sketch")[:SKETCHES]):
        _paste(sheet, render(icon, SIDE, STROKES[place]), NAMES_WIDTH, place, top)
    left = NAMES_WIDTH + SKETCHES * (SIDE + GAP) + 2 * GAP
    draw.line((left - GAP, top, left - GAP, top + SIDE), fill="silver")
    for place, icon in enumerate(_one_per_set(name, "photo")[:PICTURES]):
        _paste(sheet, render(icon, SIDE), left, place, top)


def _one_per_set(name: str, domain: str) -> list[Icon]:
    icons = [i for i in load_icons() if i.class_name == name and i.domain == domain]
    icons.sort(key=lambda icon: hash_of("sheet", icon.key))
    return list({icon.set: icon for icon in icons}.values())


def _paste(sheet: Image.Image, picture: np.ndarray, left: int, place: int, top: int) -> None:
    sheet.paste(Image.fromarray(picture), (left + place * (SIDE + GAP), top))


def _save(sheet: Image.Image, path: Path) -> Path:
    colours = sheet.convert("P", palette=Image.Palette.ADAPTIVE, colors=128)
    with written_aside(path) as aside:
        colours.save(aside, "PNG", optimize=True)
    return path


def main(arguments: list[str]) -> int:
    """The command: a path, then names of classes (twelve well-known ones unless named)."""
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        print(contact_sheet(arguments[1:] or TWELVE, arguments[0]))
    except (UserError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
