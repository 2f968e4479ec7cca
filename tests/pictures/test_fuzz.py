"""Hundreds of damaged pictures, read in a process of its own, so that a crash would be seen."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from sbir_tf.data.facts import FACTS
from sbir_tf.data.layouts import Item
from sbir_tf.data.survey import survey
from tests import mutants

ROOT = Path(__file__).parents[2]
SECONDS = 120  # a hang; all of them take about ten


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz") / "mutants"


@pytest.fixture(scope="module")
def outcomes(folder):
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    run = subprocess.run(
        [sys.executable, "-m", "tests.mutants", folder],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        cwd=ROOT,
        env={**os.environ, **one_thread},
        check=False,
    )
    last = run.stderr.splitlines()[-1:]
    assert run.returncode == 0, f"died with {run.returncode} at {last}"
    return [json.loads(line) for line in run.stdout.splitlines()]


def test_every_damaged_picture_is_read_or_refused_by_name(outcomes):
    became = Counter(outcome["became"] for outcome in outcomes[:-1])
    assert set(became) == {"read", "refused"}, became
    assert became.total() >= 2000
    assert min(became.values()) > 50  # else the damage is too slight, or too great, to test much


def test_damaged_pictures_take_little_memory(outcomes):
    # Four bytes a pixel in a decoder, as many for white, the composite, the result; and Python.
    assert outcomes[-1]["peak"] < 16 * mutants.MAX_PIXELS + 250 * 2**20


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # damaged EXIF, as the reader ignores
def test_a_survey_of_damaged_pictures_has_a_row_for_each(outcomes, folder):
    names = sorted(path.name for path in folder.iterdir())
    items = [Item(name, "mutants", "photo") for name in names]
    table = survey(folder, items, jobs=2, cache=None)
    assert table.schema == FACTS
    assert table["key"].to_pylist() == names
    refused = {outcome["name"] for outcome in outcomes[:-1] if outcome["became"] == "refused"}
    for row in table.to_pylist():
        assert bool(row["problem"]) == (row["digest"] == "") == (row["width"] == 0)
        # The survey's limit on pixels is higher, so it may read what the process refused.
        assert not row["problem"] or row["key"] in refused


def test_the_mutants_are_the_same_every_time():
    assert dict(mutants.mutants()) == dict(mutants.mutants())
