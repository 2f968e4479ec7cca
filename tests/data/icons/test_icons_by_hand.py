"""Centre lines of known shapes, and what a hand makes of them."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageDraw

from sbir_tf.data.icons import Hand, hand_drawings, load_icons, render
from sbir_tf.data.icons.drawn import drawings_of
from sbir_tf.data.icons.hand import draw_by_hand, generator_of
from sbir_tf.data.icons.render import svg
from sbir_tf.data.icons.tracing import centre_lines

STILL = Hand(
    wobble=0, astray=0, turn=0, stretch=0, cut=0, overshoot=0, lifted=0, again=0, tilt=0, slant=0,
    zoom=(0.8, 0.8), thinnest=0.02, thickest=0.02,
)  # fmt: skip


def drawn(*shapes, size=160):
    paper = Image.new("RGB", (size, size), "white")
    pen = ImageDraw.Draw(paper)
    for name, *where in shapes:
        more = {"fill": "black"} if name == "line" else {"outline": "black"}
        getattr(pen, name)(where, width=6, **more)
    return np.asarray(paper)


def length(line):
    return np.hypot(*np.diff(line, axis=0).T).sum()


def test_a_straight_line_is_one_line_of_its_length():
    (line,) = centre_lines(drawn(("line", 20, 80, 140, 80)))
    # 120 of 160 pixels, of which thinning takes about half the line's width at either end.
    assert length(line) == pytest.approx(120 / 160, abs=0.05)
    assert np.abs(line[:, 1] - 0.5).max() < 0.02


def test_a_ring_is_one_closed_line():
    (line,) = centre_lines(drawn(("ellipse", 30, 30, 130, 130)))
    np.testing.assert_array_equal(line[0], line[-1])
    # Of radius 50 less half the width: 2 pi 47 of 160 pixels.
    assert length(line) == pytest.approx(2 * np.pi * 47 / 160, rel=0.06)
    assert np.hypot(*(line - 0.5).T) == pytest.approx(47 / 160, abs=0.02)


def test_a_pen_goes_straight_on_over_a_crossing():
    lines = centre_lines(drawn(("line", 20, 80, 140, 80), ("line", 80, 20, 80, 140)))
    assert len(lines) == 2
    assert {int(np.ptp(line[:, 0]) > 0.6) for line in lines} == {0, 1}


def test_centre_lines_lie_in_the_ink_of_real_icons():
    icons = [icon for icon in load_icons() if icon.domain == "sketch"][::400]
    for icon in icons:
        picture = render(icon, 160)
        places = np.concatenate(centre_lines(picture)) * 160
        columns, rows = np.clip(places.astype(int), 0, 159).T
        assert (picture[rows, columns, 0] < 255).mean() > 0.95, icon.key


def test_a_still_hand_draws_the_line_in_the_middle():
    line = np.array([[0.1, 0.5], [0.9, 0.5]])
    picture = draw_by_hand([line], 100, STILL, np.random.default_rng(0))
    columns = np.flatnonzero((picture < 128).any(axis=0))
    rows = np.flatnonzero((picture < 128).any(axis=1))
    # 0.8 of the side, and half the pen's width, 0.02, at either end.
    assert columns[-1] - columns[0] + 1 == pytest.approx(82, abs=2)
    assert rows[-1] - rows[0] + 1 == pytest.approx(2, abs=1)


SQUARE = [np.array([[0.2, 0.2], [0.8, 0.2], [0.8, 0.8], [0.2, 0.8], [0.2, 0.2]])]


@pytest.mark.parametrize(
    "knob", ["wobble", "astray", "turn", "stretch", "cut", "overshoot", "tilt", "slant"]
)
def test_every_knob_changes_the_drawing_and_none_at_zero(knob):
    usual = getattr(Hand(), knob)

    def draw(value):
        hand = replace(STILL, **{knob: value})
        return draw_by_hand(two, 96, hand, np.random.default_rng(1))

    two = [*SQUARE, np.array([[0.3, 0.3], [0.6, 0.7]])]
    assert (draw(3 * usual) != draw(0)).any()
    still = draw_by_hand(two, 96, STILL, np.random.default_rng(1))
    np.testing.assert_array_equal(draw(0), still)


def test_lines_are_drawn_again_and_short_ones_left_out():
    rng = np.random.default_rng(0)
    twice = draw_by_hand(SQUARE, 96, replace(STILL, again=1.0, astray=0.05), rng)
    once = draw_by_hand(SQUARE, 96, STILL, rng)
    assert (twice < 128).sum() > 1.5 * (once < 128).sum()
    short = [*SQUARE, np.array([[0.45, 0.5], [0.55, 0.5]])]
    left_out = draw_by_hand(short, 96, replace(STILL, again=1.0), np.random.default_rng(0))
    assert left_out[40:56, 40:56].min() == 255


@settings(max_examples=50, deadline=None)
@given(
    st.lists(arrays(float, st.tuples(st.integers(2, 9), st.just(2)), elements=st.floats(0, 1)),
             max_size=4),
    st.integers(0, 10**6),
)  # fmt: skip
def test_any_lines_are_drawn_within_the_paper(lines, seed):
    picture = draw_by_hand(lines, 48, Hand(), np.random.default_rng(seed))
    assert picture.shape == (48, 48) and picture.dtype == np.uint8
    assert picture.mean() > 60


def test_a_drawing_depends_on_its_icon_and_its_number_alone():
    icons = [icon for icon in load_icons() if icon.domain == "sketch"][:3]
    several = hand_drawings(icons, 32, 2)
    assert several.shape == (3, 2, 32, 32)
    alone = hand_drawings(icons[1:2], 32, 2)[0]
    np.testing.assert_array_equal(several[1], alone)
    again = drawings_of(icons[1].key, svg(icons[1]), 32, 2, Hand())
    np.testing.assert_array_equal(again, alone)
    assert (several[0, 0] != several[0, 1]).any()
    one, other = (generator_of("a", number).random() for number in (0, 1))
    assert one != other


@pytest.mark.slow
def test_several_processes_draw_what_one_draws():
    icons = [icon for icon in load_icons() if icon.domain == "sketch"][:61]
    several = hand_drawings(icons, 24, 1)
    alone = [drawings_of(icon.key, svg(icon), 24, 1, Hand()) for icon in icons]
    np.testing.assert_array_equal(several, np.stack(alone))


@pytest.mark.parametrize(("size", "count"), [(0, 1), (8, 0)])
def test_no_size_and_no_count_are_refused(size, count):
    with pytest.raises(ValueError, match="at least 1"):
        hand_drawings([], size, count)
