"""Where a run comes from: the command, the code and the packages."""

import importlib.metadata
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PACKAGES = ("tensorflow", "keras", "numpy", "scann")
ROOT = Path(__file__).parents[1]


def provenance() -> dict:
    """What run.json says of this process."""
    return {"command": sys.argv, "revision": git_revision(), "versions": versions()}


def command_line(arguments: Sequence[str]) -> str:
    """`sys.argv` as it is typed again: without the place where the program is installed."""
    program, *rest = arguments
    return " ".join((as_typed(Path(program)), *map(shlex.quote, rest)))


def as_typed(program: Path) -> str:
    """How a program is called: a module of ours by `python -m`, another by its name."""
    if not program.is_relative_to(ROOT) or program.suffix != ".py":
        return program.name
    module = ".".join(program.relative_to(ROOT).with_suffix("").parts)
    return "sbir" if module == "sbir_tf.__main__" else f"python -m {module}"


def versions() -> dict[str, str]:
    """The versions of the packages that results depend on."""
    python = ".".join(map(str, sys.version_info[:3]))
    return {"python": python} | {name: importlib.metadata.version(name) for name in PACKAGES}


def git_revision() -> str | None:
    """The revision of the code, "+changes" if it is not as committed, or None without git."""

    def git(*arguments):
        call = ["git", "-C", str(ROOT), *arguments]
        return subprocess.run(call, capture_output=True, text=True, check=True).stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("+changes" if git("status", "--porcelain") else "")
    except (OSError, subprocess.CalledProcessError):
        return None
