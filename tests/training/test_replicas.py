"""One replica equals two; every run in a process of its own, since two can abort each other."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.training.test_workers import AGAIN, weights_of
from training.losses import LOSSES

pytestmark = pytest.mark.slow

TOLERANCE = 1e-6
ROOT = Path(__file__).parents[2]


def one_step(folder, *overrides):
    call = [sys.executable, "-W", "ignore", "-m", "tests.one_step", folder, *overrides]
    quiet = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    subprocess.run(list(map(str, call)), check=True, cwd=ROOT, env=quiet)
    return folder


@pytest.fixture(scope="module")
def steps(tmp_path_factory):
    """Folders of the weights after one step, by the number of replicas."""
    folder = tmp_path_factory.mktemp("replicas")
    overrides = ("loss.name=mems", "network.sync_batch_norm=true")
    return {n: one_step(folder / str(n), f"replicas={n}", *overrides) for n in (1, 2)}


@pytest.mark.parametrize("name", ["network", *LOSSES])
def test_a_step_of_one_replica_is_a_step_of_two(steps, name):
    """The network with synchronized norms under MEMS, and every loss over a few layers."""
    one, two = (np.load(steps[replicas] / f"{name}.npz") for replicas in (1, 2))
    assert one.files == two.files
    assert one["moved"] > 1000 * TOLERANCE  # that of another scale would be seen
    for weight in one.files:
        # Two float32 numbers of 80, next to each other, are 7.6e-6 apart: so much is rounding.
        rounding = 2 * np.finfo(np.float32).eps
        np.testing.assert_allclose(two[weight], one[weight], rtol=rounding, atol=TOLERANCE)


def test_a_training_on_two_replicas_that_is_asked_to_end_continues_to_the_same(tmp_path):
    """With averages and steps of two batches, on a loss over pairs of both replicas' items."""
    call = [sys.executable, "-W", "ignore", "-m", "tests.one_run"]
    for folder, *more in (("whole",), ("run", "--sigterm=3"), ("run",)):
        overrides = ("replicas=2", *AGAIN, *more)
        ended = subprocess.run(
            [*call, str(tmp_path / folder), *overrides],
            check=True,
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert ("after step 3, saved after step 3" in ended.stderr) == bool(more)
    assert json.loads((tmp_path / "run" / "run.json").read_text())["replicas"] == 2
    whole, again = (weights_of(tmp_path / name) for name in ("whole", "run"))
    assert whole.keys() == again.keys()
    for name, weight in whole.items():
        # A checkpoint has the means of what the replicas' own norms see: rounded once more.
        np.testing.assert_allclose(again[name], weight, rtol=0, atol=1e-6, err_msg=name)


def test_without_synchronized_norms_the_statistics_are_of_each_part(steps, tmp_path):
    apart = np.load(one_step(tmp_path / "apart", "replicas=2", "loss.name=mems") / "network.npz")
    together = np.load(steps[2] / "network.npz")
    assert max(np.abs(apart[name] - together[name]).max() for name in apart.files) > 1e-4
