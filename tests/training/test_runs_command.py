"""`sbir runs`: whatever lies in a folder of runs, it is told and nothing crashes."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from sbir_tf.errors import UserError
from tests.small import small
from training.explain.log import EpochLog, read_log
from training.position import Position
from training.run import create_or_continue
from training.runs import base_of, changed, details, side_by_side, steps_done, summaries, summary

LOG = "epoch,step,time,seconds,loss,margin\n"


def a_run(folder, *overrides, lines=("0,2,2026-01-02T03:04:05+00:00,1.5,2.25,1.1",), done=False):
    """A run's folder, as a training leaves it."""
    run = create_or_continue(folder, small(*overrides), data={"source": "icons", "digest": "abc"})
    run.note(command=["/opt/bin/sbir", "train", "icons_tiny"], revision="f00", versions={"tf": "2"})
    run.log.write_text(LOG + "".join(f"{line}\n" for line in lines))
    if done:
        run.note(training_seconds=12.5)
        run.weights.write_bytes(b"weights")
    return run


@pytest.fixture
def runs(tmp_path):
    """A complete run, an unfinished one, one that failed, one in a folder inside, and others."""
    folder = tmp_path / "runs"
    run = a_run(folder / "done", done=True)
    evaluation = {"map_all": 0.5, "precision_at": {"10": 0.25}, "hit_at": {"10": 1.0}}
    (run.folder / "evaluation.json").write_text(json.dumps(evaluation))
    a_run(folder / "begun", "seed=1", lines=())
    a_run(folder / "many" / "deep", "loss.margin=2").note(failure="The training collapsed")
    damaged = a_run(folder / "damaged")
    (damaged.folder / "config.json").write_text('{"steps": 6')
    (folder / "foreign").mkdir()
    (folder / "foreign" / "picture.png").write_bytes(b"")
    (folder / "note.txt").write_text("mine")
    return folder


def test_every_run_is_summed_up_and_the_rest_has_its_reason(runs):
    found = {each.folder.removeprefix(f"{runs}/"): each for each in summaries(runs)}
    assert {name: each.state for name, each in found.items()} == {
        "begun": "unfinished",
        "damaged": "unreadable",
        "done": "complete",
        "foreign": "unreadable",
        "many/deep": "failed",
    }
    done = found["done"]
    assert (done.config, done.done, done.steps, done.seconds) == ("icons_tiny", 2, 6, 12.5)
    assert done.when == "2026-01-02T03:04:05+00:00"
    assert done.figures == {
        "loss": 2.25,
        "margin": 1.1,
        "mAP@all": 0.5,
        "P@10": 0.25,
        "hit@10": 1.0,
    }
    assert (found["begun"].done, found["begun"].figures) == (0, {})
    assert found["begun"].when  # of its folder
    assert "config.json cannot be read" in found["damaged"].reason
    assert "is not a run" in found["foreign"].reason
    assert found["many/deep"].reason == "The training collapsed"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("run.json", "{"),
        ("run.json", "[]"),
        ("config.json", "[]"),
        ("config.json", '{"name": "x", "steps": 1, "unknown": 2}'),
        ("config.json", '{"name": "x", "steps": 1, "loss": 3}'),
        ("evaluation.json", "{}"),
        ("evaluation.json", "\x00\xff"),
        ("log.csv", "epoch,step\n0\x00,many\n"),
        ("log.csv", ""),
        ("log.csv", "\xff\xfe"),
    ],
)
def test_a_damaged_file_is_told_not_a_crash(tmp_path, name, content, sbir):
    run = a_run(tmp_path / "runs" / "run")
    (run.folder / name).write_bytes(content.encode("latin-1"))
    found = summary(run.folder)
    assert found.state in ("unreadable", "unfinished")
    assert name in found.reason or found.state == "unfinished"
    assert sbir("runs", "list", tmp_path / "runs").code == 0
    assert sbir("runs", "show", run.folder).code in (0, 2)


def test_a_zero_is_a_figure(tmp_path):
    run = a_run(tmp_path / "run", lines=("0,2,2026-01-02T03:04:05+00:00,0,0.0,1.1",))
    run.note(training_seconds=0.0)
    found = summary(run.folder)
    assert (found.figures["loss"], found.seconds) == (0.0, 0.0)


def test_a_damaged_line_of_a_log_costs_itself_alone(tmp_path):
    lines = ("0,2,t,1,5.0,1", "1,4,t,2,4.0,1,more,than,columns", "2,6", "3,8,t,3,3.0,1")
    run = a_run(tmp_path / "run", lines=lines)
    assert [row["loss"] for row in read_log(run.log)] == ["5.0", "3.0"]
    position = Position(2)
    position.step = 10
    EpochLog(run.log, position).on_epoch_end(4, {"loss": 2.0})
    assert [row["loss"] for row in read_log(run.log)] == ["5.0", "3.0", "2.0"]


def test_a_folder_that_cannot_be_read_is_listed_with_its_reason(runs, monkeypatch):
    iterdir = Path.iterdir

    def refuse(path):
        if path.name == "foreign":
            raise PermissionError(13, "Permission denied", str(path))
        return iterdir(path)

    monkeypatch.setattr(Path, "iterdir", refuse)
    found = {each.folder.removeprefix(f"{runs}/"): each.state for each in summaries(runs)}
    assert found["foreign"] == "unreadable"
    assert found["many/deep"] == "failed"
    exists = Path.exists

    def hidden(path, **options):
        if path.parent.name == "foreign":
            raise PermissionError(13, "Permission denied", str(path))
        return exists(path, **options)

    monkeypatch.setattr(Path, "exists", hidden)
    assert len(summaries(runs)) == 5


def test_a_list_of_classes_is_left_to_json(sbir, tmp_path):
    run = a_run(tmp_path / "run")
    run.note(data={"source": "folder", "trained_classes": ["cat", "dog"]})
    assert "data: source folder\n" in sbir("runs", "show", run.folder).out
    assert "cat" in sbir("runs", "show", run.folder, "--json").out


def test_a_failure_is_of_a_run_that_did_not_get_further(tmp_path):
    run = a_run(tmp_path / "run", done=True)
    run.note(failure="The training collapsed")
    assert (summary(run.folder).state, summary(run.folder).reason) == ("complete", "")
    run.forget("failure")
    assert "failure" not in run.facts()


def test_a_log_from_before_it_had_steps_counts_epochs(tmp_path):
    run = a_run(tmp_path / "run")
    assert steps_done(run, [{"epoch": "1", "loss": "2"}]) == 4
    (run.checkpoints / "step-000005").mkdir(parents=True)
    assert steps_done(run, [{"epoch": "1", "loss": "2"}]) == 5


def test_what_a_run_changes_of_its_configuration(tmp_path):
    run = a_run(tmp_path / "run", "loss.margin=2")
    differing = changed(run.config)
    assert differing["loss.margin"] == [None, 2.0]
    assert differing["steps"] == [1500, 6]
    assert "optimizer.learning_rate" not in differing


def test_a_finetuned_run_is_told_apart_from_what_it_came_from():
    config = replace(small(), name="icons_tiny_my_pets")
    assert base_of(config)[0] == "icons_tiny"
    assert base_of(replace(config, name="icons_tinyish"))[0] == "icons"
    assert base_of(replace(config, name="iconsish_tiny"))[0] == "the defaults"


def test_details_say_how_to_go_on(runs):
    assert details(runs / "begun")["continue"] == "sbir train icons_tiny"
    assert details(runs / "done")["continue"] is None


def test_runs_side_by_side_show_what_differs(runs):
    compared = side_by_side([runs / "done", runs / "many" / "deep"])
    assert compared["config"] == {"loss.margin": [None, 2.0]}
    assert compared["figures"]["mAP@all"] == [0.5, None]
    assert compared["state"] == ["complete", "failed"]


def test_the_front_door_lists_shows_and_compares(sbir, runs):
    listed = sbir("runs", "list", runs)
    assert listed.code == 0
    for part in ("many/deep", "complete", "2/6", "0.5", "2026-01-02 03:04", "foreign is not a run"):
        assert part in listed.out.replace("\n", " "), part
    shown = sbir("runs", "show", runs / "begun").out
    assert "seed=1 (0 in icons_tiny)" in shown
    assert "continue it with: sbir train icons_tiny" in shown
    assert "data: source icons, digest abc" in shown
    compared = sbir("runs", "compare", runs / "done", runs / "begun").out
    assert "seed" in compared


def test_json_is_json(sbir, runs):
    rows = json.loads(sbir("runs", "list", runs, "--json").out)
    assert {row["state"] for row in rows} == {"complete", "unfinished", "failed", "unreadable"}
    assert json.loads(sbir("runs", "show", runs / "done", "--json").out)["facts"]["revision"]
    pair = (runs / "done", runs / "begun")
    assert json.loads(sbir("runs", "compare", *pair, "--json").out)["config"] == {"seed": [0, 1]}


def test_a_mistake_is_one_line(refused, runs, tmp_path):
    assert "is not a folder" in refused("runs", "list", tmp_path / "none")
    assert "is not a run" in refused("runs", "show", runs / "foreign")
    assert "two runs or more" in refused("runs", "compare", runs / "done")
    assert "cannot be read" in refused("runs", "compare", runs / "done", runs / "damaged")


def test_a_run_lists_itself_and_an_empty_folder_says_so(sbir, runs, tmp_path):
    assert "complete" in sbir("runs", "list", runs / "done").out
    (tmp_path / "empty").mkdir()
    assert "holds no run" in sbir("runs", "list", tmp_path / "empty").out
    with pytest.raises(UserError, match="is not a folder"):
        summaries(runs / "note.txt")
