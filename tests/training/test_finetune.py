"""A trained encoder taught one's own folder, in one command."""

import csv
import json
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from sbir_tf.errors import UserError
from sbir_tf.evaluation import evaluate
from tests import trees
from training import finetune as finetune_module
from training import starts
from training.centers import class_means, some_of_each_class, start_centers
from training.evaluate import embed, trained_encoder
from training.export import export_run
from training.finetune import finetune, finetuning
from training.folders import folder_of, held_out
from training.losses import class_centers, training_model
from training.networks import encoder_of
from training.pictures import training_pictures
from training.run import open_complete
from training.starts import Start, start_of
from training.train import train

CLASSES = ("cat", "dog", "owl")
SHORT = ("steps=20", "steps_per_epoch=10")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return trees.plain(tmp_path_factory.mktemp("data") / "my pets", CLASSES, 6, 5)


@pytest.fixture(scope="module")
def source(small_config, tmp_path_factory):
    return train(small_config("steps=2"), tmp_path_factory.mktemp("runs") / "source")


@pytest.fixture(scope="module")
def exported(source, tmp_path_factory):
    return export_run(source, tmp_path_factory.mktemp("saved_models") / "small")[0]


@pytest.fixture(scope="module")
def tuned(source, root, tmp_path_factory):
    return finetune(source.folder, root, tmp_path_factory.mktemp("tuned") / "run", SHORT)


@pytest.fixture
def place(root):
    return finetune_module.locate(root)


def test_every_class_is_trained_on_stopped_by_and_measured_by(small_config, place):
    config = finetuning(Start(small_config(), __file__), place)
    folder = folder_of(config.data)
    for part in folder.split.parts:
        items = folder.part(part)
        assert {item.class_name for item in items} == set(CLASSES), part
    used = [path for part in folder.split.parts.values() for path in part]
    assert len(used) == len(set(used)) == 3 * (6 + 5)


def test_the_settings_are_those_of_the_run_but_slower(small_config, place):
    config = finetuning(Start(small_config(), __file__), place, ["loss.margin=3"])
    before = small_config()
    assert config.name == "icons_tiny_my_pets"
    assert config.optimizer.learning_rate == pytest.approx(0.3 * before.optimizer.learning_rate)
    assert config.optimizer.backbone_rate == 0.3
    assert config.network.widths == before.network.widths
    assert (config.loss.center_start, config.loss.margin) == ("means", 3.0)
    assert (config.best_metric, config.validation.patience) == ("val_map", 5)
    assert config.steps == 30 * config.steps_per_epoch


def test_the_devices_of_the_first_training_are_not_asked_for(small_config, place):
    first = small_config("strategy=multiworker", "gpus=8", "replicas=4")
    config = finetuning(Start(first, __file__), place)
    assert (config.strategy, config.gpus, config.replicas) == ("auto", None, 1)
    assert finetuning(Start(first, __file__), place, ("replicas=2",)).replicas == 2


def test_one_of_several_workers_is_refused(monkeypatch, tmp_path):
    cluster = {"worker": ["one:2222", "two:2222"]}
    task = {"type": "worker", "index": 1}
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": cluster, "task": task}))
    with pytest.raises(UserError, match="for one machine, and TF_CONFIG names several workers"):
        finetune(tmp_path, tmp_path)


def test_an_epoch_has_whole_optimizer_steps(small_config, place):
    config = finetuning(Start(small_config("optimizer.accumulate=3"), __file__), place)
    assert config.steps_per_epoch == 12


def test_before_is_measured_as_after_is_and_on_the_pictures_of_the_training(
    small_config, root, monkeypatch
):
    start = Start(small_config("data.test_flip=true"), __file__)
    done = []
    values = evaluate(np.eye(2), [0, 1], np.eye(2), [0, 1], ks=(10,))
    for name, result in {
        "start_of": start,
        "train": SimpleNamespace(note=lambda **_: None),
        "refuse_another_cut": None,
        "start_encoder": None,
        "evaluate_encoder": values,
        "evaluate_run": values,
    }.items():
        monkeypatch.setattr(
            finetune_module, name, lambda *a, n=name, r=result, **_: done.append((n, a)) or r
        )
    finetune("model", root)
    names = [name for name, _ in done]
    assert names.index("refuse_another_cut") < names.index("evaluate_encoder")
    assert dict(done)["evaluate_encoder"][-1] is True  # flip


@pytest.mark.slow
def test_a_finetuned_run_is_a_run_like_any_other(tuned, source, tmp_path):
    run, _, after = tuned
    opened = open_complete(run.folder)
    assert opened.facts()["classes"] == 3
    written = json.loads((run.folder / "evaluation.json").read_text())
    assert written["map_all"] == pytest.approx(after.map_all)
    assert "neither the query sketches nor the photos" in written["note"]
    folder, new = export_run(opened, tmp_path / "models")
    assert new and (folder / "saved_model.pb").exists()
    for now, before in zip(
        trained_encoder(run).trainable_variables,
        trained_encoder(source).trainable_variables,
        strict=True,
    ):
        assert not np.array_equal(now, before)


@pytest.mark.slow
def test_before_is_the_source_on_the_test_part_of_the_folder(tuned, source):
    run, before, after = tuned
    queries, gallery = held_out(run.config.data, "test")
    encoder = trained_encoder(source)
    embeddings = embed(encoder, queries), embed(encoder, gallery)
    again = evaluate(embeddings[0], queries.labels, embeddings[1], gallery.labels, ks=(10, 100))
    assert before.map_all == pytest.approx(again.map_all, abs=1e-6)
    assert (after.queries, after.gallery) == (before.queries, before.gallery) == (3, 3)
    assert run.facts()["finetuned"]["from"] == str(source.folder)


@pytest.mark.slow
def test_the_weights_that_are_kept_are_the_best_ones(tuned):
    run, _, _ = tuned
    with run.log.open() as file:
        rows = list(csv.DictReader(file))
    best = max(rows, key=lambda row: (float(row["val_map"]), -int(row["step"])))
    assert run.facts()["trained_steps"] == int(best["step"])
    queries, gallery = held_out(run.config.data, "validation")
    encoder = trained_encoder(run)
    embeddings = embed(encoder, queries), embed(encoder, gallery)
    kept = evaluate(embeddings[0], queries.labels, embeddings[1], gallery.labels, ks=(10,))
    assert kept.map_all == pytest.approx(float(best["val_map"]), abs=0.02)


@pytest.mark.slow
def test_an_exported_model_holds_what_its_run_does(source, exported, root, monkeypatch, tmp_path):
    monkeypatch.setattr(starts, "CACHE", tmp_path)
    for model in (exported, exported.parent):
        start = start_of(model)
        assert start.config.network == source.config.network
        with_weights = starts.encoder_of(start.config, "float32")
        with_weights.load_weights(start.weights)
        for own, other in zip(
            with_weights.get_weights(), trained_encoder(source).get_weights(), strict=True
        ):
            np.testing.assert_array_equal(own, other)


@pytest.mark.slow
def test_an_export_of_a_direction_loss_finds_its_weights(small_config, tmp_path, monkeypatch):
    monkeypatch.setattr(starts, "CACHE", tmp_path / "cache")
    run = train(small_config("loss.name=arcface", "steps=2"), tmp_path / "run")
    version, _ = export_run(run, tmp_path / "models")
    own = starts.exported_encoder(version, start_of(version).config).get_weights()
    for one, other in zip(own, trained_encoder(run).get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_an_export_tells_no_path_of_its_maker(source, exported, tuned, root, tmp_path):
    run = tuned[0]
    run.note(command=["/bin/sbir", "finetune", str(source.folder), str(root), f"--to={run.folder}"])
    kept, _ = export_run(run, tmp_path / "models")
    text = (kept / "assets.extra" / "encoder.json").read_text()
    card = (kept / "README.md").read_text()
    for place in (root.parent, source.folder, run.folder):
        assert str(place) not in text + card
    assert '"root": "my pets"' in text
    assert "`sbir finetune source 'my pets' --to=run`" in card
    assert "from `source/encoder.weights.h5` weights" in card
    assert f", {run.facts()['trained_steps']} steps," in card


@pytest.mark.slow
def test_a_model_that_cannot_be_rebuilt_names_the_cure(source, exported, tmp_path):
    import shutil

    earlier = shutil.copytree(exported, tmp_path / "earlier")
    description = earlier / "assets.extra" / "encoder.json"
    values = json.loads(description.read_text())
    del values["config"]
    description.write_text(json.dumps(values))
    with pytest.raises(UserError, match="name the run that it was exported from, or export it"):
        start_of(earlier)
    # Exported again, though its weights are the same.
    models = earlier.rename(tmp_path / "1").parent
    again, new = export_run(open_complete(source.folder), models)
    assert (again.name, new) == ("2", True)
    assert start_of(models).config == start_of(exported).config
    broken = shutil.copytree(exported, tmp_path / "broken")
    (broken / "variables" / "variables.index").write_bytes(b"")
    with pytest.raises(UserError, match=r"cannot be read .* name the run"):
        starts.exported_encoder(broken, start_of(exported).config)


def test_the_front_door_prints_before_and_after(sbir, monkeypatch, root, tmp_path):
    from training.commands.finetune import print_metrics  # noqa: F401

    values = evaluate(np.eye(2), [0, 1], np.eye(2), [0, 1], ks=(10, 100))
    run = type("Run", (), {"folder": tmp_path / "run", "config": None})
    monkeypatch.setattr(finetune_module, "finetune", lambda *_: (run, values, values))
    monkeypatch.setattr("training.sources.note_of", lambda _: "the note")
    run.config = type("Config", (), {"data": None})
    said = sbir("finetune", "model", root)
    assert said.code == 0, said
    for part in ("before", "after", "chance", "mAP@all", "1.0000", "the note", "sbir export"):
        assert part in said.out.replace("\n", ""), part
    told = json.loads(sbir("finetune", "model", root, "--json").out)
    assert told["before"]["map_all"] == told["after"]["map_all"] == 1.0


@pytest.mark.parametrize(
    ("classes", "sketches", "photos", "said"),
    [
        (("cat",), 5, 5, "has 1 class: fine-tuning needs 2 or more"),
        (("cat", "dog"), 2, 5, "class cat has 2 sketches and 1 more. Every class needs 3"),
        (("cat", "dog"), 5, 1, "class cat has 1 photos and 1 more"),
    ],
)
def test_a_folder_too_small_says_what_is_needed(
    small_config, tmp_path, classes, sketches, photos, said
):
    place = finetune_module.locate(trees.plain(tmp_path / "few", classes, sketches, photos))
    with pytest.raises(UserError) as error:
        finetuning(Start(small_config(), __file__), place)
    assert said in str(error.value)


@pytest.mark.slow
def test_what_is_no_model_or_no_data_set_is_one_line(refused, source, root, tmp_path):
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    to = tmp_path / "run"
    assert "neither a run nor an exported model" in refused("finetune", nothing, root, "--to", to)
    line = refused("finetune", source.folder, nothing, "--to", to)
    assert "is laid out otherwise" in line
    line = refused("finetune", source.folder, root, "--set", "loss.margn=2", "--to", to)
    assert "Did you mean 'loss.margin'" in line
    assert not to.exists()


def test_centres_start_at_the_means_of_both_domains_alike():
    # Class 0: sketches at 0 and 2, a photo at 5: (1 + 5) / 2 = 3. Class 1: 4 and 8: 6.
    embeddings = np.array([[0.0], [2.0], [4.0]]), np.array([[5.0], [8.0]])
    means = class_means(embeddings, (np.array([0, 0, 1]), np.array([0, 1])), classes=2)
    np.testing.assert_allclose(means, [[3.0], [6.0]])


def test_centres_start_where_the_network_puts_things_however_they_are_compared(small_config):
    found = []
    for settings in ((), ("loss.compare=direction",)):
        config = small_config("loss.center_start=means", *settings)
        keras.utils.set_random_seed(0)
        encoder = encoder_of(config, "float32")
        pictures = training_pictures(config.data)
        model = training_model(config, encoder, len(pictures.class_names))
        start_centers(config, model, encoder, pictures)
        found.append(class_centers(model).numpy())
    np.testing.assert_array_equal(*found)


def test_means_are_taken_of_a_few_of_every_class():
    labels = np.array([0] * 50 + [1] * 3)
    chosen = some_of_each_class(labels, most=16, seed=0)
    assert np.bincount(labels[chosen]).tolist() == [16, 3]
