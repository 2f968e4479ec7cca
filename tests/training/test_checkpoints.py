"""Checkpoints on disk: none is half-written, a damaged one is noticed, the best one stays."""

import errno
import json
import subprocess
import sys
from pathlib import Path

import pytest

from sbir_tf.errors import UserError
from training.checkpoints import Checkpoints, Damaged, check

HERE = Path(__file__).parent


def fill(folder):
    (folder / "variables").write_bytes(bytes(range(256)) * 8)
    (folder / "state.json").write_text('{"step": 1}\n')


def saved(folder, *steps, keep=2, score=None):
    checkpoints = Checkpoints(folder, keep)
    for step in steps:
        checkpoints.save(step, fill, score)
    return checkpoints


def quiet(warning):
    raise AssertionError(warning)


def test_the_last_ones_are_kept_and_the_newest_is_found(tmp_path):
    checkpoints = saved(tmp_path, 100, 200, 300, keep=2)
    assert checkpoints.steps() == [200, 300]
    assert checkpoints.newest(quiet) == 300
    assert Checkpoints(tmp_path / "nowhere").newest(quiet) is None


def test_the_best_one_is_kept_besides_however_old(tmp_path):
    checkpoints = Checkpoints(tmp_path, keep=2, metric="val_map")
    for step, score in ((1, 0.2), (2, 0.5), (3, None), (4, 0.5), (5, 0.4)):
        checkpoints.save(step, fill, score)
    assert checkpoints.steps() == [2, 4, 5]  # of equals, the first
    assert checkpoints.best() == 2
    assert checkpoints.best_of_whole() == 2
    checkpoints.save(6, fill, 0.6)
    assert checkpoints.steps() == [5, 6]


def test_scores_of_another_metric_are_not_compared(tmp_path):
    Checkpoints(tmp_path, keep=3, metric="val_map").save(1, fill, 0.9)
    checkpoints = Checkpoints(tmp_path, keep=3, metric="loss")
    assert checkpoints.best() is None
    with pytest.raises(UserError, match=r"No checkpoint in .* says its loss"):
        checkpoints.best_of_whole()
    checkpoints.save(2, fill, -2.5)
    assert checkpoints.best() == 2


def test_a_best_one_survives_that_nothing_was_written_after_it_had_its_name(tmp_path, monkeypatch):
    checkpoints = Checkpoints(tmp_path, keep=1, metric="val_map")
    checkpoints.save(1, fill, 0.1)

    def killed(self):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Checkpoints, "_prune", killed)
        checkpoints.save(2, fill, 0.9)
    checkpoints.save(3, fill, 0.5)
    assert (checkpoints.best(), checkpoints.steps()) == (2, [2, 3])


def test_a_damaged_one_may_be_the_best_and_is_not_passed_over(tmp_path):
    checkpoints = saved(tmp_path, 1, 2, score=0.5)
    (checkpoints.path(1) / "score.json").unlink()
    with pytest.raises(
        UserError, match=r"step-000001 is damaged \(score.json is missing\).*remove"
    ):
        checkpoints.best_of_whole()


DAMAGES = {
    "truncated": (lambda f: cut(f / "variables", 100), "variables has 100 of 2048 bytes"),
    "altered": (lambda f: flip(f / "variables"), "variables was altered"),
    "empty": (lambda f: cut(f / "state.json", 0), "state.json has 0 of 12 bytes"),
    "gone": (lambda f: (f / "state.json").unlink(), "state.json is missing"),
    "no manifest": (lambda f: (f / "manifest.json").unlink(), "manifest.json is missing"),
    "torn manifest": (lambda f: cut(f / "manifest.json", 20), "manifest.json is missing or"),
    "other manifest": (lambda f: (f / "manifest.json").write_text("[1]"), "cannot be read"),
}


def cut(path, size):
    path.write_bytes(path.read_bytes()[:size])


def flip(path):
    data = bytearray(path.read_bytes())
    data[1000] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_one_is_noticed_and_the_one_before_is_used_with_a_warning(tmp_path, kind):
    damage, said = DAMAGES[kind]
    checkpoints, warnings = saved(tmp_path, 100, 200), []
    damage(checkpoints.path(200))
    assert checkpoints.newest(warnings.append) == 100
    (warning,) = warnings
    assert "step-000200 is damaged" in warning
    assert said in warning
    assert "continuing from step-000100, the one before" in warning
    # Trained again, step 200 takes the place of the damaged one.
    checkpoints.save(200, fill)
    assert checkpoints.newest(quiet) == 200
    assert checkpoints.steps() == [100, 200]


def test_a_damaged_one_takes_no_place_among_those_kept(tmp_path):
    checkpoints = saved(tmp_path, 100, 200)
    flip(checkpoints.path(200) / "variables")
    checkpoints.save(150, fill)
    assert checkpoints.steps() == [100, 150]


def test_a_training_does_not_begin_anew_because_all_are_damaged(tmp_path):
    checkpoints = saved(tmp_path, 100, 200)
    for step in (100, 200):
        cut(checkpoints.path(step) / "variables", 5)
    with pytest.raises(UserError, match=r"step-000200 is damaged.*step-000100 is damaged.*remove"):
        checkpoints.newest(quiet)
    assert checkpoints.steps() == [100, 200]


@pytest.mark.parametrize("text", ["{", "[1]", "{}", '{"metric": null, "score": null}'])
def test_a_score_that_cannot_be_read_is_none(tmp_path, text):
    checkpoints = saved(tmp_path, 1, score=0.5)
    (checkpoints.path(1) / "score.json").write_text(text)
    assert checkpoints.best() is None


@pytest.mark.parametrize("written", [0, 1, 2])
def test_a_write_that_fails_leaves_those_that_are_there(tmp_path, written):
    checkpoints = saved(tmp_path, 100, 200)

    def full(folder):
        for number in range(written):
            (folder / f"file {number}").write_text("some")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        checkpoints.save(300, full)
    assert checkpoints.newest(quiet) == 200
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-000100", "step-000200"]


def test_a_file_that_the_manifest_does_not_know_is_no_damage(tmp_path):
    checkpoints = saved(tmp_path, 1)
    (checkpoints.path(1) / "note.txt").write_text("mine")
    check(checkpoints.path(1))
    with pytest.raises(Damaged):
        check(tmp_path)


def test_kill_at_every_call_leaves_the_newest_one_or_the_one_before(tmp_path):
    script = [sys.executable, str(HERE / "kill_while_saving.py"), str(tmp_path / "checkpoints")]
    done = subprocess.run(script, cwd=HERE.parents[1], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert len(result["newest"]) > 15
    assert set(result["newest"]) == {3, 4}
    assert result["newest"] == sorted(result["newest"])  # one switch: never back
    # The first was the best until the fourth was.
    assert set(result["best"]) == {1, 4}
    assert all(
        (best == 4) == (newest == 4)
        for best, newest in zip(result["best"], result["newest"], strict=True)
    )
    assert result["damaged"] == []  # one that is being removed is not seen with files gone
    assert all({3, 4} & set(steps) for steps in result["kept"])
    assert result["left"] == []  # the next write sweeps up
