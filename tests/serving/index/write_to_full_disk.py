"""Writes an index where there is no room, and prints the errors and what was left.

Usage: write_to_full_disk.py FOLDER [mount]
Forbids files above 4 KB; with "mount" (in a namespace where that is allowed) first fills a small
tmpfs to another byte each time.
"""

import errno
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path[:0] = [str(Path(__file__).parent), str(Path.cwd())]

from conftest import KINDS, make_index  # noqa: E402

from serving.index import Index  # noqa: E402


def attempt(index: Index, folder: Path) -> str | None:
    try:
        index.save(folder)
    except OSError as error:
        return errno.errorcode[error.errno]
    return None


def state(folder: Path) -> str:
    index = Index.load(folder)
    assert index.search(index.vectors[:1], 1)[0][0, 0] == index.ids[0]
    return index.ids[0].split("/")[0]


def limit(folder: Path) -> dict:
    old, new = make_index("old", count=10), make_index("new", count=300)
    old.save(folder)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
    error = attempt(new, folder)
    return {"errors": [error], "states": [state(folder)]}


def mount(folder: Path) -> dict:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], check=True)
    old, errors, states = make_index("old", count=10), [], []
    for kind in KINDS:
        new = make_index("new", KINDS[kind], count=2000)
        for room in range(0, 320_000, 24_576):
            old.save(folder / "index")
            free = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
            (folder / "ballast").write_bytes(bytes(max(0, free - room)))
            error = attempt(new, folder / "index")
            errors += [error] if error else []
            states.append(state(folder / "index"))
            assert (states[-1] == "old") == bool(error)
            assert len(list((folder / "index").iterdir())) == 3  # lock, manifest and one generation
            (folder / "ballast").unlink()
    return {"errors": errors, "states": states}


result = {}
if "mount" in sys.argv:
    (Path(sys.argv[1]) / "disk").mkdir()
    result["mount"] = mount(Path(sys.argv[1]) / "disk")
result["limit"] = limit(Path(sys.argv[1]) / "limited")
print(json.dumps(result))
