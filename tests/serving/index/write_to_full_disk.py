"""Changes and saves an index where there is no room, and prints the errors.

Usage: write_to_full_disk.py FOLDER [mount]
Forbids files above 64 kB; with "mount" (in a namespace where that is allowed) first fills a small
tmpfs to another byte each time.
"""

import errno
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path.cwd())]

import numpy as np  # noqa: E402
from numpy_ranking import MODEL, check_answers, random_vectors  # noqa: E402

from serving.index import Index, create_index, open_index  # noqa: E402
from serving.index.stored import check_stored  # noqa: E402
from serving.index.stored.layout import GENERATIONS  # noqa: E402

QUERIES = random_vectors("l2", 3, 8, seed=9)


def attempt(step: Callable[[], None]) -> str | None:
    try:
        step()
    except OSError as error:
        return errno.errorcode[error.errno]
    return None


def look(index: Index, items: dict) -> None:
    check_answers(index.search(QUERIES, 20), "l2", QUERIES, items, 20)


def add(index: Index, items: dict, prefix: str, count: int) -> str | None:
    new = {f"{prefix}/{row}": vector for row, vector in enumerate(random_vectors("l2", count, 8))}
    error = attempt(lambda: index.add(list(new), np.array(list(new.values()))))
    if error is None:
        items |= new
    look(index, items)  # without room, too
    return error


def limit(folder: Path) -> dict:
    items: dict = {}
    with closing(create_index(folder, "l2", 8, MODEL)) as index:
        add(index, items, "old", 100)
        index.save()
        resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, 65_536))
        errors = [add(index, items, "new", 3000)]
        errors += [add(index, items, f"some {step}", 30) for step in range(40)]
        errors.append(attempt(index.save))
        look(index, items)
    with closing(open_index(folder)) as reader:
        look(reader, items)
        assert len(reader) == len(items)
    check_stored(folder)
    return {"errors": errors}


def mount(folder: Path) -> dict:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(folder)], check=True)
    errors = {"add": [], "save": [], "create": []}
    for room in range(0, 700_000, 24_576):
        items: dict = {}
        index = create_index(folder / "index", "l2", 8, MODEL)
        with closing(index):
            add(index, items, "old", 500)
            index.save()
            add(index, items, "changed", 200)
            fill(folder, room)
            errors["add"].append(add(index, items, "new", 1000))
            errors["save"].append(attempt(index.save))
            look(index, items)
            assert len(list((folder / "index" / GENERATIONS).iterdir())) == 1
            errors["create"].append(
                attempt(lambda: create_index(folder / "other", "l2", 8, MODEL).close())
            )
            assert (folder / "other").exists() == (errors["create"][-1] is None)
            (folder / "ballast").unlink()
            add(index, items, "later", 100)
            index.save()
        with closing(open_index(folder / "index")) as reader:
            look(reader, items)
            assert len(reader) == len(items)
        check_stored(folder / "index")
        subprocess.run(["rm", "-r", str(folder / "index")], check=True)
        subprocess.run(["rm", "-rf", str(folder / "other")], check=True)
    return errors


def fill(folder: Path, room: int) -> None:
    free = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
    (folder / "ballast").write_bytes(bytes(max(0, free - room)))


result = {}
if "mount" in sys.argv:
    (Path(sys.argv[1]) / "disk").mkdir()
    result["mount"] = mount(Path(sys.argv[1]) / "disk")
result["limit"] = limit(Path(sys.argv[1]) / "limited")
print(json.dumps(result))
