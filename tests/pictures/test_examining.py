import struct
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from pictures import PictureError, PictureTooLarge, examine_picture, facts_of, read_picture
from tests import stored

FILES = stored.stored()
TRAITS = {
    "png palette": {"palette"},
    "png palette clear": {"palette", "transparent"},
    "png alpha": {"transparent"},
    "png grey alpha": {"transparent"},
    "png key": {"colour key", "transparent"},
    "png grey key": {"colour key", "transparent"},
    "png 16": {"16-bit"},
    "png 16 grey": {"16-bit"},
    "png 16 alpha": {"16-bit", "transparent"},
    "png turned": {"turned"},
    "png animated": {"animated"},
    "jpeg cmyk": {"CMYK"},
    "jpeg turned": {"turned"},
    "gif": {"palette"},
    "gif clear": {"palette", "transparent"},
    "gif animated": {"animated", "palette"},
    "gif partial": {"palette", "partial"},
    "bmp palette": {"packed", "palette"},
    "bmp 1-bit": {"packed"},
    "bmp 16": {"packed"},
    "bmp run lengths": {"packed"},
    "bmp alpha": {"packed", "transparent"},
    "webp turned": {"turned"},
    "webp animated": {"animated"},
}


@pytest.mark.parametrize("name", FILES)
def test_each_way_to_store_a_picture_is_named(name):
    facts, form = examine_picture(FILES[name])
    assert form.kind == name.split()[0].upper()
    assert set(form.traits) == TRAITS.get(name, set())
    assert form.bytes == len(FILES[name])
    assert facts == facts_of(read_picture(FILES[name], longest=None))


def test_damage_after_the_first_picture_costs_nothing():
    whole = FILES["gif animated"]
    second = whole.rindex(b"\x2c")
    facts, form = examine_picture(whole[: second + 4])
    assert facts == examine_picture(whole)[0]
    assert form.kind == "GIF"


def test_a_file_is_named_in_errors(tmp_path):
    (tmp_path / "a.png").write_bytes(FILES["png"][:100])
    with pytest.raises(PictureError, match=r"a\.png: truncated"):
        examine_picture(tmp_path / "a.png")
    with pytest.raises(PictureTooLarge, match=r"the picture: too large .*48 x 32"):
        examine_picture(FILES["png"], max_pixels=1000)


def test_a_jpeg_that_asks_for_hours_of_scans_is_refused():
    data = bytearray(FILES["jpeg progressive"])
    frame = data.index(b"\xff\xc2")  # marker, length, precision, height, width
    data[frame + 5 : frame + 9] = struct.pack(">HH", 10_000, 10_000)
    scan = bytes(data[data.rindex(b"\xff\xda") : -2])
    with pytest.raises(PictureError, match=r"too long to decode. Received: \d+ scans"):
        read_picture(bytes(data[:-2]) + scan * 1000 + b"\xff\xd9")


def segment(marker, payload):
    return b"\xff" + marker + struct.pack(">H", len(payload) + 2) + payload


@pytest.fixture(scope="module")
def large_jpeg():
    file = BytesIO()
    Image.new("L", (6000, 4000), 200).save(file, "JPEG")
    return file.getvalue()


def test_a_film_behind_a_photo_and_thumbnails_inside_it_are_no_scans(large_jpeg):
    film = np.random.default_rng(0).bytes(6 * 2**20)  # as behind a phone's "motion photo"
    thumbnails = segment(b"\xe1", (b"\xff\xd8\xff\xda\0\2\xff\xd9") * 100)
    for data in (large_jpeg + film, large_jpeg[:2] + thumbnails + large_jpeg[2:]):
        assert data.count(b"\xff\xda") > 80  # would be too many of so many pixels
        assert read_picture(data, longest=60).shape == (40, 60, 3)


@pytest.mark.parametrize(
    "disguise",
    [
        segment(b"\xe1", b"\xff\xd9"),  # an end that is none
        b"\xff\x02\xff\xff",  # no segment, though it looks as long as all that follows
        b"\xff\xd0\xff\xff",  # a restart: it has no length either
        b"\xff\xff\xff",  # fill
    ],
)
def test_scans_cannot_be_hidden(large_jpeg, disguise):
    scan = large_jpeg[large_jpeg.rindex(b"\xff\xda") : -2]
    with pytest.raises(PictureError, match=r"too long to decode. Received: 101 scans"):
        read_picture(large_jpeg[:-2] + disguise + scan * 100 + b"\xff\xd9")


def test_a_jpeg_of_endless_segments_is_refused():
    data = FILES["jpeg progressive"]
    with pytest.raises(PictureError, match="too long to decode"):
        read_picture(data[:-2] + segment(b"\xfe", b"") * 100_000 + data[-2:])


def test_a_bmp_of_run_lengths_that_asks_for_minutes_is_refused():
    data = bytearray(FILES["bmp run lengths"])
    data[18:26] = struct.pack("<ii", 10_000, 10_000)
    with pytest.raises(PictureTooLarge, match="the limit is 4 megapixels"):
        read_picture(bytes(data))


def test_large_pictures_are_put_on_white_as_small_ones_are(monkeypatch):
    whole = [read_picture(FILES[name], longest=None) for name in FILES]
    monkeypatch.setattr("pictures.reading._BAND", 5 * 48)
    bands = [read_picture(FILES[name], longest=None) for name in FILES]
    for one, other in zip(whole, bands, strict=True):
        assert (one == other).all()
