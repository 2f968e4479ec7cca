import numpy as np
import pytest
from PIL import Image

from sbir_tf.data.icons import render
from sbir_tf.data.icons.sheet import (
    GAP,
    NAMES_WIDTH,
    SIDE,
    TWELVE,
    _one_per_set,
    contact_sheet,
    main,
)
from sbir_tf.errors import UserError


def test_a_row_shows_a_sketch_of_its_class_where_it_should(tmp_path):
    path = contact_sheet(["cat", "dog"], tmp_path / "sheet.png")
    with Image.open(path) as opened:
        sheet = np.asarray(opened.convert("L"), float)
    assert sheet.shape[0] == 2 * (SIDE + GAP) + GAP
    first = _one_per_set("dog", "sketch")[0]
    top = GAP + SIDE + GAP
    cell = sheet[top : top + SIDE, NAMES_WIDTH : NAMES_WIDTH + SIDE]
    np.testing.assert_allclose(cell, render(first, SIDE)[:, :, 0], atol=24)


def test_the_named_classes_exist():
    assert len(TWELVE) == 12
    assert all(_one_per_set(name, "photo") for name in TWELVE)


@pytest.mark.parametrize("classes", [["cat", "snark"], []])
def test_an_unknown_class_or_none_is_an_error(tmp_path, classes):
    with pytest.raises(UserError, match="classes must be names of bundled classes"):
        contact_sheet(classes, tmp_path / "sheet.png")
    assert list(tmp_path.iterdir()) == []


def test_the_command_returns_2_for_a_mistake(tmp_path, capsys):
    assert main([str(tmp_path / "sheet.png"), "snark"]) == 2
    assert "snark" in capsys.readouterr().err
    (tmp_path / "file").touch()
    assert main([str(tmp_path / "file" / "sheet.png"), "cat"]) == 2
