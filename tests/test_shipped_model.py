"""The model that is shipped: there, small, described, and good for what it is shipped for."""

import json
from pathlib import Path

import numpy as np
import pytest

from sbir_tf.data.icons import load_icons, render_all, styles
from serving.encoders import LiteRTEncoder, ModelFolder, load_encoder
from serving.http.asked import strokes_of
from serving.service.drawing import draw

ROOT = Path(__file__).parents[1]
MODEL = ROOT / "saved_models" / "icons"


def test_it_is_at_most_25_megabytes_and_has_its_card():
    files = [path for path in MODEL.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 25_000_000
    card = (ModelFolder.open(MODEL).path / "README.md").read_text()
    for part in ("## Figures", "## Limits", "sbir train icons", "ATTRIBUTION.md"):
        assert part in card


def test_its_files_are_those_it_was_written_with():
    folder = ModelFolder.open(MODEL)
    assert folder.digest() == folder.declared[0]


@pytest.mark.slow
def test_drawings_made_on_the_page_find_their_things():
    encoder = load_encoder(MODEL)
    assert isinstance(encoder, LiteRTEncoder)  # so the export agrees with the SavedModel
    test = set(styles(load_icons()).test)
    pictures = [i for i in load_icons() if i.key in test and i.domain == "photo"]
    gallery = encoder.encode(list(render_all(pictures, 128)), "photo")
    drawn = json.loads((ROOT / "tests/serving/page/hand_drawn.json").read_text())
    queries = encoder.encode([draw(strokes_of(one)) for one in drawn.values()], "sketch")
    distances = ((queries[:, None] - gallery[None]) ** 2).sum(axis=2)
    nearest = np.argsort(distances, axis=1)[:, :10]
    found = [
        name in {pictures[at].class_name for at in row}
        for name, row in zip(drawn, nearest, strict=True)
    ]
    assert sum(found) >= 18, [name for name, hit in zip(drawn, found, strict=True) if not hit]
