"""`sbir evaluate --features`: what is printed, the JSON, and the folder that reports read."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from sbir_tf.__main__ import app
from sbir_tf.evaluation import Rankings, evaluate


@pytest.fixture(scope="module")
def arrays():
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 4, 20), generator.integers(0, 4, 90)
    centers = 0.5 * generator.standard_normal((4, 16))
    features = [centers[of] + generator.standard_normal((len(of), 16)) for of in labels]
    labels[0][3] = 9
    return {"qf": features[0], "ql": labels[0], "gf": features[1], "gl": labels[1]}


@pytest.fixture
def file(arrays, tmp_path):
    np.savez(tmp_path / "mine.npz", note=np.zeros(1), **arrays)
    return tmp_path / "mine.npz"


def sbir(*arguments):
    return CliRunner().invoke(app, ["evaluate", *map(str, arguments)])


def test_all_conventions_are_printed_and_all_that_must_be_known(file):
    said = sbir("--features", file, "--at", "5")
    assert said.exit_code == 0, said.output
    for expected in (
        "20 queries search 90 items, by euclidean distance",
        "query features: qf",
        "mAP@5",
        "retrieved",
        "measured as zse by ZSE-SBIR",
        "excluded: 1 of 20 queries, which have no relevant item; labels that the gallery lacks: 9",
        "arrays left alone: note",
    ):
        assert expected in said.output, expected


def test_the_json_has_every_figure(file, arrays):
    said = json.loads(sbir("--features", file, "--json", "--distance", "cosine").stdout)
    unit = [
        side / np.linalg.norm(side, axis=1, keepdims=True) for side in (arrays["qf"], arrays["gf"])
    ]
    expected = evaluate(unit[0], arrays["ql"], unit[1], arrays["gl"], convention="retrieved")
    line = next(line for line in said["conventions"] if line["convention"] == "retrieved")
    assert line["map_at"]["100"] == pytest.approx(expected.map_at[100])
    assert line["map_all"]["low"] < expected.map_all < line["map_all"]["high"]
    assert said["ranks"][0]["ndcg_at"]["10"] == pytest.approx(expected.ndcg_at[10])
    assert (said["distance"], said["excluded"]) == ("cosine", 1)


def test_bits_have_a_line_for_each_treatment_of_ties(arrays, tmp_path):
    bits = {name: arrays[name] > 0 for name in ("qf", "gf")}
    np.savez(tmp_path / "bits.npz", **arrays | bits)
    said = sbir("--features", tmp_path / "bits.npz")
    assert "by hamming distance" in said.output
    assert "measured as exact, ties grouped by doodle2search, scikit-learn" in said.output
    assert "of the relevant items are exactly as far as other items" in said.output


def test_the_folder_holds_what_reports_read(file, tmp_path):
    folder = tmp_path / "evaluated"
    said = sbir("--features", file, "--to", folder, "--at", "7")
    assert said.exit_code == 0, said.output
    facts = json.loads((folder / "result.json").read_text())
    assert facts["model"]["kind"] == "features" and facts["settings"]["ks"] == [7, 10, 100, 200]
    rankings = Rankings.load(folder / facts["rows"][0]["rankings"])
    assert rankings.result().map_all == facts["rows"][0]["metrics"]["map_all"]
    with np.load(folder / "embeddings.npz") as kept:
        assert kept["gallery"].shape == (90, 16)
    assert sbir("--features", file, "--to", folder).exit_code == 0  # once more takes its place


def test_a_folder_that_holds_something_else_is_left_alone(file, tmp_path):
    (tmp_path / "diary.txt").write_text("mine")
    said = sbir("--features", file, "--to", tmp_path)
    assert said.exit_code != 0 and "exists and is no evaluation of features" in str(said.exception)
    assert (tmp_path / "diary.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--at", "0"), "k must be a whole number, 1 or more. Received: k=0"),
        (("--distance", "euclid"), "Unknown distance 'euclid'. Did you mean 'euclidean'?"),
    ],
)
def test_what_cannot_be_scored_is_named(file, arguments, message):
    said = sbir("--features", file, *arguments)
    assert said.exit_code != 0 and message in str(said.exception)
