"""Builds that are killed, each in a process of its own: `python -m ... ROOT FOLDER SEED TIMES`.

Kills at a moment of the build that the seed draws: before any write to a file, before and after
any renaming. Says for each what it left: whether there was a manifest, and the names.
"""

import json
import os
import random
import signal
import sys
import traceback
from pathlib import Path

from sbir_tf.data.records import storage
from sbir_tf.data.records.build import build_records
from tests.data.records.odd_tree import PLAIN, items_of

MANY, LITTLE = 10**9, 100


class Moments:
    """Counts moments, and kills this process at one of them."""

    def __init__(self, fatal):
        self.fatal, self.passed = fatal, 0

    def moment(self):
        if self.passed == self.fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        self.passed += 1

    def watch(self):
        create, rename = storage.FileSystems.create, storage.FileSystems.rename

        def watched_create(*arguments, **options):
            return Watched(create(*arguments, **options), self.moment)

        def watched_rename(*arguments):
            self.moment()
            rename(*arguments)
            self.moment()

        storage.FileSystems.create = watched_create
        storage.FileSystems.rename = watched_rename


class Watched:
    """A file, before and amid each write to which there is a moment."""

    def __init__(self, file, moment):
        self.file, self.moment = file, moment

    def write(self, data):
        if len(data) < LITTLE:  # Parquet's hundreds of writes of a few bytes are all alike
            return self.file.write(data)
        self.moment()
        half = len(data) // 2  # a write may be cut anywhere
        self.file.write(data[:half])
        self.file.flush()
        self.moment()
        return half + self.file.write(data[half:])

    def __getattr__(self, name):
        return getattr(self.file, name)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.file.close()


def build(root, to):
    build_records(root, items_of(root), to, size=32, layout=PLAIN, shard_size=5, jobs=1)


def in_child(root, to, moments, writing):
    try:
        moments.watch()
        build(root, to)
        os.write(writing, str(moments.passed).encode())
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(0)


def killed(root, to, fatal):
    """Build in a child that dies at a moment; how many moments there are if it does not."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        in_child(root, to, Moments(fatal), writing)
    os.close(writing)
    _, status = os.waitpid(child, 0)
    with os.fdopen(reading) as said:
        passed = said.read()
    died = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    return None if died else int(passed)


def main():
    root, folder, seed, times = Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:])
    draw = random.Random(seed)
    moments = killed(root, folder / "whole", MANY)
    left = []
    for number in range(times):
        # Some continue one folder, each further on; the others start anew.
        name = "continued" if number % 2 else f"new-{number}"
        fatal = draw.randrange(moments // 4 if number % 2 else moments)
        died = killed(root, folder / name, fatal) is None
        found = sorted(str(p.relative_to(folder / name)) for p in (folder / name).rglob("*"))
        left.append({"name": name, "died": died, "found": found})
    for name in {entry["name"] for entry in left}:
        killed(root, folder / name, MANY)
    print(json.dumps({"moments": moments, "left": left}))


if __name__ == "__main__":
    main()
