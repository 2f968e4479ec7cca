"""`sbir evaluate` from the front door: runs, exported models, codes, wrong places."""

import json
import shutil

import keras
import numpy as np
import pytest

from sbir_tf.codes import BinaryCodes, load_codes, save_codes
from sbir_tf.evaluation import Rankings
from tests import trees
from tests.small import small
from training.codes.material import weights_of
from training.evaluate import evaluate_run
from training.export import export_run
from training.fingerprint import fingerprint_of
from training.networks import encoder_of
from training.run import create_or_continue

CLASSES = 10


@pytest.fixture(scope="module")
def ready(few_icons, tmp_path_factory):
    """A complete run of icons whose encoder is untrained, with class centres and two codes."""
    keras.utils.set_random_seed(0)
    run = create_or_continue(tmp_path_factory.mktemp("runs") / "small", small())
    run.note(classes=CLASSES, margin=1.5)
    encoder_of(run.config, "float32").save_weights(run.weights)
    draw = np.random.default_rng(0).standard_normal
    np.save(run.centers, draw((CLASSES, 8)).astype(np.float32))
    for bits, method in ((8, "centers"), (16, "itq")):
        codes = BinaryCodes(draw((8, bits)).astype(np.float32), np.zeros(bits, np.float32), method)
        save_codes(codes, run.folder / "codes" / f"{method}-{bits}.npz", "small", weights_of(run))
    return run


@pytest.fixture(scope="module")
def exported(ready, tmp_path_factory):
    return export_run(ready, tmp_path_factory.mktemp("models") / "small")[0]


@pytest.fixture
def run(ready, tmp_path):
    shutil.copytree(ready.folder, tmp_path / "run")
    return type(ready)(tmp_path / "run", ready.config)


def asked(sbir, *arguments):
    said = sbir("evaluate", *arguments)
    assert said.code == 0, said.err
    return said.out


def test_a_run_is_evaluated_as_it_always_was(run, sbir):
    out = asked(sbir, run.folder)
    figures = json.loads((run.folder / "evaluation.json").read_text())
    assert figures["part"] == "test"
    assert f"{figures['map_all']:.4f}" in out
    assert "conventions: exact AP, AP@k over min(k, R), P@k over k, ties expected" in out
    assert "seen in training: 0 of " in out
    assert "excluded: 0 queries" in out
    assert figures["map_all"] == pytest.approx(evaluate_run(run).map_all, abs=1e-12)


def test_codes_are_ranked_beside_the_real_values(run, sbir):
    out = asked(sbir, run.folder, "--flip")
    for heading in ("trained", "8 bits", "16 bits, itq", "chance", "test-time flip"):
        assert heading in out
    folder = run.folder / "evaluations" / "styles.flip"
    rows = json.loads((folder / "result.json").read_text())["rows"]
    assert [(row["name"], row["bytes"]) for row in rows] == [
        ("real", 32),
        ("8 bits", 1),
        ("16 bits, itq", 2),
    ]
    ranked = Rankings.load(folder / rows[1]["rankings"])
    assert ranked.top_distances.max() <= 8
    # Hamming distances of the mean embedding's signs, by bits written out.
    from training.evaluate import embed_views, trained_encoder
    from training.sources import held_out

    code = load_codes(run.folder / "codes" / "centers-8.npz")[0]
    signs = []
    for items in held_out(run.config.data, "test"):
        views = embed_views(trained_encoder(run), items, flip=True)
        signs.append((views[0] + views[1]) / 2 @ code.kernel > 0)
    distances = (signs[0][0] != signs[1]).sum(axis=1)
    np.testing.assert_array_equal(
        ranked.top_distances[0], np.sort(distances)[: ranked.top.shape[1]]
    )


@pytest.mark.slow
def test_an_exported_model_has_the_figures_of_its_run(run, exported, sbir, tmp_path):
    """Icons are rendered at the network's size: nothing is rounded on the way."""
    first = json.loads(asked(sbir, run.folder, "--json"))
    for model in (exported, exported.parent):
        second = json.loads(asked(sbir, model, "--json", "--to", tmp_path / "out"))
        assert second["map_all"] == pytest.approx(first["map_all"], abs=1e-6)
    facts = second["evaluation"]["model"]
    assert (facts["kind"], facts["digest"]) == ("saved_model", weights_of(run))
    assert "0 of " in second["evaluation"]["protocol"]["seen"]
    assert (tmp_path / "out" / "gates.npz").exists()


def test_an_exported_model_takes_its_runs_codes(exported, ready, sbir):
    out = asked(sbir, exported, "--codes", ready.folder / "codes" / "centers-8.npz")
    assert "8 bits" in out
    assert f"written: {exported.parent / 'evaluations' / '1.styles'}" in out
    shutil.rmtree(exported.parent / "evaluations")


def test_json_holds_the_figures_and_all_of_the_result(run, sbir):
    values = json.loads(asked(sbir, run.folder, "icons", "--json", "--at", "3"))
    result = values["evaluation"]
    assert values["map_at"]["3"] == result["rows"][0]["metrics"]["map_at"]["3"]
    assert result["protocol"]["name"] == "styles"
    assert result["model"]["margin"] == 1.5
    assert not (run.folder / "evaluation.json").exists()  # of the run's own question alone


@pytest.mark.slow
def test_codes_of_another_model_are_left_out_and_named_an_error(run, sbir, refused):
    path = run.folder / "codes" / "centers-8.npz"
    save_codes(load_codes(path)[0], path, "small", "f" * 64)
    out = asked(sbir, run.folder)
    assert f"{path} codes another model's embeddings and is left out" in out
    assert "codes another model" in refused("evaluate", run.folder, "--codes", path)
    assert "holds no codes" in refused("evaluate", run.folder, "--codes", run.folder)


@pytest.mark.slow
def test_untrained_features_stand_beside(run, sbir, exported, refused):
    assert "untrained" in asked(sbir, run.folder, "--untrained")
    line = refused("evaluate", exported, "--untrained")
    assert "needs the run" in line


@pytest.mark.slow
def test_a_data_set_in_a_folder_goes_all_the_way(run, sbir, tmp_path, few_icons):
    root = trees.plain(tmp_path / "mine", sketches=4)
    config = small("data.source=folder", f"data.root={root}", "data.split=supervised",
                   "data.test_sketches=2", "data.test_resize=28")  # fmt: skip
    facts = fingerprint_of(config.data)
    own = create_or_continue(tmp_path / "own", config, data=facts.facts, classes=2, margin=1.0)
    facts.keep(own.folder)
    encoder_of(config, "float32").save_weights(own.weights)
    out = asked(sbir, own.folder)
    assert "supervised protocol: every photo of the gallery was trained on" in out
    assert "6 of 6 gallery photos" in out
    version = export_run(own, tmp_path / "models" / "own")[0]
    rounded = asked(sbir, version, root, "--protocol", "supervised")
    assert "6 of 6 gallery photos, 2 of 2 classes (by its card: trained on 'mine'" in rounded
    scored = [
        json.loads((folder / "result.json").read_text())["rows"][0]["metrics"]["map_all"]
        for folder in (own.folder / "evaluations" / "supervised",
                       version.parent / "evaluations" / "1.supervised.mine")
    ]  # fmt: skip
    assert scored[0] == pytest.approx(scored[1], abs=0.1)  # pictures rounded to whole values


def test_wrong_places_are_one_line(run, exported, tmp_path, refused, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("mine")
    (tmp_path / "closed").write_text("")
    assert "is not a run" in refused("evaluate", tmp_path / "full")
    assert "Name a model" in refused("evaluate")
    assert "is no evaluation" in refused("evaluate", run.folder, "--to", tmp_path / "full")
    assert "cannot be written" in refused("evaluate", run.folder, "--to", "closed/inside")
    assert "--at takes numbers" in refused("evaluate", run.folder, "--at", "ten")
    assert "leave" in refused("evaluate", run.folder, "--features", "f.npz")
    (run.folder / "encoder.weights.h5").unlink()
    assert "is not trained to its end" in refused("evaluate", run.folder)


def test_a_damaged_export_is_said_to_be(exported, tmp_path, refused):
    broken = shutil.copytree(exported, tmp_path / "broken" / "1")
    (broken / "saved_model.pb").write_bytes(b"nothing")
    assert "holds no encoder that can be loaded" in refused("evaluate", broken)
    shutil.rmtree(broken / "assets.extra")
    assert "does not say what its encoder takes" in refused("evaluate", broken.parent)
