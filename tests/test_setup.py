"""The set-up script, without setting anything up."""

import shutil
import subprocess
from importlib.metadata import metadata
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[1]
# What the script needs of the system, apart from a Python.
SYSTEM = ("sh", "cat", "cksum", "dirname", "tr", "touch")


@pytest.fixture
def checkout(tmp_path):
    """A copy of what the script reads, and a PATH with the system's tools alone."""
    for name in ("tools/setup.sh", "requirements.txt", "pyproject.toml"):
        target = tmp_path / "checkout" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in SYSTEM:
        (tools / name).symlink_to(shutil.which(name))
    return tmp_path / "checkout", tools


def set_up(folder, tools, *files):
    command = ["sh", "tools/setup.sh", *(files or ["requirements.txt"])]
    return subprocess.run(
        command, cwd=folder, env={"PATH": str(tools)}, capture_output=True, text=True
    )


def test_without_python_and_uv_one_line_says_what_to_install(checkout):
    folder, tools = checkout
    done = set_up(folder, tools)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "Python 3.11" in line
    assert "uv" in line
    assert not (folder / ".venv").exists()


def test_a_second_call_does_nothing_and_changed_requirements_set_up_again(checkout):
    folder, tools = checkout
    calls = folder / "calls"
    fake = tools / "uv"
    fake.write_text(f'#!{tools / "sh"}\necho "$@" >> {calls}\n')
    fake.chmod(0o755)
    (folder / ".venv").mkdir()
    assert set_up(folder, tools).returncode == 0
    first = calls.read_text()
    assert "pip install" in first
    assert "requirements.txt" in first
    assert set_up(folder, tools).stdout == ""
    assert calls.read_text() == first
    (folder / "requirements.txt").write_text("other\n")
    assert set_up(folder, tools).returncode == 0
    assert calls.read_text() == first + first


def test_what_is_set_up_for_the_tests_serves_the_demo(checkout):
    folder, tools = checkout
    shutil.copy(ROOT / "requirements-dev.txt", folder)
    fake = tools / "uv"
    fake.write_text(f"#!{tools / 'sh'}\n")
    fake.chmod(0o755)
    (folder / ".venv").mkdir()
    assert "Setting up" in set_up(folder, tools, "requirements.txt", "requirements-dev.txt").stdout
    assert set_up(folder, tools).stdout == ""


def test_every_requirement_is_pinned_and_names_no_address():
    for name in ("requirements.txt", "requirements-dev.txt"):
        lines = (ROOT / name).read_text().splitlines()
        assert all("==" in line for line in lines)
        assert not any("://" in line for line in lines)


def test_every_pinned_package_allows_this_python():
    # uv does not mind a package that rules a newer Python out; pip refuses to install it.
    pinned = [
        line.split("==")[0]
        for name in ("requirements.txt", "requirements-dev.txt")
        for line in (ROOT / name).read_text().splitlines()
        if "==" in line
    ]
    refusing = {}
    for name in pinned:
        allowed = metadata(name)["Requires-Python"] or ""
        if not SpecifierSet(allowed).contains("3.11.7"):
            refusing[name] = allowed
    assert pinned and not refusing
