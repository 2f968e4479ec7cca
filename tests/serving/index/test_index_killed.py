"""kill -9 at any moment: what opens is complete, and holds every change that was acknowledged."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from numpy_ranking import check_answers

from serving.index import open_index
from serving.index.stored.layout import BUILDING, GENERATIONS, read_current

HERE, ROOT = Path(__file__).parent, Path(__file__).parents[3]


def kill(folder, kind, count):
    script = [sys.executable, str(HERE / "kill_while_changing.py")]
    arguments = [str(folder / "index"), "7", kind, str(count)]
    done = subprocess.run(script + arguments, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def test_fifty_moments_of_building_adding_removing_and_saving(tmp_path):
    told = kill(tmp_path, "calls", 50)
    assert len(told["acknowledged"]) == 50
    assert told["moments"] > 2000
    assert len(set(told["acknowledged"])) >= 8  # all over the steps


@pytest.mark.slow
def test_moments_in_the_middle_of_a_call(tmp_path):
    assert len(kill(tmp_path, "times", 50)["acknowledged"]) == 50


SAVES = """
import sys
import numpy as np
from serving.index import open_index
from serving.index.stored import writer
writer._HERE = 0
index = open_index(sys.argv[1], writable=True)
index.search(np.zeros((1, 8)), 1)
index.remove(["a/0.png"])
print("saving", flush=True)
index.save()
"""


@pytest.mark.slow
def test_a_build_in_another_process_ends_with_the_one_that_asked(fill, tmp_path):
    index, items = fill(count=4000)
    index.close()
    folder = tmp_path / "index"
    command = [sys.executable, "-c", SAVES, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as saving:
        assert saving.stdout.readline() == b"saving\n"
        until = time.monotonic() + 60
        while not (found := builders(folder)) and time.monotonic() < until:
            os.sched_yield()
        while not (folder / GENERATIONS / BUILDING).exists() and time.monotonic() < until:
            os.sched_yield()
        saving.send_signal(signal.SIGKILL)
    assert found
    assert read_current(folder) == 1  # it was killed before the switch
    until = time.monotonic() + 60
    while builders(folder):
        assert time.monotonic() < until
        os.sched_yield()
    with closing(open_index(folder, writable=True)) as again:
        del items["a/0.png"]
        queries = np.zeros((1, 8), np.float32)
        check_answers(again.search(queries, 5), "l2", queries, items, 5)
        assert not (folder / GENERATIONS / BUILDING).exists()
        again.save()


def builders(folder):
    """Processes that were started to build an index's generation."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"serving.index.stored" in words and os.fsencode(folder) in words:
            found.append(int(entry.parent.name))
    return found
