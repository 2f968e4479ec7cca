"""Run folders that are damaged, of other data, or not to be written: one clear error each."""

import dataclasses
import json
import shutil
from pathlib import Path

import pytest

from sbir_tf.data.layouts import LAYOUTS, list_items
from sbir_tf.data.records import build_records
from sbir_tf.errors import UserError
from tests import trees
from tests.small import small
from training import fingerprint
from training.codes.report import evaluate_codes
from training.config import load_config
from training.evaluate import evaluate_run
from training.fingerprint import accept_or_refuse, fingerprint_of, refuse_another_cut
from training.locking import only_process_in
from training.run import (
    check_writable,
    create_or_continue,
    existing_run,
    note_session,
    open_run,
)

CONFIG = load_config("icons_tiny")


@pytest.fixture
def run(tmp_path):
    return create_or_continue(tmp_path / "run", CONFIG, data={"digest": "of the data"})


def test_a_new_run_says_what_repeats_it(run):
    facts = run.facts()
    assert facts["command"]
    assert facts["data"] == {"digest": "of the data"}
    assert {"python", "tensorflow", "keras", "numpy"} <= set(facts["versions"])
    assert open_run(run.folder).config == CONFIG


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", "\x00\x01"])
def test_a_damaged_config_or_run_file_is_named_with_a_cure(run, text):
    (run.folder / "run.json").write_text(text)
    for act in (run.facts, lambda: run.note(margin=1.0)):
        with pytest.raises(UserError, match=r"run/run\.json .*: bring it back, or remove it"):
            act()
    assert (run.folder / "run.json").read_text() == text
    (run.folder / "config.json").write_text(text)
    with pytest.raises(UserError, match=r"run/config\.json cannot be read .*bring it back, or"):
        existing_run(run.folder, CONFIG)


def test_a_complete_runs_damaged_facts_are_not_to_be_removed(run):
    run.weights.write_text("weights")
    (run.folder / "run.json").write_text("{")
    with pytest.raises(UserError, match="bring it back, or train again in another folder"):
        run.facts()


def test_facts_that_are_gone_are_written_again(run):
    (run.folder / "run.json").unlink()
    again = create_or_continue(run.folder, CONFIG, data={"digest": "now"})
    assert again.facts()["data"] == {"digest": "now"}


def test_a_creation_that_was_killed_is_taken_up_again(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "run.json").write_text('{"data": {"digest": "unfinished"}}')
    (folder / ".aside.123.config.json").write_text("{")
    assert existing_run(folder, CONFIG) is None
    assert create_or_continue(folder, CONFIG, data={}).facts()["data"] == {}


def test_a_place_that_cannot_be_written_is_refused_before_the_work(tmp_path, monkeypatch):
    check_writable(tmp_path / "a" / "new" / "folder")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UserError, match=r"file/run cannot be written \(.*file is no folder"):
        check_writable(tmp_path / "file" / "run")
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(UserError, match="without permission"):
        check_writable(tmp_path / "run")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_folder_that_turns_out_unwritable_is_named(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("training.run.write_json", refuse)
    with pytest.raises(UserError, match=r"run cannot be written \(Permission denied\)"):
        create_or_continue(tmp_path / "run", CONFIG)


@pytest.fixture
def data(tmp_path):
    return data_in(trees.plain(tmp_path / "mine", sketches=5))


def data_in(root):
    split = ("data.split=supervised", "data.test_sketches=2")
    return small("data.source=folder", *split, f"data.root={root}").data


@pytest.fixture
def of_data(run, data):
    """A run that has checkpoints of these data."""
    accept_or_refuse(run, fingerprint_of(data))
    run.checkpoints.mkdir()
    return run


def test_the_same_data_are_the_same_whenever_they_were_copied(of_data, data, tmp_path):
    accept_or_refuse(of_data, fingerprint_of(data))
    copied = shutil.copytree(data.root, tmp_path / "copied")  # with other times
    assert of_data.facts()["data"]["items"] == len(fingerprint_of(data).items)
    assert fingerprint_of(data_in(copied)).facts["digest"] == of_data.facts()["data"]["digest"]


def pictures(data, kind):
    return sorted(path for path in (Path(data.root) / kind).rglob("*") if path.is_file())


def test_what_changed_of_the_data_is_said(of_data, data):
    first, second, third, *_ = pictures(data, "photos")
    first.unlink()
    second.write_bytes(second.read_bytes() + b"more")
    shutil.copy(third, third.with_name("new.png"))
    with pytest.raises(UserError) as refused:
        accept_or_refuse(of_data, fingerprint_of(data))
    said = str(refused.value)
    assert f"{data.root} changed since {of_data.folder} began: 1 added (" in said
    assert "1 removed (" in said and first.name in said
    assert "1 of another size (" in said and second.name in said
    assert said.endswith("go on with the changed data by --accept-data")
    before = of_data.facts()["data"]
    accept_or_refuse(of_data, fingerprint_of(data), accept=True)
    assert of_data.facts()["data_before"] == [before]
    accept_or_refuse(of_data, fingerprint_of(data))  # from now on these are its data


def test_where_changed_data_cannot_be_accepted_they_are_not_offered(of_data, data):
    pictures(data, "photos")[0].unlink()
    with pytest.raises(UserError, match=r"name another folder with --to to train anew$"):
        accept_or_refuse(of_data, fingerprint_of(data), accept=None)


def test_other_classes_are_refused_however_they_are_accepted(of_data, data):
    for kind in ("sketches", "photos"):
        (Path(data.root) / kind / "dog").rename(Path(data.root) / kind / "fox")
    before = of_data.facts()
    said = r"The classes in .* changed since .*: 1 added \(fox\), 1 removed \(dog\)\. It cannot"
    with pytest.raises(UserError, match=said):
        accept_or_refuse(of_data, fingerprint_of(data), accept=True)
    assert of_data.facts() == before


def test_a_run_is_not_measured_by_what_it_was_trained_on(of_data, data):
    measured = dataclasses.replace(of_data, config=dataclasses.replace(CONFIG, data=data))
    refuse_another_cut(measured)
    picture = pictures(data, "photos")[0]
    picture.write_bytes(picture.read_bytes() + b"of another size, where it was")
    refuse_another_cut(measured)
    trees.save(trees.sketch(0, 9), Path(data.root) / "sketches" / "cat" / "9.png")
    for act in (refuse_another_cut, evaluate_run, evaluate_codes):
        with pytest.raises(UserError, match=r"changed since .*run was trained: 1 added \("):
            act(measured)
    (of_data.folder / fingerprint.ITEMS).unlink()
    with pytest.raises(UserError, match=r"was trained: its digest was"):
        refuse_another_cut(measured)


def test_before_the_first_checkpoint_a_picture_may_be_mended(run, data):
    accept_or_refuse(run, fingerprint_of(data))
    pictures(data, "photos")[0].unlink()
    now = fingerprint_of(data)
    accept_or_refuse(run, now)
    assert run.facts()["data"] == now.facts
    assert fingerprint.kept_items(run.folder) == now.items


def test_a_split_that_moved_is_a_change_of_the_data(of_data, data):
    with pytest.raises(UserError, match=r"\d+ in another part of the split \("):
        accept_or_refuse(of_data, fingerprint_of(dataclasses.replace(data, split_seed=5)))


def test_without_the_list_of_items_the_digests_are_said(of_data, data):
    (of_data.folder / fingerprint.ITEMS).write_bytes(b"torn")
    pictures(data, "photos")[0].unlink()
    with pytest.raises(UserError, match=r"its digest was [0-9a-f]{12}, it is [0-9a-f]{12}"):
        accept_or_refuse(of_data, fingerprint_of(data))


def test_a_run_from_before_there_were_digests_goes_on(run, data):
    facts = run.facts()
    del facts["data"]
    (run.folder / "run.json").write_text(json.dumps(facts))
    run.checkpoints.mkdir()
    accept_or_refuse(run, fingerprint_of(data))
    assert run.facts()["data"] == fingerprint_of(data).facts  # from now on
    pictures(data, "photos")[0].unlink()
    with pytest.raises(UserError, match="1 removed"):
        accept_or_refuse(run, fingerprint_of(data))


def test_a_session_of_other_code_or_packages_is_noted(run, monkeypatch):
    note_session(run)
    assert "sessions" not in run.facts()
    monkeypatch.setattr("training.provenance.versions", lambda: {"tensorflow": "3"})
    for _ in range(2):
        note_session(run)
    (noted,) = run.facts()["sessions"]
    assert noted["versions"] == {"tensorflow": "3"}
    assert run.facts()["versions"] != noted["versions"]


def test_an_error_inside_is_not_taken_for_another_process(tmp_path):
    with pytest.raises(BlockingIOError), only_process_in(tmp_path):
        raise BlockingIOError


def test_records_are_known_by_their_own_digest(run, tmp_path):
    root = trees.plain(tmp_path / "pets", sketches=5)
    data = dataclasses.replace(data_in(tmp_path / "records"), source="records")

    def build():
        items = list_items(root, LAYOUTS["plain"], None, None)
        build_records(root, items, data.root, size=32, layout=LAYOUTS["plain"], force=True)
        return fingerprint_of(data)

    first = build()
    assert len(first.facts["manifest"]) == 64
    assert build().facts == first.facts
    accept_or_refuse(run, first)
    run.checkpoints.mkdir()
    trees.save(trees.sketch(0, 9), root / "sketches" / "cat" / "0.png")
    with pytest.raises(UserError, match=f"{data.root} changed since .*: "):
        accept_or_refuse(run, build())


def test_the_icons_are_known_by_their_archive(run):
    now = fingerprint_of(CONFIG.data)
    assert len(now.facts["digest"]) == 64
    run.checkpoints.mkdir()
    with pytest.raises(UserError, match=r"archive of the bundled icons changed since .*digest was"):
        accept_or_refuse(run, now)
