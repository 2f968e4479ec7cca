import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays

from sbir_tf.data.icons.copies import difference, fingerprint, near_copies
from sbir_tf.data.icons.ink import ink_share, solid_share

pictures = arrays(np.uint8, (12, 12, 3))


def white(size=64):
    return np.full((size, size, 3), 255, np.uint8)


def square(left, side, size=64):
    picture = white(size)
    picture[left : left + side, left : left + side] = 0
    return picture


@settings(max_examples=30, deadline=None)
@given(pictures, pictures)
def test_a_difference_is_symmetric_from_0_to_1_and_0_to_itself(one, other):
    one, other = fingerprint(one), fingerprint(other)
    assert difference(one, one) == 0
    assert 0 <= difference(one, other) <= 1 + 1e-6
    assert difference(one, other) == pytest.approx(difference(other, one))


def test_margin_and_size_do_not_matter():
    small, large = fingerprint(square(20, 16)), fingerprint(square(4, 56))
    assert difference(small, large) < 0.01


def test_other_shapes_differ():
    triangle = white()
    triangle[np.tril_indices(64)] = 0
    assert difference(fingerprint(square(4, 56)), fingerprint(triangle)) > 0.3


def test_a_blank_has_a_fingerprint_too():
    assert fingerprint(white()).sum() == 0
    assert difference(fingerprint(white()), fingerprint(white())) == 0
    assert difference(fingerprint(white()), fingerprint(square(4, 8))) == 1


def flat(value):
    return np.full((2, 2, 3), value, np.float32)


def test_the_first_of_several_copies_is_kept():
    # |100 - 104| / 204 = 0.02 is a copy; |100 - 150| / 250 = 0.2 is not; 153 copies 150.
    prints = [flat(100), flat(104), flat(150), flat(153)]
    assert list(near_copies(prints, ["a", "b", "c", "d"])) == [(1, 0), (3, 2)]


def test_within_a_set_variants_may_differ_more_and_still_be_copies():
    # |100 - 115| / 215 = 0.07: above the limit between sets (0.05), below the one within (0.10).
    prints = [flat(100), flat(115)]
    assert list(near_copies(prints, ["a", "a"])) == [(1, 0)]
    assert list(near_copies(prints, ["a", "b"])) == []


def test_ink_is_counted_from_white_to_black():
    assert ink_share(white()) == 0
    assert ink_share(square(0, 64)) == 1
    assert ink_share(square(0, 32)) == pytest.approx(0.25)


def test_lines_are_not_solid_and_filled_shapes_are():
    frame = square(4, 56)
    frame[9:55, 9:55] = 255  # five pixels wide
    assert solid_share(frame) == 0
    assert solid_share(square(4, 56)) == 1
    assert solid_share(white()) == 0


def test_a_line_at_the_picture_edge_is_still_a_line():
    frame = square(0, 64)
    frame[5:59, 5:59] = 255
    assert solid_share(frame) == 0
