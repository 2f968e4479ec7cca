"""The next generation, built here or in a process of its own.

ScaNN lets no other Python thread run while it builds, so nobody could search here meanwhile.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from serving.errors import ServingError
from serving.index.stored.building import build_generation, folded_rows
from serving.index.stored.generation import open_current
from serving.index.stored.journal import Journal
from serving.index.stored.layout import BUILDING, GENERATIONS, next_number


def rebuild(folder: Path, upto: int, wanted: Mapping[str, Any] | None, apart: bool) -> int:
    """Builds a generation of the current one and the changes after it; CURRENT stays.

    Args:
        folder: the index; its writer's lock is the caller's.
        upto: the number of the last change to count.
        wanted: settings of the searcher, or `None` to choose.
        apart: in another process.

    Returns:
        The generation's number.

    Raises:
        ServingError: what was to be read is damaged.
        OSError: no space left, or the like; nothing is left.
    """
    if apart:
        return _build_apart(folder, upto, wanted)
    generation = open_current(folder, whole=True)
    manifest, number = generation.manifest, next_number(folder)
    with closing(Journal(folder, writable=False)) as journal:
        items, rows = folded_rows(generation, journal, upto)
        build_generation(
            folder,
            rows,
            number=number,
            items=items,
            folded=upto,
            model=manifest.model,
            metric=manifest.metric,
            dimension=manifest.dimension,
            wanted=wanted,
        )
    return number


def _build_apart(folder: Path, upto: int, wanted: Mapping[str, Any] | None) -> int:
    command = [sys.executable, "-m", __package__, str(folder), str(upto), json.dumps(wanted)]
    paths = os.pathsep.join(path or os.getcwd() for path in sys.path)  # noqa: PTH109
    environment = os.environ | {"PYTHONPATH": paths}
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT, env=environment
    ) as child:
        try:
            said = child.stdout.read().decode(errors="replace").splitlines()
        except BaseException:
            child.kill()
            raise
        finally:
            if child.wait():
                shutil.rmtree(folder / GENERATIONS / BUILDING, ignore_errors=True)
    return _number(folder, (said or ["it said nothing"])[-1], child.returncode)


def _number(folder: Path, said: str, code: int) -> int:
    answer = json.loads(said) if said.startswith("{") else {}
    if "number" in answer:
        return answer["number"]
    if "errno" in answer:
        raise OSError(answer["errno"], answer["problem"], str(folder))
    problem = answer.get("problem") or f"{folder}: building ended with code {code} ({said})"
    raise ServingError(problem)
