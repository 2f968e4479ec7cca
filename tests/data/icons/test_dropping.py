"""Strokes left out, by what the renderer then draws."""

import numpy as np
import pytest

from sbir_tf.data.icons import load_icons
from sbir_tf.data.icons.dropping import drop_strokes
from sbir_tf.data.icons.render import rasterise, svg

# Three strokes: a line, and a path of a bow and, after a relative move, another line.
BODY = (
    '<g fill="none" stroke="currentColor"><path d="M2 2h20"/>'
    '<path d="M2 10a4 4 0 0 1 8 0m4 6l6 4"/></g>'
)
ALONE = (
    '<path fill="none" stroke="currentColor" d="M2 2h20"/>',
    '<path fill="none" stroke="currentColor" d="M2 10a4 4 0 0 1 8 0"/>',
    '<path fill="none" stroke="currentColor" d="M14 16l6 4"/>',
)


def drawn(body):
    return rasterise(
        f'<svg xmlns="http://www.w3.org/2000/svg" color="black" viewBox="0 0 24 24">{body}</svg>',
        48,
    )


def test_what_is_left_is_some_of_the_strokes_where_they_were():
    choices = {
        tuple(n for n in range(3) if kept & 1 << n): drawn(
            "".join(ALONE[n] for n in range(3) if kept & 1 << n)
        )
        for kept in range(1, 8)
    }
    seen = set()
    for seed in range(60):
        picture = drawn(drop_strokes(BODY, 0.5, seed))
        matches = [
            k for k, expected in choices.items() if np.abs(picture.astype(int) - expected).max() < 3
        ]
        assert len(matches) == 1
        seen.update(matches)
    assert seen == set(choices)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_none_or_all_but_one_are_left_out(share):
    counts = {drop_strokes(BODY, share, seed).count("<path") for seed in range(10)}
    assert counts == {3 if share == 0 else 1}


def test_holes_of_a_filled_path_stay():
    ring = '<path fill="currentColor" d="M2 2h20v20H2zm4 4v12h12V6z"/>'
    np.testing.assert_array_equal(drawn(drop_strokes(ring, 1.0, 0)), drawn(ring))


def test_clips_and_masks_are_not_strokes():
    clip = '<defs><clipPath id="c"><path d="M0 0h12v24H0z"/></clipPath></defs>'
    body = f'{clip}<g clip-path="url(#c)">{BODY}</g>'
    for seed in range(5):
        assert "M0 0h12v24H0z" in drop_strokes(body, 1.0, seed)


def test_a_pen_that_goes_on_after_closing_a_part_begins_where_the_part_began():
    body = '<path fill="none" stroke="currentColor" d="M4 20V8zl9-4zl9 4"/>'
    difference = np.abs(drawn(drop_strokes(body, 0.0, 0)).astype(int) - drawn(body))
    assert difference.max() < 100  # of the grey edges that all three parts share


def test_no_share_loses_no_ink_of_any_bundled_sketch():
    """Paths taken apart and written anew.

    Grey edges that two strokes share become darker, for they are painted twice: with coverage c,
    1 - (1 - c)^2 instead of c. And where a stroke is wider than its bow, the renderer leaves holes
    in one path that it fills in two. Nothing else changes, and nothing becomes whiter.
    """
    sketches = [icon for icon in load_icons() if icon.domain == "sketch"][::10]
    assert len(sketches) > 400
    for icon in sketches:
        before, body = svg(icon), drop_strokes(icon.body, 0.0, 0)
        after = before.replace(icon.body, body)
        assert after != before or body == icon.body
        if after == before:
            continue
        more = rasterise(before, 96).astype(int) - rasterise(after, 96)
        assert more.min() > -100, icon.key
        assert (more > 110).mean() < 0.01, icon.key
