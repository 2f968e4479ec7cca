import numpy as np
import pytest

from sbir_tf.data.icons.bodies import clean
from sbir_tf.data.icons.render import render

DRAWN = '<path fill="none" stroke="#000" stroke-width="2" stroke-dasharray="20" {} d="M2 12h20"{}'
HIDDEN = DRAWN.format('stroke-dashoffset="20"', "/>")
COMPLETE = DRAWN.format('stroke-dashoffset="0"', "/>")


def animated(animation):
    return DRAWN.format('stroke-dashoffset="20"', f">{animation}</path>")


@pytest.mark.parametrize(
    "animation",
    [
        '<animate attributeName="stroke-dashoffset" dur=".2s" fill="freeze" values="20;0"/>',
        '<animate attributeName="stroke-dashoffset" dur=".2s" fill="freeze" to="0"/>',
        '<set attributeName="stroke-dashoffset" begin=".2s" fill="freeze" to="0"/>',
    ],
)
def test_a_line_that_draws_itself_is_stored_drawn(make_icon, animation):
    cleaned = clean(animated(animation))
    assert "animate" not in cleaned and "set " not in cleaned
    picture = render(make_icon(cleaned), 48)
    np.testing.assert_array_equal(picture, render(make_icon(COMPLETE), 48))
    assert (picture != render(make_icon(HIDDEN), 48)).any()


def test_an_animation_that_does_not_stay_leaves_the_start(make_icon):
    cleaned = clean(animated('<animate attributeName="stroke-dashoffset" dur="1s" values="20;0"/>'))
    np.testing.assert_array_equal(render(make_icon(cleaned), 48), render(make_icon(HIDDEN), 48))


def test_invisible_shapes_are_left_out():
    body = '<path fill="none" d="M0 0h24v24H0z"/><path d="M1 1h2v2z"/>'
    assert clean(body).count("<path") == 1
    assert 'd="M1 1h2v2z"' in clean(body)


def test_paint_of_the_group_counts():
    assert (
        clean('<g fill="none"><path d="M0 0h9"/><path fill="#000" d="M1 1h2v2z"/></g>').count(
            "<path"
        )
        == 1
    )
    assert clean('<g fill="none" stroke="#000"><path d="M0 0h9"/></g>').count("<path") == 1


def test_shapes_that_clip_or_are_used_elsewhere_stay():
    body = '<defs><path id="a" fill="none" d="M0 0h9"/></defs><use href="#a" stroke="#000"/>'
    assert 'id="a"' in clean(body)
    clip = '<clipPath id="c"><path fill="none" d="M0 0h9v9z"/></clipPath>'
    assert clean(clip).count("<path") == 1
