"""The `sbir` command, run inside the test's own process."""

import sys
import warnings
from dataclasses import dataclass

import pytest


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


@pytest.fixture
def sbir(monkeypatch, capsys):
    """Call `sbir(*arguments)`; gives its exit code and what it printed."""
    from sbir_tf.__main__ import main

    def call(*arguments) -> Said:
        monkeypatch.setattr(sys, "argv", ["sbir", *map(str, arguments)])
        code = 0
        with warnings.catch_warnings():
            try:
                main()
            except SystemExit as end:
                code = end.code or 0
        printed = capsys.readouterr()
        return Said(code, printed.out, printed.err)

    return call


@pytest.fixture
def refused(sbir):
    """Call a command that must fail: exit code 2 and one line on stderr, which is returned."""

    def call(*arguments) -> str:
        said = sbir(*arguments)
        assert said.code == 2, said
        lines = [line for line in said.err.splitlines() if line.strip()]
        assert len(lines) == 1, said.err
        assert lines[0].startswith("sbir: ")
        assert "Traceback" not in said.err + said.out
        return lines[0]

    return call
