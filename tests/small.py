"""A training small enough for tests: a few classes of the real icons, a few steps."""

from sbir_tf.data import icons
from sbir_tf.data.icons import tree
from training import pictures
from training.config import load_config

OVERRIDES = (
    "steps=6",
    "steps_per_epoch=2",
    "batch_size=8",
    "data.size=24",
    "data.strokes=1,1.5",
    "network.backbone=se_resnet",
    "network.weights=none",
    "network.widths=8,16",
    "network.depths=1,1",
    "network.reduction=4",
    "network.embedding_dim=8",
)


def use_few_icons(monkeypatch, cache):
    """The first ten classes alone, and a rendering cache of their own."""
    few = icons.class_names()[:10]
    chosen = tuple(icon for icon in icons.load_icons() if icon.class_name in few)
    for module in (pictures.bundled, tree):
        monkeypatch.setattr(module, "load_icons", lambda: chosen)
        monkeypatch.setattr(module, "class_names", lambda: few)
    monkeypatch.setattr(pictures, "CACHE", cache)
    return chosen


def small(*overrides):
    """icons_tiny, made smaller; more `key=value` may be added."""
    return load_config("icons_tiny", [*OVERRIDES, *overrides])
