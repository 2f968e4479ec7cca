import csv
import json
import math

import numpy as np
import pytest
import tensorflow as tf

from sbir_tf.errors import UserError
from training import train as train_module
from training.checkpoints import Checkpoints
from training.evaluate import evaluate_run, trained_encoder
from training.export import export_run
from training.guards import DivergedError
from training.run import open_run
from training.state import VARIABLES
from training.train import train

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(small_config, tmp_path_factory):
    return train(small_config(), tmp_path_factory.mktemp("runs") / "run")


def test_a_run_leaves_everything_that_repeats_it(run, small_config):
    assert run.complete
    assert open_run(run.folder).config == small_config()
    facts = run.facts()
    assert facts["replicas"] == 1
    assert facts["classes"] == 10
    assert facts["versions"]["tensorflow"].startswith("2.")
    assert len(facts["revision"] or "0" * 40) >= 40
    with run.log.open() as log:
        rows = list(csv.DictReader(log))
    assert len(rows) == 3
    assert {"loss", "accuracy", "margin", "center_spread"} <= set(rows[0])
    assert any((run.folder / "tensorboard").rglob("events.*"))


def test_training_moves_every_trainable_weight(run, small_config):
    from training.networks import encoder_of

    keras_seeded = encoder_of(small_config(), "float32")
    trained = trained_encoder(run)
    for before, after in zip(
        keras_seeded.trainable_variables, trained.trainable_variables, strict=True
    ):
        assert before.shape == after.shape
        assert not np.array_equal(before, after)


def test_a_complete_run_is_not_trained_again(run, small_config):
    before = run.weights.stat().st_mtime_ns
    train(small_config(), run.folder)
    assert run.weights.stat().st_mtime_ns == before


def test_a_folder_of_another_configuration_is_refused_and_left_alone(run, small_config):
    before = run.weights.read_bytes()
    with pytest.raises(UserError, match=r"loss.margin is None there, 5.0 here"):
        train(small_config("loss.margin=5"), run.folder)
    assert run.weights.read_bytes() == before


def test_a_folder_that_is_not_a_run_is_refused(small_config, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UserError, match="is not a run"):
        train(small_config(), tmp_path)
    assert [f.name for f in tmp_path.iterdir()] == ["mine.txt"]


def test_evaluation_counts_the_held_out_part_alone(run, few_icons):
    from training.pictures import split_of

    result = evaluate_run(run)
    test = set(split_of(run.config.data).test)
    domains = [icon.domain for icon in few_icons if icon.key in test]
    assert result.queries == domains.count("sketch")
    assert result.gallery == domains.count("photo")
    written = json.loads((run.folder / "evaluation.json").read_text())
    assert written["map_all"] == pytest.approx(result.map_all)
    assert written["part"] == "test"


def test_evaluating_a_part_that_was_trained_on_is_refused(run):
    with pytest.raises(UserError, match="trained on"):
        evaluate_run(run, "validation")


def test_an_export_is_the_next_version_and_the_same_run_is_not_exported_twice(
    run, small_config, tmp_path
):
    evaluate_run(run)
    first, new = export_run(run, tmp_path / "models")
    assert (first.name, new) == ("1", True)
    assert "mAP@all" in (first / "README.md").read_text()
    assert export_run(run, tmp_path / "models") == (first, False)
    other = train(small_config("seed=1"), tmp_path / "other")
    second, new = export_run(other, tmp_path / "models")
    assert (second.name, new) == ("2", True)


@pytest.mark.parametrize("loss", ["mems", "softmax", "center", "sphereface", "triplet_hard"])
def test_other_losses_train_by_one_line(small_config, tmp_path, loss):
    assert train(small_config(f"loss.name={loss}", "steps=2"), tmp_path / loss).complete


def test_embeddings_of_an_angular_loss_leave_at_unit_length(small_config, tmp_path):
    run = train(small_config("loss.name=arcface", "steps=2"), tmp_path / "run")
    pictures = np.random.default_rng(0).uniform(0, 255, (3, 24, 24, 3)).astype(np.float32)
    embeddings = trained_encoder(run)([pictures, np.zeros((3, 1), np.float32)])
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, rtol=1e-5)
    folder, _ = export_run(run, tmp_path / "models")
    assert "loss: arcface (margin 0.5; scale 64)" in (folder / "README.md").read_text()


def test_held_out_classes_are_not_among_the_trained_labels(small_config):
    from training.pictures import held_out, training_pictures

    data = small_config("data.split=zero_shot").data
    trained = training_pictures(data).class_names
    queries, gallery = held_out(data, "test")
    from training.pictures import bundled

    unseen = {bundled.class_names()[label] for label in (*queries.labels, *gallery.labels)}
    assert unseen
    assert unseen.isdisjoint(trained)


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("network.reduction=64", "reduction=64"),
        ("network.weights=nowhere.pth", "nowhere.pth"),
        ("loss.scale=16", "loss.scale=16"),
        ("data.classes_per_batch=3", "classes_per_batch=3"),
        ("loss.earn_power=0", "loss.earn_power=0"),
        ("best_metric=val_map", "best_metric=val_map needs a validation part: its part is trained"),
    ],
)
def test_what_is_refused_leaves_no_folder(small_config, tmp_path, override, said):
    with pytest.raises(UserError, match=said):
        train(small_config(override), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_steps_that_a_training_does_not_have_are_not_profiled(small_config, tmp_path):
    with pytest.raises(UserError, match=r"up to the last one, 6\. Received: 7:9"):
        train(small_config(), tmp_path / "run", profile=(7, 9))
    assert not (tmp_path / "run").exists()


def test_a_diverged_training_keeps_the_checkpoint_from_before(small_config, tmp_path, monkeypatch):
    """Pictures are NaN from the second epoch on.

    Whether the loss, behind a relu, is NaN at once differs between processors: of max(NaN, 0) some
    make 0. Then the weights tell, at the epoch's end.
    """
    batches_of = train_module.batches_of

    def spoilt(config, pictures, first_step=0):
        def spoil(number, batch):
            inputs, labels = batch
            bad = tf.where(number + first_step >= config.steps_per_epoch, math.nan, 1.0)
            return inputs | {"image": inputs["image"] * tf.cast(bad, tf.float32)}, labels

        return batches_of(config, pictures, first_step).enumerate().map(spoil)

    monkeypatch.setattr(train_module, "batches_of", spoilt)
    for _ in range(2):  # the same command ends in the same way, not with broken weights
        said = "in epoch 2: after step (3 the loss is nan|4 the weight stem)"
        with pytest.raises(DivergedError, match=said):
            train(small_config(), tmp_path / "run")
    checkpoints = Checkpoints(tmp_path / "run" / "checkpoints")
    assert checkpoints.steps() == [2]
    reader = tf.train.load_checkpoint(str(checkpoints.path(2) / VARIABLES))
    values = {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}
    numbers = [v for v in values.values() if isinstance(v, np.ndarray) and v.dtype.kind == "f"]
    assert numbers and all(np.isfinite(v).all() for v in numbers)
    assert not open_run(tmp_path / "run").complete
