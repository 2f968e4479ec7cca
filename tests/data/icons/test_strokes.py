import re

import numpy as np
import pytest

from sbir_tf.data.icons.render import rasterise, render
from sbir_tf.data.icons.strokes import SVG, parse_body, print_body, restroke

LINE = '<path fill="none" stroke="currentColor" stroke-width="2" d="M2 12h20"/>'
BAR = '<rect x="2" y="11" width="20" height="2"/>'


def area(body, scale=10):
    """Ink in square units of a 24 x 24 icon."""
    document = f'<svg xmlns="{SVG}" color="black" viewBox="0 0 24 24">{body}</svg>'
    return float((1 - rasterise(document, 24 * scale) / 255).mean() * 24 * 24)


@pytest.mark.parametrize("stroke", [0.5, 1.5, 2.0])
def test_a_stroked_line_is_as_many_times_wider(stroke):
    # 20 long, 2 wide, butt ends: only the width changes.
    assert area(restroke(LINE, stroke, 99)) == pytest.approx(20 * 2 * stroke, rel=0.02)


def test_an_outline_grows_on_both_edges():
    # A bar of 20 x 2 as a line of width 2: 1.5 times is 3 wide, so a quarter on each side of the
    # line's middle and as much at its ends: 21 x 3, less the round corners (4 - pi) / 4.
    assert area(restroke(BAR, 1.5, 2)) == pytest.approx(21 * 3 - (4 - np.pi) / 4, rel=0.02)


def test_an_outline_shrinks_on_both_edges():
    assert area(restroke(BAR, 0.5, 2)) == pytest.approx(19 * 1, rel=0.02)


def test_a_thin_shape_does_not_cut_the_shape_beneath_it():
    # Two crossing bars of 20 x 2, thinned to 19 x 1: 19 + 19 - 1 where they cross. A white edge
    # around the second would cut the first in two.
    cross = BAR + '<rect x="11" y="2" width="2" height="20"/>'
    assert area(restroke(cross, 0.5, 2)) == pytest.approx(37, rel=0.02)


def test_a_line_without_a_width_counts_as_one_wide():
    line = '<path stroke="#000" d="M2 12h20"/>'
    assert area(restroke(line, 2, 1)) == pytest.approx(40, rel=0.02)


def test_paint_is_inherited_from_groups():
    group = f'<g fill="none" stroke="#000" stroke-width="2">{LINE}<path d="M2 4h20"/></g>'
    assert area(restroke(group, 2, 1)) == pytest.approx(2 * 80, rel=0.02)


def test_the_inside_of_a_mask_gets_no_edges():
    mask = '<mask id="m"><rect width="24" height="24" fill="#fff"/></mask>'
    body = f'{mask}<rect x="2" y="2" width="20" height="20" mask="url(#m)"/>'
    assert area(restroke(body, 1.5, 2)) == pytest.approx(21 * 21, rel=0.02)


def test_wide_lines_at_the_edge_are_not_cut(make_icon):
    # The set `ri` draws outlines 2 / 24 wide: at 2.0 a frame around the whole icon grows outward
    # by 1, for which the square gets a margin.
    frame = '<path fill-rule="evenodd" d="M0 0h24v24H0zm2 2v20h20V2z"/>'
    picture = render(make_icon(frame, set="ri"), 260, stroke=2.0)
    assert (picture[:, 130, 0] < 128).sum() == pytest.approx(2 * 40, abs=2)


def test_the_same_text_comes_out_each_time():
    body = BAR + BAR.replace("11", "5")
    assert restroke(body, 0.6, 2) == restroke(body, 0.6, 2)
    names = re.findall(r'id="(thin-\w+)"', restroke(body, 0.6, 2))
    assert len(set(names)) == 2


@pytest.mark.parametrize("body", ["", BAR, f"<g>{LINE}</g>", LINE + BAR])
def test_a_body_survives_parsing_and_printing(body):
    again = print_body(parse_body(print_body(parse_body(body))))
    assert again == print_body(parse_body(body))
    assert area(again) == area(body)
