"""The drawings that were made on the page: what they are, and that the page draws such ones."""

import json
from pathlib import Path

from sbir_tf.data.icons import load_icons, styles
from serving.http.asked import strokes_of
from serving.service.checking import check_strokes
from serving.service.drawing import draw
from serving.service.limits import Limits

DRAWN = json.loads(Path(__file__).with_name("hand_drawn.json").read_text())


def test_there_are_two_dozen_one_a_class_of_the_held_out_gallery():
    test = set(styles(load_icons()).test)
    there = {i.class_name for i in load_icons() if i.key in test and i.domain == "photo"}
    assert len(DRAWN) == 24
    assert set(DRAWN) <= there


def test_each_is_what_the_service_takes_and_shows_something():
    for name, values in DRAWN.items():
        strokes = strokes_of(values)
        check_strokes(strokes, Limits())
        assert 0.01 < (draw(strokes) < 128).mean() < 0.3, name
        assert 1 <= len(strokes.lines) <= 20
