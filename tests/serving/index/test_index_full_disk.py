"""No room left: one error of the operating system, the index as it was, and it goes on."""

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from serving.index import searchers
from serving.index.stored.layout import GENERATIONS

HERE, ROOT = Path(__file__).parent, Path(__file__).parents[3]
NAMESPACE = ["unshare", "--user", "--map-root-user", "--mount"]


def may_mount():
    try:
        return subprocess.run([*NAMESPACE, "true"], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


@pytest.fixture(scope="module")
def full_disks(tmp_path_factory):
    mount, prefix = (["mount"], NAMESPACE) if may_mount() else ([], [])
    script = [*prefix, sys.executable, str(HERE / "write_to_full_disk.py")]
    folder = str(tmp_path_factory.mktemp("full"))
    done = subprocess.run([*script, folder, *mount], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def test_a_file_that_may_not_grow_loses_nothing(full_disks):
    """A real refusal by the kernel (RLIMIT_FSIZE), also where nothing can be mounted."""
    errors = full_disks["limit"]["errors"]
    assert errors[0] is not None
    assert set(errors) - {None} <= {"ENOSPC", "EIO", "EFBIG"}


def test_a_full_disk_loses_nothing_at_any_size(full_disks):
    """A real, small file system that fills up at another byte each time."""
    if "mount" not in full_disks:
        pytest.skip("this system lets us mount nothing (unshare is refused)")
    for step in ("add", "save", "create"):
        errors = full_disks["mount"][step]
        assert set(errors) - {None} <= {"ENOSPC", "EIO"}
        assert errors.count("ENOSPC") >= 2
        assert errors[-1] is None


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_searcher_that_cannot_be_built_leaves_the_generation(fill, tmp_path, monkeypatch, error):
    index, items = fill()

    def fail(*_, **__):
        raise error

    with closing(index):
        index.remove(["a/5.png"])
        monkeypatch.setattr(searchers, "build", fail)
        with pytest.raises(type(error)):
            index.save()
        monkeypatch.undo()
        folder = tmp_path / "index" / GENERATIONS
        assert [entry.name for entry in folder.iterdir()] == ["00000001"]
        assert index.search(np.zeros((1, 8)), 400)[0][0].count("a/5.png") == 0
        index.save()
        assert (index.info().generation, len(index)) == (2, len(items) - 1)
