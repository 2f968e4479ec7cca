"""One picture, stored in every way that files know: name -> bytes."""

import struct
import zlib
from io import BytesIO

import numpy as np
from PIL import Image

RANDOM = np.random.default_rng(3)
PIXELS = np.kron(RANDOM.integers(0, 256, (4, 6, 3), np.uint8), np.ones((8, 8, 1), np.uint8))
COLOUR = Image.fromarray(PIXELS)
GREY = COLOUR.convert("L")
FEW = COLOUR.quantize(16)
OTHER = Image.fromarray(255 - PIXELS)
ALPHA = Image.fromarray(np.kron(RANDOM.integers(0, 256, (4, 6), np.uint8), np.ones((8, 8), "u1")))
GREYS = b"".join(bytes([level] * 3 + [0]) for level in range(256))


def encoded(image, kind, **options):
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def chunk(kind, data):
    crc = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + crc


def png(samples, bits, colour, *chunks, interlaced=False):
    """A PNG of rows of samples, straight from its specification."""
    head = struct.pack(">IIBBBBB", len(samples[0]), len(samples), bits, colour, 0, 0, 0)
    rows = b"".join(b"\0" + row.tobytes() for row in samples)
    if interlaced:
        head = head[:-1] + b"\1"
        starts = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2))
        passes = (*starts, (0, 1, 2, 2), (1, 0, 2, 1))
        parts = (samples[y::down, x::right] for y, x, down, right in passes)
        rows = b"".join(b"\0" + row.tobytes() for part in parts for row in part if row.size)
    body = (*chunks, chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(body)


def bmp(bits, packing, pixels, palette=b"", header=40, masks=b"", side=4):
    """A BMP of `side` x `side`, straight from its description."""
    start = 14 + header + len(palette)
    head = struct.pack("<IiiHHIIiiII", header, side, side, 1, bits, packing, 0, 0, 0, 0, 0)
    head += masks.ljust(header - 40, b"\0")
    return b"BM" + struct.pack("<IHHI", start + len(pixels), 0, 0, start) + head + palette + pixels


def small_first_frame():
    """A GIF of 48 x 32 whose picture covers 16 x 16 of it."""
    data = bytearray(encoded(FEW.resize((16, 16)), "GIF"))
    data[6:10] = struct.pack("<HH", 48, 32)
    place = data.index(b"\x2c" + struct.pack("<HHHH", 0, 0, 16, 16))
    data[place + 1 : place + 5] = struct.pack("<HH", 8, 8)
    return bytes(data)


def stored():
    """Every way, by a name that says it."""
    turned = Image.Exif()
    turned[0x0112] = 6
    chance = np.random.default_rng(4)
    deep = chance.integers(0, 65536, (8, 8, 4)).astype(">u2")
    masks = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    noise = chance.bytes(64)
    clear = tuple(int(value) for value in PIXELS[0, 0])
    return {
        "png": encoded(COLOUR, "PNG"),
        "png grey": encoded(GREY, "PNG"),
        "png 1-bit": encoded(GREY.convert("1"), "PNG"),
        "png palette": encoded(FEW, "PNG"),
        "png palette clear": encoded(FEW, "PNG", transparency=3),
        "png alpha": encoded(Image.merge("RGBA", (*COLOUR.split(), ALPHA)), "PNG"),
        "png grey alpha": encoded(Image.merge("LA", (GREY, ALPHA)), "PNG"),
        "png key": encoded(COLOUR, "PNG", transparency=clear),
        "png grey key": encoded(GREY, "PNG", transparency=GREY.getpixel((0, 0))),
        "png 16": png(deep[..., :3], 16, 2),
        "png 16 grey": png(deep[..., 0], 16, 0),
        "png 16 alpha": png(deep, 16, 6),
        "png interlaced": png(PIXELS, 8, 2, interlaced=True),
        "png turned": encoded(COLOUR, "PNG", exif=turned),
        "png animated": encoded(COLOUR, "PNG", save_all=True, append_images=[OTHER]),
        "jpeg": encoded(COLOUR, "JPEG", quality=95, subsampling=0),
        "jpeg 4:2:0": encoded(COLOUR, "JPEG", quality=90),
        "jpeg progressive": encoded(COLOUR, "JPEG", progressive=True),
        "jpeg grey": encoded(GREY, "JPEG"),
        "jpeg cmyk": encoded(COLOUR.convert("CMYK"), "JPEG"),
        "jpeg turned": encoded(COLOUR, "JPEG", exif=turned),
        "gif": encoded(FEW, "GIF"),
        "gif clear": encoded(FEW, "GIF", transparency=3),
        "gif animated": encoded(FEW, "GIF", save_all=True, append_images=[OTHER.quantize(16)]),
        "gif partial": small_first_frame(),
        "bmp": encoded(COLOUR, "BMP"),
        "bmp grey": encoded(GREY, "BMP"),
        "bmp palette": encoded(FEW, "BMP"),
        "bmp 1-bit": encoded(GREY.convert("1"), "BMP"),
        "bmp 16": bmp(16, 0, noise[:32]),
        "bmp run lengths": bmp(8, 1, b"\x04\x10\x00\x00" * 4 + b"\0\1", GREYS),
        "bmp alpha": bmp(32, 3, noise, header=108, masks=masks),
        "webp": encoded(COLOUR, "WEBP", lossless=True),
        "webp lossy": encoded(COLOUR, "WEBP"),
        "webp turned": encoded(COLOUR, "WEBP", exif=turned),
        "webp animated": encoded(COLOUR, "WEBP", save_all=True, append_images=[OTHER]),
    }
