"""Kills itself (SIGKILL) at the first, second, ... call to the file system of a checkpoint's
writing; prints what was left each time.

Usage: kill_while_saving.py FOLDER
"""

import json
import os
import shutil
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path.cwd()))

from training.checkpoints import Checkpoints, Damaged, check

EVENTS = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree"}


def fill(folder: Path) -> None:
    for name in ("variables", "state.json"):
        (folder / name).write_text(f"{name} of {folder.name.rpartition('.')[2]}\n" * 100)


def kill_at(last: int, folder: Path, step: int) -> bool:
    """Saves in a child that dies right before its call number `last`: was it killed?"""
    child = os.fork()
    if child == 0:
        done = 0

        def hook(event, arguments):
            nonlocal done
            if event in EVENTS and str(arguments[0]).startswith(str(folder)):
                if done == last:
                    os.kill(os.getpid(), signal.SIGKILL)
                done += 1

        sys.addaudithook(hook)
        Checkpoints(folder).save(step, fill, score=1)
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def is_damaged(folder: Path) -> bool:
    try:
        check(folder)
    except Damaged:
        return True
    return False


def main(folder: Path) -> dict:
    newest, best, kept, damaged, killed = [], [], [], [], True
    while killed:
        shutil.rmtree(folder, ignore_errors=True)
        checkpoints = Checkpoints(folder)
        for step in (1, 2, 3):
            checkpoints.save(step, fill, score=-step)  # the first stays the best
        killed = kill_at(len(newest), folder, step=4)
        newest.append(checkpoints.newest(damaged.append))
        best.append(checkpoints.best())
        kept.append(checkpoints.steps())
        damaged += [step for step in kept[-1] if is_damaged(checkpoints.path(step))]
    checkpoints.save(5, fill)
    left = [path.name for path in folder.iterdir() if path.name.startswith(".aside")]
    return {"newest": newest, "best": best, "kept": kept, "damaged": damaged, "left": left}


print(json.dumps(main(Path(sys.argv[1]))))
