"""Which renderings a training on the icons sees."""

import pytest

from sbir_tf.data import icons as bundled
from tests.small import small
from training import pictures


@pytest.fixture
def few(monkeypatch, tmp_path):
    """Thirty icons of three classes, rendered into a cache of their own."""
    every = bundled.load_icons()
    names = sorted({icon.class_name for icon in every})[:3]
    chosen = tuple(icon for icon in every if icon.class_name in names)
    monkeypatch.setattr(bundled, "load_icons", lambda: chosen)
    monkeypatch.setattr(pictures, "CACHE", tmp_path)
    return chosen


def test_renderings_with_strokes_left_out_follow_the_stroke_widths(few):
    data = small("data.size=32", "data.strokes=1.0", "data.dropped=2", "data.drop_share=0.5").data
    chosen = pictures.training_pictures(data)
    assert chosen.sketches.shape[1] == 3
    whole, fewer = 255.0 - chosen.sketches[:, :1], 255.0 - chosen.sketches[:, 1:]
    ink = fewer.sum(axis=(2, 3)) / whole.sum(axis=(2, 3))
    assert ink.mean() < 0.95 and (ink < 1.05).all() and (ink > 0).all()
    assert (chosen.sketches[:, 1] != chosen.sketches[:, 2]).any()


def test_without_any_the_renderings_are_the_stroke_widths_alone(few):
    data = small("data.size=32", "data.strokes=0.7,1.5").data
    assert pictures.training_pictures(data).sketches.shape[1] == 2
