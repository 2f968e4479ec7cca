"""Files and folders written aside."""

import subprocess
import sys

import pytest

from sbir_tf.files import sweep, written_aside


def test_a_folder_is_replaced_only_once_the_new_one_is_whole(tmp_path, monkeypatch):
    (tmp_path / "it").mkdir()
    (tmp_path / "it" / "old").touch()

    def interrupted(path):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("sbir_tf.files.sync", interrupted)
        with (
            pytest.raises(KeyboardInterrupt),
            written_aside(tmp_path / "it", replace=True) as aside,
        ):
            aside.mkdir()
    assert [path.name for path in tmp_path.rglob("*")] == ["it", "old"]
    with written_aside(tmp_path / "it", replace=True) as aside:
        aside.mkdir()
        (aside / "new").touch()
    assert [path.name for path in tmp_path.rglob("*")] == ["it", "new"]


def test_what_another_process_is_writing_is_not_swept(tmp_path):
    waiting = [sys.executable, "-c", "input()"]
    with subprocess.Popen(waiting, stdin=subprocess.PIPE) as process:
        live = tmp_path / f".aside.{process.pid}.file"
        live.touch()
        sweep(tmp_path)
        assert live.exists()
        process.communicate(b"\n")
    sweep(tmp_path)
    assert not live.exists()
