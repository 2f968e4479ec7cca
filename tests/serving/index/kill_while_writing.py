"""Kills itself (SIGKILL) at the first, second, ... step of a write; prints what was left.

Usage: kill_while_writing.py INDEX
"""

import json
import os
import shutil
import signal
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path[:0] = [str(Path(__file__).parent), str(Path.cwd())]

from conftest import KINDS, make_index  # noqa: E402

from serving.errors import ServingError  # noqa: E402
from serving.index import Index  # noqa: E402

CALLS = [(os, "fsync"), (os, "rename"), (os, "replace"), (shutil, "rmtree"), (os, "mkdir")]


def arm(step: int, report: int) -> None:
    """From here on, the process dies right before its call number `step` to the file system."""
    done = 0

    def armed(name, function):
        def call(*arguments, **options):
            nonlocal done
            if done == step:
                os.write(report, name.encode())
                os.kill(os.getpid(), signal.SIGKILL)
            done += 1
            return function(*arguments, **options)

        return call

    for module, name in CALLS:
        setattr(module, name, armed(name, getattr(module, name)))


def kill_at(step: int, index: Index, folder: Path) -> tuple[bool, str]:
    """Writes in a child that dies at a step: was it killed, and before which call?"""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        arm(step, writer)
        index.save(folder)
        os._exit(0)
    os.close(writer)
    call = os.read(reader, 100).decode()
    os.close(reader)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1]), call


def state(folder: Path) -> str:
    try:
        index = Index.load(folder)
    except ServingError as error:
        return "not an index" if "not an index" in str(error) else str(error)
    assert all(name.startswith(index.ids[0].split("/")[0]) for name in index.ids)
    assert index.search(index.vectors[:1], 1)[0][0, 0] == index.ids[0]
    return index.ids[0].split("/")[0]


def try_every_step(folder: Path, kind: str, mode: str) -> list[dict]:
    old, new = (make_index(prefix, KINDS[kind]) for prefix in ("old", "new"))
    steps = []
    while True:
        if mode == "rewrite":
            old.save(folder)  # also over whatever the last death left
            assert len(list(folder.iterdir())) == 3, list(folder.iterdir())
        else:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        killed, call = kill_at(len(steps), new, folder)
        if not killed:
            assert state(folder) == "new"
            break
        steps.append({"killed": killed, "call": call, "state": state(folder)})
    return steps


RUNS = [("exact", "rewrite"), ("hash", "rewrite"), ("exact", "first")]
print(json.dumps({" ".join(run): try_every_step(Path(sys.argv[1]), *run) for run in RUNS}))
