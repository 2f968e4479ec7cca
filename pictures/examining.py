"""What a picture is and how its file stores it: for surveys of data sets, in one decoding."""

from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from PIL.ImageFile import ImageFile

from pictures.facts import Facts, facts_of
from pictures.opening import MAX_PIXELS
from pictures.reading import is_turned, read_bytes, read_with_image

_BMP_HEADER = 40  # bytes, of all but the oldest
_GREY, _COLOUR = 8, (24, 32)  # bits a pixel


@dataclass(frozen=True, slots=True)
class Form:
    """How a picture is stored.

    Attributes:
        kind: "PNG", "JPEG", "GIF", "WEBP" or "BMP", by its content.
        bytes: Length of the file.
        traits: What is unusual, sorted: "16-bit", "CMYK", "animated", "colour key" (one colour
            or grey of a PNG is transparent), "partial" (a GIF's first frame does not fill it),
            "packed" (a BMP that is not plain grey or true colour), "palette", "transparent",
            "turned" (by its EXIF orientation).
    """

    kind: str
    bytes: int
    traits: tuple[str, ...]


def examine_picture(
    source: Path | str | bytes, max_pixels: int = MAX_PIXELS, name: str | None = None
) -> tuple[Facts, Form]:
    """The facts of a picture at its full size, and its form.

    Args:
        source, max_pixels, name: As for `read_picture`.

    Returns:
        Both.

    Raises:
        PictureError, MemoryError: As `read_picture`.
    """
    data = source if isinstance(source, bytes) else read_bytes(source)
    name = name or (None if isinstance(source, bytes) else str(source))
    rgb, image = read_with_image(data, None, max_pixels, name)
    return facts_of(rgb), _form(data, image)


def _form(data: bytes, image: ImageFile) -> Form:
    kind = "JPEG" if image.format == "MPO" else image.format
    keyed = kind == "PNG" and image.mode != "P" and "transparency" in image.info
    has = {
        "16-bit": kind == "PNG" and data[24] == 16,
        "CMYK": image.mode == "CMYK",
        "animated": kind != "JPEG" and _is_animated(image),
        "colour key": keyed,
        "partial": kind == "GIF" and image.dispose_extent != (0, 0, *image.size),
        "packed": kind == "BMP" and not _is_plain_bmp(data, image),
        "palette": image.mode in ("P", "PA"),
        "transparent": image.has_transparency_data,
        "turned": is_turned(image),
    }
    return Form(kind, len(data), tuple(sorted(trait for trait, holds in has.items() if holds)))


def _is_plain_bmp(data: bytes, image: Image.Image) -> bool:
    header, bits, packing = (
        int.from_bytes(data[start:end], "little") for start, end in ((14, 18), (28, 30), (30, 34))
    )
    if header < _BMP_HEADER or image.has_transparency_data:
        return False
    return bits in _COLOUR or (bits == _GREY and packing == 0 and image.mode == "L")


def _is_animated(image: ImageFile) -> bool:
    try:
        return bool(getattr(image, "is_animated", False))
    except Exception:  # damage after the first picture must not cost that one
        return False
