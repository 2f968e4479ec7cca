"""The README's commands, run as they stand there, on a training made small."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.small import OVERRIDES, use_few_icons

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def shell_commands():
    return [line for block in blocks("sh") for line in block.splitlines() if line]


def demo_steps():
    script = (ROOT / "tools" / "demo.sh").read_text().replace("\\\n", " ")
    steps = re.findall(r"^step (?!\()(.*)$", script, re.MULTILINE)
    return [shlex.split(f"sbir {step}") for step in steps]


def test_the_readme_is_one_screen():
    assert len(README.splitlines()) < 105


def test_the_first_commands_are_those_of_the_demo():
    first = [shlex.split(line) for line in blocks("sh")[0].splitlines()]
    assert first == demo_steps()
    assert len(first) == 6


@pytest.mark.parametrize("target", ["demo", "test"])
def test_the_two_commands_are_targets(target):
    assert f"make {target} " in README
    subprocess.run(["make", "-n", target], cwd=ROOT, check=True, capture_output=True)


@pytest.mark.slow
def test_every_command_runs_in_order(sbir, monkeypatch, tmp_path):
    from training import config

    use_few_icons(monkeypatch, tmp_path / "cache")
    monkeypatch.chdir(tmp_path)
    load = config.load_config

    def load_small(name, overrides=()):
        return load(name, [*OVERRIDES, *overrides])

    monkeypatch.setattr(config, "load_config", load_small)
    for line in shell_commands():
        command, *arguments = shlex.split(line)
        assert command == "sbir"
        said = sbir(*arguments)
        assert said.code == 0, (line, said.err)
        assert said.out, line
    for made in (
        "demo/search.png",
        "demo/search.html",
        "saved_models/icons_quick/1/saved_model.pb",
    ):
        assert (tmp_path / made).stat().st_size > 1000


def test_the_python_example_runs():
    (example,) = blocks("python")
    names = {}
    exec(example, names)
    assert names["model"].output_shape == (None, 250)


def test_every_link_into_the_repository_leads_somewhere():
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
