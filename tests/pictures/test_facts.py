"""`facts_of` against numbers worked by hand and against the definition in plain NumPy."""

import hashlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from pictures import facts_of, read_picture

RANDOM = np.random.default_rng(7)


def test_a_white_sheet_has_no_ink_and_a_black_one_has_nothing_else():
    assert facts_of(np.full((3, 5, 3), 255, np.uint8)).ink == 0
    assert facts_of(np.zeros((3, 5, 3), np.uint8)).ink == 1


def test_red_and_green_worked_by_hand():
    # One red and one green pixel. Luma .299 and .587 of 255: ink 1 - .443 = .557.
    # R - G is 255 and -255: mean 0, deviation 255. (R + G) / 2 - B is 127.5 twice: deviation 0.
    # Colourfulness sqrt(255^2 + 0) + .3 * sqrt(0 + 127.5^2) = 255 + 38.25.
    facts = facts_of(np.array([[[255, 0, 0], [0, 255, 0]]], np.uint8))
    assert (facts.width, facts.height) == (2, 1)
    assert facts.ink == pytest.approx(0.557)
    assert facts.colourfulness == pytest.approx(293.25)


@pytest.mark.parametrize("shape", [(1, 1), (37, 50), (3, 20_000), (300, 199)])
def test_the_numbers_are_those_of_the_definition(shape):
    rgb = RANDOM.integers(0, 256, (*shape, 3), np.uint8)
    red, green, blue = (rgb[..., n].astype(float) for n in range(3))
    opponents = (red - green, (red + green) / 2 - blue)
    spread = np.sqrt(sum(values.var() for values in opponents))
    offset = np.sqrt(sum(values.mean() ** 2 for values in opponents))
    facts = facts_of(rgb)
    assert facts.colourfulness == pytest.approx(spread + 0.3 * offset, rel=1e-9, abs=1e-6)
    grey = 0.299 * red + 0.587 * green + 0.114 * blue
    assert facts.ink == pytest.approx(1 - grey.mean() / 255)


def test_the_digest_is_that_of_the_size_and_the_pixels():
    rgb = RANDOM.integers(0, 256, (300, 111, 3), np.uint8)
    head = (300).to_bytes(4, "little") + (111).to_bytes(4, "little")
    assert facts_of(rgb).digest == hashlib.sha256(head + rgb.tobytes()).hexdigest()


def test_grey_pictures_have_no_colour_at_all():
    grey = RANDOM.integers(0, 256, (40, 40, 1), np.uint8).repeat(3, axis=2)
    assert facts_of(grey).colourfulness == 0


def test_the_same_content_in_other_files_has_the_same_digest():
    image = Image.fromarray(RANDOM.integers(0, 256, (9, 14, 3), np.uint8))
    digests = set()
    for kind in ("PNG", "BMP", "WEBP"):
        file = BytesIO()
        image.save(file, kind, **({"lossless": True} if kind == "WEBP" else {}))
        digests.add(facts_of(read_picture(file.getvalue())).digest)
    assert len(digests) == 1


def test_another_shape_of_the_same_bytes_is_another_content():
    rgb = RANDOM.integers(0, 256, (6, 4, 3), np.uint8)
    views = (rgb, rgb.reshape(4, 6, 3), rgb[::-1], rgb[..., ::-1])
    assert len({facts_of(view).digest for view in views}) == 4


@pytest.mark.parametrize(
    "wrong",
    [np.zeros((2, 2), np.uint8), np.zeros((2, 2, 3)), np.zeros((0, 2, 3), np.uint8)],
    ids=["grey", "float", "empty"],
)
def test_what_is_no_picture_is_refused_with_its_shape(wrong):
    with pytest.raises(ValueError, match=r"shape \(H, W, 3\).*Received: \w+ of shape"):
        facts_of(wrong)
