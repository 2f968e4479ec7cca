"""A training small enough for tests: a few classes of the real icons, a few steps."""

import pytest

from sbir_tf.data import icons
from training import pictures
from training.config import load_config

SMALL = (
    "steps=6",
    "steps_per_epoch=2",
    "batch_size=8",
    "data.size=24",
    "data.strokes=1,1.5",
    "network.widths=8,16",
    "network.depths=1,1",
    "network.reduction=4",
    "network.embedding_dim=8",
)


@pytest.fixture
def few_icons(monkeypatch, tmp_path_factory):
    """The first ten classes alone, and a cache of their own."""
    few = icons.class_names()[:10]
    chosen = tuple(icon for icon in icons.load_icons() if icon.class_name in few)
    monkeypatch.setattr(pictures.bundled, "load_icons", lambda: chosen)
    monkeypatch.setattr(pictures.bundled, "class_names", lambda: few)
    cache = tmp_path_factory.getbasetemp() / "cache"
    monkeypatch.setattr(pictures, "CACHE", cache)
    return chosen


@pytest.fixture
def small_config(few_icons):
    """icons_tiny, made smaller; more `key=value` may be added."""
    return lambda *overrides: load_config("icons_tiny", [*SMALL, *overrides])
