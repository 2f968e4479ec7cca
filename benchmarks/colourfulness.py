"""How colourful sketches and pictures are: the threshold in docs/validation.md.

    python -m benchmarks.colourfulness --page docs/validation.md [--photos FOLDER]

Sketches are the bundled ones, as they are and as they come back from paper, scanners and pens;
pictures are the bundled ones and, with `--photos`, those of a folder of photographs.
"""

import argparse
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.tables import replace_section, table
from pictures import PictureError, facts_of, read_picture
from sbir_tf.data.icons import load_icons, render_all
from sbir_tf.data.validation.contents import COLOURFUL

SIDE = 64
_EVERY = 7  # sketches that are varied


def main() -> None:
    """Print the table, or put it into a page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--page", type=Path)
    parser.add_argument("--photos", type=Path, help="a folder of photographs, any depth")
    arguments = parser.parse_args()
    text = table(
        ("", "pictures", "median", "99%", f"{COLOURFUL:g} and above"), rows(arguments.photos)
    )
    if arguments.page:
        replace_section(arguments.page, "colour", text)
    print(text)


def rows(photos: Path | None) -> list[tuple[str, ...]]:
    """One line for each kind of picture."""
    icons = load_icons()
    rendered = list(zip(icons, render_all(icons, SIDE), strict=True))
    sketches = [rgb for icon, rgb in rendered if icon.domain == "sketch"]
    kinds = {
        "bundled sketches, black on white": sketches,
        **{name: [vary(rgb) for rgb in sketches[::_EVERY]] for name, vary in VARIED.items()},
        "bundled pictures": [rgb for icon, rgb in rendered if icon.domain == "photo"],
    }
    if photos:
        kinds["photographs"] = list(read_all(photos))
    return [line(name, pictures) for name, pictures in kinds.items()]


def line(name: str, pictures: list[np.ndarray]) -> tuple[str, ...]:
    values = np.array([facts_of(rgb).colourfulness for rgb in pictures])
    above = f"{(values >= COLOURFUL).mean():.1%}"
    return (
        name,
        f"{len(values):,}",
        *(f"{np.quantile(values, q):.1f}" for q in (0.5, 0.99)),
        above,
    )


def read_all(folder: Path):
    """The pictures in a folder."""
    for path in sorted(folder.rglob("*")):
        try:
            yield read_picture(path, longest=None)
        except PictureError:
            continue


def as_jpeg(rgb: np.ndarray) -> np.ndarray:
    file = BytesIO()
    Image.fromarray(rgb).save(file, "JPEG", quality=30)
    return np.asarray(Image.open(file))


def on_paper(colour: tuple[int, int, int], darkest: float = 1.0):
    """Drawn in black on paper of a colour, lit less on one side."""

    def vary(rgb: np.ndarray) -> np.ndarray:
        light = np.linspace(darkest, 1, rgb.shape[1])[None, :, None]
        return (rgb / 255 * colour * light).astype(np.uint8)

    return vary


def with_pen(colour: tuple[int, int, int]):
    """Drawn on white in a colour."""

    def vary(rgb: np.ndarray) -> np.ndarray:
        paper = rgb / 255
        return (255 * paper + np.array(colour) * (1 - paper)).astype(np.uint8)

    return vary


VARIED = {
    "the same as JPEG of quality 30": as_jpeg,
    "on cream paper (250, 244, 228)": on_paper((250, 244, 228)),
    "on cream paper, one side in shade": on_paper((250, 244, 228), 0.6),
    "on brown paper (245, 230, 200)": on_paper((245, 230, 200)),
    "with a blue-black pen (25, 25, 70)": with_pen((25, 25, 70)),
    "with a blue pen (20, 40, 160)": with_pen((20, 40, 160)),
}


if __name__ == "__main__":
    main()
