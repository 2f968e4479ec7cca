"""Codes of a run whose encoder is untrained: the way is the same, and quick."""

import json
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf

from sbir_tf.codes import learn_itq_codes, load_codes
from sbir_tf.errors import UserError
from tests.small import small
from training.codes.fit import fit_codes
from training.codes.material import class_centers, training_embeddings, weights_of
from training.codes.report import evaluate_codes
from training.evaluate import embed, evaluate_run, trained_encoder
from training.losses import training_model
from training.networks import encoder_of
from training.run import create_or_continue
from training.sources import held_out

CLASSES = 10


@pytest.fixture(scope="module")
def ready(few_icons, tmp_path_factory):
    """A complete run with class centres."""
    keras.utils.set_random_seed(0)
    run = create_or_continue(tmp_path_factory.mktemp("runs") / "small", small())
    encoder_of(run.config, "float32").save_weights(run.weights)
    np.save(run.centers, np.random.default_rng(0).standard_normal((CLASSES, 8)).astype(np.float32))
    return run


@pytest.fixture
def run(ready, tmp_path):
    shutil.copytree(ready.folder, tmp_path / "run")
    return type(ready)(tmp_path / "run", ready.config)


@pytest.fixture
def quick(monkeypatch):
    """A few steps instead of 10,000."""
    from training.codes import fit

    learn = fit.learn_center_codes
    monkeypatch.setattr(fit, "learn_center_codes", lambda *a, **k: learn(*a, steps=3, **k))


def test_codes_are_written_by_method_and_bits(run, quick):
    paths = fit_codes(run, (8, 16))
    assert [path.relative_to(run.folder).as_posix() for path in paths] == [
        "codes/centers-8.npz",
        "codes/centers-16.npz",
    ]
    codes, facts = load_codes(paths[1])
    assert (codes.dimension, codes.size, codes.method) == (8, 16, "centers")
    assert facts["name"] == "icons_tiny"
    assert facts["weights"] == weights_of(run)


def test_itq_learns_on_the_mean_of_the_training_pictures_and_their_mirror_images(run):
    (path,) = fit_codes(run, (8,), "itq", seed=3)
    encoder = trained_encoder(run)
    means = []
    for part in run.config.data.train_on:
        for items in held_out(run.config.data, part):
            mirrored = type(items)(items.keys, items.images[:, :, ::-1], items.labels, items.domain)
            means.append((embed(encoder, items) + embed(encoder, mirrored)) / 2)
    expected = learn_itq_codes(np.concatenate(means), 8, seed=3)
    np.testing.assert_allclose(load_codes(path)[0].kernel, expected.kernel, atol=1e-6)


def test_the_report_holds_real_values_and_every_code(run, quick):
    fit_codes(run, (16, 8))
    fit_codes(run, (8,), "itq")
    rows = evaluate_codes(run)
    assert [(row.name, row.bytes) for row in rows] == [
        ("real", 32),
        ("real, mean", 32),
        ("centers-8", 1),
        ("centers-16", 2),
        ("itq-8", 1),
    ]
    assert rows[0].result.map_all == evaluate_run(run).map_all
    assert all(row.result.ties == "expected" for row in rows)
    written = json.loads((run.folder / "codes" / "evaluation.json").read_text())
    assert written["part"] == "test"
    assert [row["map_all"] for row in written["results"]] == [row.result.map_all for row in rows]


def test_runs_of_before_the_file_of_centers_have_them_in_their_checkpoint(run):
    run.centers.unlink()
    model = training_model(run.config, encoder_of(run.config, "float32"), CLASSES)
    model.compile(keras.optimizers.Adam(), "mse")
    checkpoint = tf.train.Checkpoint(model=model)
    model.optimizer.build(model.trainable_variables)  # its moments have the centres' shape
    tf.train.CheckpointManager(checkpoint, str(run.checkpoints), 1).save()
    expected = model.get_layer("class_centers").centers.numpy()
    np.testing.assert_array_equal(class_centers(run), expected)


def test_a_run_without_class_centers_has_itq_alone(run):
    run.centers.unlink()
    with pytest.raises(UserError, match=r"has no class centres.*use --method itq"):
        fit_codes(run)
    assert not (run.folder / "codes").exists()
    fit_codes(run, (8,), "itq")
    assert [path.name for path in (run.folder / "codes").iterdir()] == ["itq-8.npz"]


def test_training_embeddings_are_of_every_training_picture(run):
    parts = [held_out(run.config.data, part) for part in run.config.data.train_on]
    count = sum(len(items) for both in parts for items in both)
    assert training_embeddings(run).shape == (count, 8)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (((8, 12),), "bits=12"),
        (((8, 16), "itq"), "one bit a dimension, 8 here. Received: bits=16"),
        (((8,), "itk"), "'itk'. Did you mean 'itq'"),
    ],
)
def test_mistakes_write_nothing(run, arguments, said):
    with pytest.raises(UserError, match=said):
        fit_codes(run, *arguments)
    assert not (run.folder / "codes").exists()


def test_centers_that_are_damaged_are_named(run):
    np.save(run.centers, np.full((CLASSES, 8), np.nan, np.float32))
    with pytest.raises(UserError, match="`centers` has NaN"):
        fit_codes(run, (8,))
    run.centers.write_bytes(run.centers.read_bytes()[:100])
    with pytest.raises(UserError, match=r"centers\.npy.*damaged"):
        fit_codes(run, (8,))


def test_the_report_refuses_no_codes_foreign_codes_and_trained_parts(run, quick):
    with pytest.raises(UserError, match="holds no codes: `sbir codes fit"):
        evaluate_codes(run)
    fit_codes(run, (8,))
    with pytest.raises(UserError, match="trained on the validation part"):
        evaluate_codes(run, "validation")
    run.weights.write_bytes(run.weights.read_bytes() + b"\0")
    with pytest.raises(UserError, match="another model's embeddings"):
        evaluate_codes(run)


def test_the_commands_fit_and_report(sbir, refused, run, quick):
    said = sbir("codes", "fit", run.folder, "--bits", "8,16")
    assert said.code == 0, said.err
    assert "centers-16.npz: written" in said.out
    said = sbir("codes", "report", run.folder)
    assert said.code == 0, said.err
    for word in ("real", "centers-8", "centers-16", "chance", "ties expected"):
        assert word in said.out
    said = sbir("codes", "report", run.folder, "--json")
    assert [row["bytes"] for row in json.loads(said.out)["results"]] == [32, 32, 1, 2]
    assert "--bits takes numbers" in refused("codes", "fit", run.folder, "--bits", "8;16")
    assert "bits=12" in refused("codes", "fit", run.folder, "--bits", "12")
