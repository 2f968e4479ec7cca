"""Kills (SIGKILL) a process that builds, changes and saves an index, at many moments.

Usage: kill_while_changing.py FOLDER SEED calls|times COUNT
calls: right before a call or return of a function, Python's or C's, drawn from all there are;
times: a drawn while after a drawn step was acknowledged, also in the middle of a call.
Prints what was left each time, as JSON, and stops at the first that is wrong.
"""

import json
import os
import random
import shutil
import signal
import sys
from contextlib import closing
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path.cwd())]

import numpy as np  # noqa: E402
from numpy_ranking import MODEL, check_answers  # noqa: E402

from serving.errors import ServingError  # noqa: E402
from serving.index import create_index, open_index  # noqa: E402
from serving.index.stored.layout import GENERATIONS  # noqa: E402

Items = dict[str, list[float]]


def some(prefix: str, count: int, start: float) -> Items:
    return {f"{prefix}{row}": [start + row, 1.0] for row in range(count)}


# Each step: what is called, and with what.
STEPS = [
    ("create", None),
    ("add", some("a", 20, 0)),
    ("add", some("b", 5, 100)),
    ("remove", ["a3", "b1"]),
    ("save", None),
    ("add", some("c", 7, 200)),
    ("search", None),
    ("add", some("a", 4, 300)),  # replaces
    ("remove", ["a19", "c0", "b0"]),
    ("save", None),
    ("add", some("d", 2, 400)),
    ("note", {"x": 1}),
    ("close", None),
]


def states() -> list[Items | None]:
    """What is in the index before each step, and after the last."""
    now: Items | None = None
    result = [now]
    for step, values in STEPS:
        if step == "create":
            now = {}
        elif step == "add":
            now = now | values
        elif step == "remove":
            now = {name: now[name] for name in now if name not in values}
        result.append(now)
    return result


def work(folder: Path, told: int) -> None:
    """Does all steps and says of each that it has returned."""
    index = None
    for step, values in STEPS:
        if step == "create":
            index = create_index(folder, "l2", 2, MODEL)
        elif step == "add":
            index.add(list(values), np.array(list(values.values())), replace=True)
        elif step == "search":
            index.search(np.zeros((1, 2)), 3)
        elif step in ("remove", "note"):
            getattr(index, step)(values)
        else:
            getattr(index, step)()
        os.write(told, b".")


def arm(moment: int) -> None:
    """From here on, the process dies at its call or return number `moment`."""
    done = 0

    def count(*_):
        nonlocal done
        done += 1
        if done == moment:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(count)


def count_moments(folder: Path) -> list[int]:
    """The number of the last call or return of each step."""
    work(folder, os.open(os.devnull, os.O_WRONLY))  # what is imported late is imported now
    shutil.rmtree(folder)
    done, ends = 0, []

    def count(_, event, function):
        nonlocal done
        done += 1
        if event == "c_call" and function is os.write:
            ends.append(done)

    sys.setprofile(count)
    work(folder, os.open(os.devnull, os.O_WRONLY))
    sys.setprofile(None)
    shutil.rmtree(folder)
    return ends


def draw_moment(draw: random.Random, ends: list[int]) -> int:
    """Any call or return of any step; the steps are equally likely."""
    step = draw.randrange(len(ends))
    return draw.randint(1 + (ends[step - 1] if step else 0), ends[step])


def kill_at_call(folder: Path, moment: int) -> int:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        arm(moment)
        work(folder, writer)
        os._exit(0)
    os.close(writer)
    return finished(child, reader, b"")


def kill_after(folder: Path, steps: int, turns: int) -> int:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        work(folder, writer)
        os._exit(0)
    os.close(writer)
    told = b""
    while len(told) < steps:
        told += os.read(reader, 1)
    for _ in range(turns):
        pass
    os.kill(child, signal.SIGKILL)
    return finished(child, reader, told)


def finished(child: int, reader: int, told: bytes) -> int:
    """How many steps the child had been told of."""
    os.waitpid(child, 0)
    with os.fdopen(reader, "rb") as file:
        return len(told + file.read())


def read(folder: Path) -> Items | None:
    try:
        index = open_index(folder)
    except ServingError as error:
        if "no such index folder" in str(error):
            return None
        raise
    with closing(index):
        items = {name: [*map(float, row)] for ids, rows, _ in index.scan()
                 for name, row in zip(ids, rows, strict=True)}  # fmt: skip
        vectors = {name: np.array(row, np.float32) for name, row in items.items()}
        queries = np.array([[150, 0]], np.float32)
        check_answers(index.search(queries, 50), "l2", queries, vectors, 50)
    return items


def go_on(folder: Path, items: Items | None) -> None:
    """The next process can do all that the killed one could."""
    opened = create_index(folder, "l2", 2, MODEL) if items is None else open_index(folder, True)
    with closing(opened) as index:
        index.add(["after"], np.full((1, 2), 500.0), replace=True)
        index.save()
    assert read(folder) == (items or {}) | {"after": [500.0, 500.0]}
    assert len(list((folder / GENERATIONS).iterdir())) == 1
    assert [entry.name for entry in folder.parent.iterdir()] == [folder.name]


def main() -> None:
    folder, (seed, kind, count) = Path(sys.argv[1]), sys.argv[2:]
    draw = random.Random(int(seed))
    possible, ends = states(), count_moments(folder)
    left = []
    for _ in range(int(count)):
        if kind == "calls":
            acknowledged = kill_at_call(folder, draw_moment(draw, ends))
        else:
            acknowledged = kill_after(folder, draw.randrange(len(STEPS)), draw.randrange(200_000))
        items = read(folder)
        assert items in possible[acknowledged : acknowledged + 2], (acknowledged, items)
        go_on(folder, items)
        left.append(acknowledged)
        shutil.rmtree(folder)
    print(json.dumps({"moments": ends[-1], "acknowledged": left}))


main()
