"""`read_picture` against arrays whose pictures Pillow wrote, and against hostile files."""

import os
import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageFile

from pictures import MAX_BYTES, PictureError, read_bytes, read_picture

RANDOM = np.random.default_rng(0)
SMOOTH = np.kron(RANDOM.integers(0, 256, (4, 6, 3), np.uint8), np.ones((8, 8, 1), np.uint8))
OPTIONS = {"WEBP": {"lossless": True}, "JPEG": {"quality": 95, "subsampling": 0}}
FORMATS = ["PNG", "JPEG", "WEBP", "GIF", "BMP"]


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def picture(kind: str) -> bytes:
    image = Image.fromarray(SMOOTH)
    if kind == "GIF":
        image = image.quantize(64)  # 24 colours: the palette holds them all
    return encoded(image, kind, **OPTIONS.get(kind, {}))


@pytest.mark.parametrize("kind", FORMATS)
def test_each_format_gives_back_the_pixels_that_were_written(kind):
    pixels = read_picture(picture(kind))
    assert pixels.dtype == np.uint8
    tolerance = 25 if kind == "JPEG" else 0
    assert np.abs(pixels.astype(int) - SMOOTH).max() <= tolerance
    assert np.abs(pixels.astype(int) - SMOOTH).mean() < 1.5


# What a viewer does with the stored rows and columns, from the EXIF table of orientations.
UPRIGHT = {
    1: lambda stored: stored,
    2: lambda stored: stored[:, ::-1],
    3: lambda stored: stored[::-1, ::-1],
    4: lambda stored: stored[::-1],
    5: lambda stored: stored.swapaxes(0, 1),
    6: lambda stored: np.rot90(stored, -1),
    7: lambda stored: stored[::-1, ::-1].swapaxes(0, 1),
    8: lambda stored: np.rot90(stored),
}


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("kind", ["PNG", "WEBP", "JPEG"])
def test_a_turned_photograph_is_set_upright(orientation, kind):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(Image.fromarray(SMOOTH), kind, **OPTIONS.get(kind, {}), exif=exif)
    expected = UPRIGHT[orientation](SMOOTH)
    pixels = read_picture(data)
    assert pixels.shape == expected.shape
    assert np.abs(pixels.astype(int) - expected).mean() < (1.5 if kind == "JPEG" else 1e-9)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")  # the module's own filter, which pytest lifts
def test_a_damaged_exif_block_does_not_cost_the_picture():
    exif = b"Exif\0\0II*\0\xff\xff\xff\xff" + b"\1" * 9
    data = encoded(Image.fromarray(SMOOTH), "JPEG", exif=exif)
    assert read_picture(data).shape == SMOOTH.shape


def one_pixel(mode: str, value) -> Image.Image:
    return Image.new(mode, (3, 2), value)


@pytest.mark.parametrize(
    ("image", "options", "expected"),
    [
        (one_pixel("RGBA", (0, 0, 0, 0)), {}, (255, 255, 255)),
        # 255 - (255 - c) * 128 / 255, rounded: 127, 177, 255
        (one_pixel("RGBA", (0, 100, 255, 128)), {}, (127, 177, 255)),
        (one_pixel("LA", (0, 51)), {}, (204, 204, 204)),
        (one_pixel("L", 7), {"transparency": 7}, (255, 255, 255)),
        (one_pixel("RGB", (1, 2, 3)), {"transparency": (1, 2, 3)}, (255, 255, 255)),
        (one_pixel("RGB", (1, 2, 3)), {"transparency": (1, 2, 4)}, (1, 2, 3)),
        (one_pixel("1", 0), {}, (0, 0, 0)),
        (one_pixel("I;16", 257 * 200), {}, (200, 200, 200)),
        (one_pixel("I;16", 65535), {}, (255, 255, 255)),
        (one_pixel("I;16", 0x01FF), {}, (1, 1, 1)),  # the high byte, as in sixteen-bit colour
    ],
)
def test_transparency_is_laid_on_white_and_depths_become_eight_bits(image, options, expected):
    assert (read_picture(encoded(image, "PNG", **options)) == expected).all()


def test_a_palette_with_a_transparent_colour_is_laid_on_white():
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putpixel((1, 0), 1)
    for kind in ("PNG", "GIF"):
        pixels = read_picture(encoded(image, kind, transparency=1))
        np.testing.assert_array_equal(pixels, [[[10, 20, 30], [255, 255, 255]]])


def test_a_sixteen_bit_grey_with_a_transparent_level_is_laid_on_white():
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", 2, 1, 16, 0, 0, 0, 0)), (b"tRNS", b"\x10\x20")]
    chunks += [(b"IDAT", zlib.compress(b"\0\x10\x20\x80\x80")), (b"IEND", b"")]
    pixels = read_picture(png(chunks))
    np.testing.assert_array_equal(pixels[0, :, 0], [255, 0x80])


def test_cmyk_and_grey_jpegs_become_rgb():
    ink = encoded(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG", quality=95)
    assert np.abs(read_picture(ink).astype(int) - (255, 0, 0)).max() <= 3
    grey = encoded(Image.new("L", (16, 16), 90), "JPEG", quality=95)
    assert np.abs(read_picture(grey).astype(int) - 90).max() <= 2


def test_a_gif_gives_its_first_frame():
    frames = [Image.new("RGB", (5, 4), colour) for colour in ("red", "blue")]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert (read_picture(data) == (255, 0, 0)).all()


def png(chunks) -> bytes:
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def png_bomb() -> bytes:
    """60,000 x 60,000 in 40 KB; unfolding it would take 10.8 GB."""
    squeeze = zlib.compressobj(9)
    rows = b"".join(squeeze.compress(bytes(2**20)) for _ in range(39)) + squeeze.flush()
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return png([(b"IHDR", header), (b"IDAT", rows), (b"IEND", b"")])


def jpeg_bomb() -> bytes:
    data = bytearray(picture("JPEG"))
    start = data.index(b"\xff\xc0")
    data[start + 5 : start + 9] = struct.pack(">HH", 60_000, 60_000)
    return bytes(data)


def gif_bomb() -> bytes:
    size = struct.pack("<HH", 60_000, 60_000)
    return b"GIF89a" + size + bytes(3) + b",\0\0\0\0" + size + b"\0\2\2L\1\0;"


def bmp_bomb() -> bytes:
    data = bytearray(picture("BMP"))
    data[18:26] = struct.pack("<ii", 60_000, 60_000)
    return bytes(data)


def webp_bomb() -> bytes:
    size = struct.pack("<I", 59_999)[:3] * 2
    body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + size
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize("bomb", [png_bomb, jpeg_bomb, gif_bomb, bmp_bomb, webp_bomb])
def test_a_picture_of_60000_by_60000_is_refused_by_its_header(bomb, monkeypatch):
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda _: pytest.fail("it was decoded"))
    data = bomb()
    assert len(data) < 50_000
    with pytest.raises(PictureError, match=r"120 megapixels.*60000 x 60000"):
        read_picture(data)


@pytest.mark.parametrize("kind", FORMATS)
def test_the_limit_itself_still_passes(kind):
    height, width, _ = SMOOTH.shape
    assert read_picture(picture(kind), max_pixels=height * width).shape == SMOOTH.shape
    with pytest.raises(PictureError, match=f"{width} x {height}"):
        read_picture(picture(kind), max_pixels=height * width - 1)


@pytest.mark.parametrize("options", [{"lossless": True}, {"quality": 80}, {"exact": True}])
def test_webp_sizes_are_read_from_all_three_kinds_of_header(options):
    mode = "RGBA" if "exact" in options else "RGB"  # lossy with alpha makes it VP8X
    data = encoded(Image.new(mode, (301, 203), (1, 2, 3, 90)[: len(mode)]), "WEBP", **options)
    with pytest.raises(PictureError, match="301 x 203"):
        read_picture(data, max_pixels=1)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_truncated_file_is_refused_or_was_already_complete(kind):
    data = picture(kind)
    whole = read_picture(data)
    lengths = range(0, len(data), max(1, len(data) // 150))
    refused = 0
    for length in lengths:
        try:
            pixels = read_picture(data[:length])
        except PictureError:
            refused += 1
        else:
            np.testing.assert_array_equal(pixels, whole, f"{length} of {len(data)} bytes")
    assert refused >= 0.9 * len(lengths)


@pytest.mark.parametrize("kind", FORMATS)
def test_altered_bytes_give_a_picture_or_an_error_of_one_line_and_nothing_else(kind):
    random = np.random.default_rng(1)
    data = np.frombuffer(picture(kind), np.uint8)
    refused = 0
    for _ in range(150):
        altered = data.copy()
        altered[random.integers(0, len(data), 4)] = random.integers(0, 256, 4)
        try:
            assert read_picture(altered.tobytes(), max_pixels=10**6).shape[2] == 3
        except PictureError as error:
            refused += 1
            assert "\n" not in str(error)
    assert refused


@pytest.mark.parametrize("kind", ["TIFF", "PPM", "ICO", "EPS", "TGA"])
def test_other_formats_are_refused_even_under_a_known_name(kind, tmp_path):
    path = tmp_path / "disguised.png"
    path.write_bytes(encoded(Image.fromarray(SMOOTH), kind))
    with pytest.raises(PictureError, match=r"disguised\.png: not a PNG, JPEG, WebP, GIF or BMP"):
        read_picture(path)


def test_the_content_counts_and_not_the_name(tmp_path):
    path = tmp_path / "really-a-png.jpg"
    path.write_bytes(picture("PNG"))
    np.testing.assert_array_equal(read_picture(path), SMOOTH)


def test_pipes_devices_and_folders_are_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")  # opening it would wait for ever
    for path in (tmp_path / "pipe.png", tmp_path, "/dev/zero"):
        with pytest.raises(PictureError, match="not a regular file"):
            read_picture(path)
    with pytest.raises(PictureError, match="no such file"):
        read_picture(tmp_path / "missing.png")


def test_a_file_of_absurd_size_is_not_read(tmp_path):
    with (tmp_path / "huge.png").open("wb") as file:
        file.truncate(MAX_BYTES + 1)  # a hole: it takes no space
    with pytest.raises(PictureError, match=f"256 MiB.*{MAX_BYTES + 1}"):
        read_bytes(tmp_path / "huge.png")


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "I;16", "CMYK"])
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_shrinking_averages_areas_in_every_mode(mode, kind):
    modes = {"PNG": {"RGB", "RGBA", "L", "LA", "P", "1", "I;16"}, "JPEG": {"RGB", "L", "CMYK"}}
    if mode not in modes[kind]:
        return
    stripes = np.zeros((64, 96), np.uint8)
    stripes[:, ::2] = 255  # single-pixel lines: sampling instead of averaging shows at once
    grey = Image.fromarray(stripes)
    if mode == "I;16":
        image = Image.fromarray(stripes.astype(np.uint16) * 257)
    else:
        image = grey.convert("RGB").convert(mode) if mode in ("P", "CMYK") else grey.convert(mode)
    pixels = read_picture(encoded(image, kind), longest=12)
    assert pixels.shape == (8, 12, 3)
    assert np.abs(pixels.astype(int) - 127).max() <= (12 if kind == "JPEG" else 2)


def test_a_thin_picture_keeps_a_pixel_and_none_keeps_the_size():
    data = encoded(Image.new("RGB", (5000, 1), "red"), "PNG")
    assert read_picture(data, longest=100).shape == (1, 100, 3)
    assert read_picture(data, longest=None).shape == (1, 5000, 3)


def test_transparent_pixels_do_not_bleed_their_hidden_colour_when_shrunk():
    image = Image.new("RGBA", (64, 64), (0, 255, 0, 0))  # green that nobody sees
    image.paste((0, 0, 0, 255), (0, 0, 32, 64))
    pixels = read_picture(encoded(image, "PNG"), longest=3)
    np.testing.assert_array_equal(pixels[..., 0], pixels[..., 1])


def test_a_lack_of_memory_is_not_damage(monkeypatch):
    def short(*_):
        raise MemoryError

    monkeypatch.setattr("pictures.reading._upright_rgb", short)
    with pytest.raises(MemoryError):
        read_picture(picture("PNG"))


def test_a_link_to_itself_and_a_file_without_permission_are_named(tmp_path, monkeypatch):
    loop = tmp_path / "loop.png"
    loop.symlink_to(loop)
    with pytest.raises(PictureError, match=r"loop\.png: cannot be read \(Too many levels"):
        read_bytes(loop)

    def forbidden(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.read_bytes", forbidden)  # root may read everything
    (tmp_path / "closed.png").touch()
    with pytest.raises(PictureError, match=r"closed\.png: cannot be read \(Permission denied\)"):
        read_bytes(tmp_path / "closed.png")
