"""A data set in folders goes the whole way: train, evaluate, export."""

import json
import re
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np
import pyarrow as pa
import pytest

from sbir_tf.data.layouts import LAYOUTS, list_items
from sbir_tf.data.records import build_records, open_records
from sbir_tf.data.splits import make_split, write_split
from sbir_tf.errors import UserError
from tests import trees
from tests.small import OVERRIDES, small
from training import folders
from training.codes.fit import fit_codes
from training.evaluate import embed_views, evaluate_run, trained_encoder
from training.export import model_card
from training.provenance import command_line
from training.run import open_run
from training.saving import SaveCheckpoint
from training.sources import to_train_on
from training.train import train
from training.validation import check_before_training

SMALL = (
    "data.source=folder",
    "data.split=supervised",
    "data.augmentation=published",
    "data.test_sketches=2",
    "data.test_resize=28",
    "steps=4",
    "batch_size=4",
)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return trees.plain(tmp_path_factory.mktemp("data") / "mine", sketches=5)


@pytest.fixture(scope="module")
def config(root):
    return lambda *overrides: small(*SMALL, f"data.root={root}", *overrides)


@pytest.fixture(scope="module")
def run(config, tmp_path_factory):
    return train(config(), tmp_path_factory.mktemp("runs") / "run")


def test_what_is_trained_on_leaves_the_test_sketches_out(config):
    chosen = to_train_on(config().data)
    queries, gallery = folders.held_out(config().data, "test")
    assert (len(chosen.sketches), len(queries), len(gallery)) == (6, 4, 6)
    assert set(queries.places).isdisjoint(chosen.sketches)
    assert set(gallery.places) == set(chosen.photos)
    assert chosen.class_names == ("cat", "dog")
    for items in (queries, gallery):
        for path, label in zip(items.places, items.labels, strict=True):
            assert f"/{chosen.class_names[label]}/" in path


@pytest.mark.slow
def test_sketches_search_all_photos_and_the_protocol_is_said(run):
    result = evaluate_run(run)
    assert (result.queries, result.gallery) == (4, 6)
    written = json.loads((run.folder / "evaluation.json").read_text())
    assert (written["split"], written["flip"]) == ("supervised", False)
    assert "every photo of the gallery was trained on" in written["note"]


@pytest.mark.slow
def test_flipped_views_are_those_of_mirrored_pictures(run):
    """And the metrics are those of a loop over the four distances."""
    encoder = trained_encoder(run)
    queries, gallery = folders.held_out(run.config.data, "test")
    images = np.concatenate(list(queries.batches(64)))
    assert images.shape[1:] == (24, 24, 3)
    views = [embed_views(encoder, items, flip=True) for items in (queries, gallery)]
    bits = np.zeros((len(images), 1), np.float32)
    for view, seen in zip(views[0], (images, images[:, :, ::-1]), strict=True):
        np.testing.assert_allclose(view, encoder.predict_on_batch([seen, bits]), rtol=1e-5)
    ranks = []
    for q, label in enumerate(queries.labels):
        distances = [
            min(((a[q] - b[g]) ** 2).sum() for a in views[0] for b in views[1])
            for g in range(len(gallery))
        ]
        hits = gallery.labels[np.argsort(distances)] == label
        places = np.flatnonzero(hits) + 1
        ranks.append(np.mean(np.arange(1, len(places) + 1) / places))
    assert evaluate_run(run, flip=True).map_all == pytest.approx(np.mean(ranks))
    assert json.loads((run.folder / "evaluation.json").read_text())["flip"] is True


@pytest.mark.slow
def test_the_model_card_names_the_folder_and_the_protocol(run):
    evaluate_run(run, flip=True)
    card = model_card(run, version=1, dimension=8)
    assert "the folder `mine` (layout plain, supervised split, 2 sketches of each class" in card
    assert "every photo of the gallery was trained on" in card
    assert "test-time flip" in card
    assert f"Made by: `{command_line(run.facts()['command'])}`, then" in card
    assert "icons" not in card.replace(run.config.name, "")


@pytest.mark.slow
def test_the_front_door_says_the_protocol_and_the_flip(run, sbir):
    said = sbir("evaluate", run.folder, "--flip")
    assert said.code == 0, said
    assert "test-time flip" in said.out
    assert "every photo of the gallery was trained on" in said.out
    assert "test-time flip" not in sbir("evaluate", run.folder, "--no-flip").out


def test_there_is_no_validation_part(config):
    with pytest.raises(UserError, match=r"test part alone. Received: part=validation"):
        folders.held_out(config().data, "validation")


@pytest.mark.slow
def test_an_unreadable_picture_ends_the_training_with_its_name(config, tmp_path):
    root = trees.plain(tmp_path / "data", classes=("cat", "dog"), sketches=3, photos=2)
    broken = root / "photos" / "dog" / "1.jpg"
    broken.write_bytes(broken.read_bytes()[:200])
    settings = (f"data.root={root}", "data.test_sketches=1", "data.augmentation=moves")
    with pytest.raises(UserError, match=r"photos/dog/1\.jpg cannot be read"):
        train(config(*settings), tmp_path / "run")
    # Mended, the same command goes on.
    trees.save(trees.photo(1, 1), broken)
    assert train(config(*settings), tmp_path / "run").complete


@pytest.mark.slow
def test_data_that_changed_since_the_checkpoint_are_refused_unless_accepted(
    config, tmp_path, sbir, refused
):
    root = trees.plain(tmp_path / "data", sketches=5)
    flags = [part for key in (*OVERRIDES, *SMALL) for part in ("--set", key)]
    command = ["train", "icons_tiny", *flags, "--set", f"data.root={root}", "--to", tmp_path / "r"]
    save = SaveCheckpoint.save

    def save_and_interrupt(self, score=None):
        save(self, score)
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SaveCheckpoint, "save", save_and_interrupt)
        assert "sbir: interrupted" in sbir(*command).err
    (root / "photos" / "cat" / "0.jpg").unlink()
    line = refused(*command)
    assert f"{root} changed since {tmp_path / 'r'} began: 1 removed (photos/cat/0.jpg)" in line
    said = sbir(*command, "--accept-data")
    assert said.code == 0, said.err
    facts = open_run(tmp_path / "r").facts()
    assert [data["items"] for data in (*facts["data_before"], facts["data"])] == [16, 15]


@pytest.mark.slow
def test_an_unreadable_gallery_picture_is_named_by_evaluation(run, root):
    broken = root / "photos" / "cat" / "1.jpg"
    whole = broken.read_bytes()
    broken.write_bytes(b"")
    try:
        with pytest.raises(UserError, match=r"photos/cat/1\.jpg cannot be read"):
            evaluate_run(run)
    finally:
        broken.write_bytes(whole)


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (("data.root={tmp}/none",), "data.root={tmp}/none does not exist"),
        (("data.layout=sketchy_ext",), "did you mean --set data.layout=plain?"),
        (("data.layout=sketchy",), "Did you mean 'sketchy_ext'"),
        (("data.test_sketches=5",), "lower data.test_sketches"),
        (("data.split=styles",), "data.source=folder has no split data.split=styles"),
        (("data.source=icons", "data.split=styles"), "data.augmentation must be moves"),
        (("data.test_resize=20",), "data.test_resize must be from data.size, 24,"),
    ],
)
def test_a_wrong_folder_is_one_line_and_nothing_is_written(
    refused, root, tmp_path, overrides, said
):
    settings = [*SMALL, "steps_per_epoch=2", "data.size=24", f"data.root={root}", *overrides]
    flags = [part.format(tmp=tmp_path) for key in settings for part in ("--set", key)]
    line = refused("train", "icons_tiny", *flags, "--to", tmp_path / "run")
    assert said.format(tmp=tmp_path) in line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_complete_run_needs_its_data_no_more(run, root):
    aside = root.rename(root.with_name("elsewhere"))
    try:
        assert train(run.config, run.folder).complete
        assert open_run(run.folder).complete
    finally:
        aside.rename(root)


def test_pictures_that_tensorflow_cannot_read_from_files_are_refused_not_left_out(config, tmp_path):
    root = trees.plain(tmp_path / "mine", sketches=5)
    trees.save(trees.photo(0, 0), root / "photos" / "cat" / "new.webp")
    with pytest.raises(UserError, match=r"no \.webp files.*sbir data build.*1 such pictures"):
        folders.folder_of(config(f"data.root={root}").data)


def test_a_class_map_pairs_the_folders_of_a_training_and_of_its_validation(
    config, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)  # the caches are below
    root = trees.plain(tmp_path / "mine", sketches=5)
    (root / "photos" / "cat").rename(root / "photos" / "kat")
    (tmp_path / "map.csv").write_text("kat,cat\n")
    settings = (f"data.root={root}", f"data.class_map={tmp_path / 'map.csv'}")
    assert folders.class_names(folders.folder_of(config(*settings).data).part("train")) == (
        "cat",
        "dog",
    )
    lines = check_before_training(config(*settings), tmp_path / "run")
    assert not any("class" in line for line in lines)


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (("data.source=folder", "data.split={split}", "data.validation=1"), "split --validation`"),
        (("data.source=records", "data.split=built", "data.validation=1"), "split --validation`"),
        (("data.source=records", "data.class_map=map.csv"), "give it to `sbir data build`"),
        (("data.source=records", "data.variant=tx_1"), "give it to `sbir data build`"),
        (("data.source=records", "data.swap_red_blue=true"), "give it to `sbir data build`"),
    ],
)
def test_settings_that_could_not_count_are_refused(config, tmp_path, overrides, said):
    split = tmp_path / "split.json"
    split.write_text("{}")
    with pytest.raises(UserError, match=re.escape(said)):
        config(*(key.format(split=split) for key in overrides))


def test_a_domain_that_is_none_is_named_before_a_training(tmp_path):
    root = trees.plain(tmp_path / "mine", sketches=5)
    folder = tmp_path / "records"
    build_records(root, list_items(root, LAYOUTS["plain"]), folder, size=32)
    opened = open_records(folder)
    column = opened.table.schema.get_field_index("domain")
    bits = pa.array([2, *opened.table["domain"].to_pylist()[1:]], pa.int8())
    table = opened.table.set_column(column, opened.table.schema.field(column), bits)
    with (
        mock.patch("training.folders.open_records", lambda _: replace(opened, table=table)),
        pytest.raises(UserError, match=r"neither 0 nor 1: build it anew.*domain 2"),
    ):
        folders.folder_of(small("data.source=records", "data.split=supervised").data)


@pytest.mark.slow
def test_a_run_is_not_tested_on_data_that_is_cut_otherwise_than_it_was_trained(config, tmp_path):
    """A split's file written anew, and a query deleted: another sketch would take its place."""
    root = trees.plain(tmp_path / "mine", sketches=8)
    items = list_items(root, LAYOUTS["plain"])
    file = tmp_path / "split.json"
    write_split(make_split("supervised", items, test_sketches=2, seed=0), file)
    cuts = {"file": f"data.split={file}", "named": "data.split=supervised"}
    settings = (f"data.root={root}", "steps=2", "steps_per_epoch=2")
    runs = {name: train(config(*settings, cut), tmp_path / name) for name, cut in cuts.items()}
    assert all(evaluate_run(run).queries == 4 for run in runs.values())

    write_split(make_split("supervised", items, test_sketches=2, seed=1), file)
    with pytest.raises(
        UserError,
        match=r"changed since .*file was trained: 6 in another part.*may have been trained on",
    ):
        evaluate_run(runs["file"])
    with pytest.raises(UserError, match=r"changed since .* was trained"):
        fit_codes(runs["file"], (8,), "itq")
    Path(folders.held_out(runs["named"].config.data, "test")[0].places[0]).unlink()
    with pytest.raises(UserError, match=r"changed since .* was trained"):
        evaluate_run(runs["named"])
