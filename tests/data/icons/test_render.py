import importlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbir_tf.data.icons import load_icons, render, render_all, svg

module = importlib.import_module("sbir_tf.data.icons.render")  # the package has the function
SQUARE = '<rect x="6" y="6" width="12" height="12" fill="#f00"/>'


def one_sketch_of_each_set():
    found = {icon.set: icon for icon in load_icons() if icon.domain == "sketch"}
    return [found[name] for name in sorted(found)]


def ink(picture):
    return float((255 - picture.astype(float)).sum())


@settings(max_examples=20, deadline=None)
@given(size=st.integers(1, 200), place=st.integers(0, 10**6))
def test_a_picture_has_the_asked_size(size, place):
    icons = load_icons()
    picture = render(icons[place % len(icons)], size)
    assert picture.shape == (size, size, 3)
    assert picture.dtype == np.uint8


def test_what_is_not_drawn_is_white(make_icon):
    picture = render(make_icon(SQUARE, "photo"), 24)
    expected = np.full((24, 24, 3), 255, np.uint8)
    expected[6:18, 6:18] = (255, 0, 0)
    np.testing.assert_array_equal(picture, expected)


def test_a_half_transparent_shape_is_mixed_with_white(make_icon):
    body = '<rect width="24" height="24" fill="#000" fill-opacity=".5"/>'
    np.testing.assert_allclose(render(make_icon(body, "photo"), 8), 127.5, atol=1)


def test_a_wide_icon_keeps_its_aspect_and_is_centred(make_icon):
    # 40 x 20 on a square of 40: white above 10 and below 30.
    icon = make_icon('<rect x="2" y="3" width="40" height="20"/>', "photo", box=(2, 3, 40, 20))
    rows = render(icon, 40)[:, :, 0].mean(1)
    np.testing.assert_array_equal(np.flatnonzero(rows == 0), np.arange(10, 30))
    assert (np.delete(rows, np.arange(10, 30)) == 255).all()


@pytest.mark.parametrize("icon", one_sketch_of_each_set(), ids=lambda icon: icon.set)
def test_wider_strokes_have_more_ink_in_every_set(icon):
    # Lines that grow together cover each other: measured on thin to slightly wide ones.
    inks = [ink(render(icon, 96, stroke)) for stroke in (0.5, 0.7, 0.9, 1.0, 1.15, 1.3)]
    assert (np.diff(inks) > 0).all(), inks
    assert inks[-1] > 1.2 * inks[0]


def test_no_sketch_is_blank_or_lost_at_thin_strokes():
    icons = [icon for icon in load_icons() if icon.domain == "sketch"][::9]
    for stroke in (0.6, 1.0):
        shares = 1 - render_all(icons, 32, stroke).mean((1, 2, 3)) / 255
        assert shares.min() > 0.005


def test_stroke_leaves_pictures_alone():
    icon = next(icon for icon in load_icons() if icon.domain == "photo")
    assert svg(icon, 1.8) == svg(icon)


@pytest.mark.parametrize("stroke", [0, -1, float("nan")])
def test_a_stroke_must_be_above_zero(stroke):
    with pytest.raises(ValueError, match=r"`stroke` must be above 0. Received: stroke="):
        svg(load_icons()[0], stroke)


def test_a_size_must_be_at_least_one():
    with pytest.raises(ValueError, match=r"`size` must be at least 1. Received: size=0"):
        render(load_icons()[0], 0)
    with pytest.raises(ValueError, match=r"`size` must be at least 1. Received: size=-2"):
        render_all(load_icons()[:2], -2)


@pytest.mark.parametrize("enough", [1, 1000])
def test_many_icons_equal_each_icon_alone_with_and_without_other_processes(monkeypatch, enough):
    monkeypatch.setattr(module, "ENOUGH_FOR_TWO", enough)
    monkeypatch.setattr(module.os, "cpu_count", lambda: 3)
    icons = load_icons()[::900]
    assert len(icons) % 3 != 0
    pictures = render_all(icons, 24, 0.8)
    np.testing.assert_array_equal(pictures, [render(icon, 24, 0.8) for icon in icons])


def test_no_icons_give_no_pictures():
    assert render_all([], 16).shape == (0, 16, 16, 3)


def test_progress_is_told_of_the_work(monkeypatch):
    monkeypatch.setattr(module, "ENOUGH_FOR_TWO", 1000)
    told = []

    def progress(items, description, total):
        told.append((description, total))
        return items

    render_all(load_icons()[:5], 8, progress=progress)
    assert told == [("rendering icons", 5)]
