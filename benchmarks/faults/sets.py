"""Small data sets in the layouts of the public ones, no two pictures alike."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

SKETCHY = ("airplane", "hot-air_balloon", "teddy_bear", "windmill")
# Sketch folder -> photo folder, misspelt as TU-Berlin Extended's are.
TUBERLIN = {
    "cup (mug)": "cupmug",
    "giraffe": "griaffe",
    "teddy-bear": "teddybear",
    "trombone": "tromobone",
}
SKETCHES, PHOTOS = 30, 20  # of a class


def sketchy_tree(root: Path) -> Path:
    """Sketchy Extended; returns the root."""
    for number, name in enumerate(SKETCHY):
        for n in range(SKETCHES):
            place = root / "256x256" / "sketch" / "tx_000000000000" / name
            save(sketch(number, n), place / f"n0239540{number}_3133-{n}.png")
        for n in range(PHOTOS):
            save(photo(number, n), root / "EXTEND_image_sketchy" / name / f"ext_{n}.jpg")
    return root


def tuberlin_tree(root: Path) -> Path:
    """TU-Berlin Extended, red and blue of its photos swapped; returns the root."""
    for number, (name, folder) in enumerate(TUBERLIN.items(), start=10):
        for n in range(SKETCHES):
            save(sketch(number, n).convert("L"), root / "png" / name / f"{80 * number + n + 1}.png")
        for n in range(PHOTOS):
            swapped = Image.fromarray(np.asarray(photo(number, n))[..., ::-1])
            save(swapped, root / "ImageResized" / folder / f"n077535{number}_{n}.JPEG")
    return root


def sketch(number: int, n: int, side: int = 64) -> Image.Image:
    """A few strokes; which, and how thick, the class's number and the picture's decide."""
    rng = np.random.default_rng((number, n, 0))
    picture = Image.new("RGB", (side, side), "white")
    pen = ImageDraw.Draw(picture)
    for _ in range(4):
        points = rng.integers(2, side - 2, (4, 2))
        pen.line([tuple(map(int, point)) for point in points], "black", int(rng.integers(1, 3)))
    return picture


def photo(number: int, n: int) -> Image.Image:
    """Soft blobs of colour, of a photo's shapes."""
    rng = np.random.default_rng((number, n, 1))
    size = (72, 54) if n % 2 else (60, 80)
    grid = rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return Image.fromarray(grid).resize(size, Image.Resampling.BICUBIC)


def save(picture: Image.Image, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path)
