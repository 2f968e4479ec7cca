import importlib.metadata
from pathlib import Path

import pytest

from training import provenance

ROOT = Path(provenance.__file__).parents[1]


@pytest.mark.parametrize(
    ("arguments", "typed"),
    [
        (["/opt/venv/bin/sbir", "train", "icons_tiny"], "sbir train icons_tiny"),
        (
            ["sbir", "train", "--set", "a=1,2", "--to", "my run"],
            "sbir train --set a=1,2 --to 'my run'",
        ),
        ([str(ROOT / "sbir_tf/__main__.py"), "train"], "sbir train"),
        ([str(ROOT / "training/train.py"), "icons_tiny"], "python -m training.train icons_tiny"),
    ],
)
def test_a_command_line_is_as_it_is_typed_wherever_the_program_is(arguments, typed):
    assert provenance.command_line(arguments) == typed


def test_the_versions_are_those_installed():
    assert provenance.versions()["numpy"] == importlib.metadata.version("numpy")


def test_a_program_outside_of_git_has_no_revision(monkeypatch, tmp_path):
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    assert provenance.git_revision() is None
