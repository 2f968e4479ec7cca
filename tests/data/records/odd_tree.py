"""A small data set with every odd picture in it, and bad ones."""

import zlib

import numpy as np
from PIL import Image

from sbir_tf.data.layouts import LAYOUTS, list_items
from tests import trees

PLAIN = LAYOUTS["plain"]
COLOUR = Image.fromarray(
    np.kron(np.arange(72, dtype=np.uint8).reshape(4, 6, 3) * 3, np.ones((20, 16, 1), np.uint8))
)
BAD = {
    "photos/cat/empty.jpg": b"",
    "photos/cat/html.jpg": b"<html>not found</html>",
    "photos/dog/half.jpg": None,  # cut in two
    "sketches/cat/huge.png": None,  # a header of 60,000 x 60,000
}


def items_of(root):
    return list_items(root, PLAIN)


def odd_tree(root):
    """Plain classes with odd pictures and bad ones; returns the root."""
    trees.plain(root, sketches=6, photos=6)
    sketch = trees.sketch(0, 1, side=90)
    trees.save(sketch.convert("P"), root / "sketches/cat/palette.png")
    trees.save(sketch.convert("1"), root / "sketches/cat/bits.png")
    deep = np.asarray(sketch.convert("L")).astype(np.uint16) * 257
    trees.save(Image.fromarray(deep), root / "sketches/cat/deep.png")
    clear = Image.new("RGBA", (80, 70), (200, 0, 0, 0))
    clear.paste((0, 0, 0, 255), (20, 20, 40, 60))
    trees.save(clear, root / "sketches/dog/alpha.png")
    trees.save(COLOUR, root / "sketches/dog/coloured.png")
    trees.save(Image.new("RGB", (1, 1), "white"), root / "sketches/dog/tiny.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    trees.save(COLOUR, root / "photos/cat/turned.jpg", exif=exif, quality=95)
    trees.save(COLOUR.convert("CMYK"), root / "photos/cat/cmyk.jpg")
    trees.save(COLOUR, root / "photos/dog/web.webp", lossless=True)
    trees.save(COLOUR.convert("L"), root / "photos/dog/grey.jpg")
    return bad_pictures(root)


def bad_pictures(root):
    for key, data in BAD.items():
        (root / key).write_bytes(data or b"")
    whole = (root / "photos/dog/0.jpg").read_bytes()
    (root / "photos/dog/half.jpg").write_bytes(whole[: len(whole) // 2])
    png = bytearray((root / "sketches/cat/0.png").read_bytes())
    png[16:24] = (60_000).to_bytes(4, "big") * 2
    png[29:33] = zlib.crc32(png[12:29]).to_bytes(4, "big")
    (root / "sketches/cat/huge.png").write_bytes(png)
    return root
