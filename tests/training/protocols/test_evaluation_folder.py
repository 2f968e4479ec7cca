"""What an evaluation leaves on disk, and that it can be scored again without the model."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from sbir_tf.codes import learn_itq_codes, save_codes
from sbir_tf.errors import UserError
from sbir_tf.evaluation import Rankings
from tests import trees
from tests.training.protocols.mean_colour import average_precisions, mean_colour
from training.explain.gates import GateStatistics, statistics
from training.networks import encoder_of
from training.protocols import folder as writing
from training.protocols.asked import Asked
from training.protocols.evaluation import evaluate_by_protocol, question_of
from training.protocols.folder import place_for, result_in, sampled, write_evaluation
from training.protocols.gates import gate_arrays
from training.protocols.model import Model

ASKED = {"protocol": "supervised", "test_sketches": 3}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return trees.plain(tmp_path_factory.mktemp("trees") / "mine", sketches=5, photos=4)


@pytest.fixture
def model(few_icons, tmp_path):
    """Of icons, whose layers are not looked at."""

    class NoLayers(Model):
        def network(self):
            return None

    made = mean_colour(tmp_path / "run")
    return NoLayers(**vars(made))


def evaluated(model, root, **asked):
    asked = ASKED | {"data": str(root)} | asked
    return evaluate_by_protocol(model, Asked(**asked))


def test_the_result_holds_all_that_repeats_it(model, root):
    folder = write_evaluation(evaluated(model, root, flip=True, ks=(3,)))
    assert folder == model.path / "evaluations" / "supervised.flip.mine"
    values = json.loads((folder / "result.json").read_text())
    assert (values["format"], values["name"]) == (1, "supervised.flip.mine")
    assert values["model"] == {
        "name": "icons_tiny",
        "path": str(model.path),
        "digest": "0" * 64,
        "loss": "ems",
        "margin": None,
        "kind": "run",
    }
    data = values["data"]
    assert (data["source"], data["root"], data["split"]) == ("folder", str(root), "supervised")
    assert len(data["digest"]) == 64
    protocol = values["protocol"]
    assert (protocol["name"], protocol["part"], protocol["instances"]) == (
        "supervised",
        "test",
        False,
    )
    assert protocol["conventions"]["AP@k"] == "over min(k, R)"
    assert protocol["seen"].startswith("seen in training: 0 of 6 query sketches")
    settings = values["settings"]
    assert (settings["flip"], settings["convention"], settings["ties"]) == (
        True,
        "exact",
        "expected",
    )
    assert settings["ks"] == [3, 10, 100, 200]
    assert (settings["test_sketches"], settings["layout"], settings["split_seed"]) == (
        3,
        "plain",
        0,
    )
    assert {"revision", "versions", "platform"} <= set(values["environment"])
    assert values["excluded_queries"] == 0
    (row,) = values["rows"]
    assert (row["name"], row["bytes"], row["rankings"]) == ("real", 12, "rankings.real.npz")
    assert sorted(path.name for path in folder.iterdir()) == [
        "embeddings.npz",
        "rankings.real.npz",
        "result.json",
        "thumbs.npz",
    ]


def test_rankings_are_scored_again_without_the_model(model, root):
    """By a loop over the kept embeddings, too."""
    folder = write_evaluation(evaluated(model, root, ties="stable"))
    before = json.loads((folder / "result.json").read_text())["rows"][0]["metrics"]
    ranked = Rankings.load(folder / "rankings.real.npz")
    np.testing.assert_allclose(ranked.result(ties="stable").per_query_ap, before["per_query_ap"])
    with np.load(folder / "embeddings.npz") as kept:
        aps = average_precisions(
            kept["queries"], kept["query_labels"], kept["gallery"], kept["gallery_labels"]
        )
        assert [ranked.class_names[label] for label in kept["query_labels"]] == ["cat"] * 3 + [
            "dog"
        ] * 3
        np.testing.assert_array_equal(kept["query_rows"], np.arange(6))
    np.testing.assert_allclose(aps, before["per_query_ap"])
    assert ranked.query_ids[0].startswith("sketches/cat/")
    assert ranked.gallery_ids[ranked.top[0, 0]].startswith("photos/")


def test_thumbnails_are_the_pictures_small_and_whole(model, root):
    folder = write_evaluation(evaluated(model, root))
    ranked = Rankings.load(folder / "rankings.real.npz")
    ids = ranked.query_ids, ranked.gallery_ids
    with np.load(folder / "thumbs.npz") as file:
        thumbs = dict(file)
    assert {*thumbs["kind"]} == {0, 1}
    bounds = zip(thumbs["offsets"], thumbs["offsets"][1:], strict=False)
    for kind, row, (first, last) in zip(thumbs["kind"], thumbs["row"], bounds, strict=True):
        shown = tf.io.decode_jpeg(thumbs["bytes"][first:last].tobytes()).numpy()
        with Image.open(root / ids[kind][row]) as picture:
            whole = np.asarray(picture.convert("RGB"), np.float64)
        # 48 x 48 and 60 x 40 are small enough as they are.
        assert shown.shape == whole.shape
        assert np.abs(shown - whole).mean() < 8


def test_large_pictures_become_small_ones():
    from training.protocols.thumbs import small

    shown = tf.io.decode_jpeg(small(np.full((480, 300, 3), 200, np.uint8)))
    assert shown.shape == (96, 60, 3)


def test_an_evaluation_takes_the_place_of_an_older_one_of_the_same_question(model, root):
    folder = write_evaluation(evaluated(model, root))
    (folder / "rankings.64-bits.npz").write_text("of codes that are gone")
    (folder / "notes.txt").write_text("a user's")
    (folder / "mine").mkdir()
    assert write_evaluation(evaluated(model, root, ks=(3,))) == folder
    assert not (folder / "rankings.64-bits.npz").exists()
    assert (folder / "notes.txt").read_text() == "a user's"
    assert (folder / "mine").is_dir()
    assert 3 in result_in(folder)["settings"]["ks"]
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_other_data_of_the_same_name_do_not(model, root, tmp_path):
    folder = write_evaluation(evaluated(model, root))
    before = (folder / "result.json").read_bytes()
    other = shutil.copytree(root, tmp_path / "other" / "mine")
    with pytest.raises(UserError, match=r"holds another evaluation, whose data is .*mine: name"):
        write_evaluation(evaluated(model, other))
    assert (folder / "result.json").read_bytes() == before


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"seed": 3}, "split seed is 0.* Received: 3"),
        ({"test_sketches": 2}, "test sketches is 3.* Received: 2"),
        ({"flip": True}, "flip is False"),
        ({"convention": "voc", "ties": "stable"}, "convention is exact"),
    ],
)
def test_what_was_asked_otherwise_takes_no_place_that_was_named(model, root, tmp_path, asked, told):
    folder = write_evaluation(evaluated(model, root), tmp_path / "named")
    with pytest.raises(UserError, match=told):
        place_for(question_of(model, Asked(**(ASKED | {"data": str(root)} | asked))), folder)
    moved = replace(model, path=tmp_path / "another")
    with pytest.raises(UserError, match=r"model is .*run: name .* Received: .*another"):
        place_for(question_of(moved, Asked(**ASKED, data=str(root))), folder)


def test_other_conventions_have_folders_of_their_own(model, root):
    asked = Asked(**ASKED, data=str(root), convention="voc", ties="stable")
    assert question_of(model, asked).name == "supervised.voc.stable.mine"


def test_codes_under_an_interpolated_convention_need_an_order(model, root, tmp_path):
    codes = learn_itq_codes(np.random.default_rng(0).normal(size=(50, 8)), 8)
    save_codes(codes, tmp_path / "codes.npz", "of the test", model.digest)
    asked = Asked(**ASKED, data=str(root), codes=tmp_path / "codes.npz", convention="voc")
    with pytest.raises(UserError, match=r"Codes tie, and the interpolated AP .* --ties stable"):
        question_of(model, asked)
    assert question_of(model, replace(asked, ties="stable")).codes


@pytest.mark.parametrize("data", [None, "icons"])
def test_how_a_folder_is_read_is_refused_without_a_folder(model, data):
    with pytest.raises(UserError, match="--layout says how a data set's folder is read"):
        question_of(model, Asked(data=data, layout="plain"))


def test_a_place_with_something_else_is_left_alone(model, root, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UserError, match="exists and is no evaluation"):
        write_evaluation(evaluated(model, root), tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "mine"
    (tmp_path / "empty").mkdir()
    assert write_evaluation(evaluated(model, root), tmp_path / "empty").name == "empty"


def test_what_fails_half_way_leaves_the_older_evaluation(model, root, monkeypatch):
    folder = write_evaluation(evaluated(model, root))
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def fails(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(writing, "thumb_arrays", fails)
    with pytest.raises(KeyboardInterrupt):
        write_evaluation(evaluated(model, root, ks=(3,)))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


@pytest.mark.parametrize(("queries", "gallery", "kept"), [
    (5, 15, (5, 15)),
    (5, 100, (5, 15)),
    (100, 5, (15, 5)),
    (100, 100, (10, 10)),
])  # fmt: skip
def test_of_large_sets_a_drawn_sample_of_embeddings_is_kept(monkeypatch, queries, gallery, kept):
    monkeypatch.setattr(writing, "MOST", 20)
    rows = sampled(queries, gallery)
    assert tuple(map(len, rows)) == kept
    for chosen, of in zip(rows, (queries, gallery), strict=True):
        assert len(set(chosen)) == len(chosen)
        assert max(chosen) < of


def test_gates_are_those_that_a_training_writes(few_icons, tmp_path):
    """The mean over a stage's gates of ours is what `GateStatistics` writes for the stage."""
    from tests.small import small

    network = encoder_of(small(), "float32")
    for layer in network.layers:
        if layer.weights and "gate" in layer.name:
            layer.set_weights(
                [w + 0.3 * np.arange(w.size).reshape(w.shape) % 1 for w in layer.get_weights()]
            )
    material = evaluate_by_protocol(mean_colour(tmp_path / "run"), Asked()).material
    arrays = gate_arrays(network, material)
    items = (material.queries, material.gallery)
    reference = GateStatistics(network, items)
    gates = [reference.gates(of) for of in items]
    assert len(arrays["gate"]) == len(reference.layers)
    for number, (layer, sketch, photo) in enumerate(zip(reference.layers, *gates, strict=True)):
        told = statistics(layer.domain, sketch, photo)
        assert arrays["difference"][number] == pytest.approx(told["difference"], rel=1e-4)
        low, middle, high = arrays["difference_quartiles"][number]
        assert low <= middle <= high
        if layer.domain:
            assert arrays["of_the_bit"][number] == pytest.approx(
                np.concatenate([np.abs(a - b) for a, b in (sketch, photo)]).mean(), rel=1e-4
            )
        else:
            assert np.isnan(arrays["of_the_bit"][number])
    assert list(arrays["stage"]) == reference.stages


def test_a_network_without_gates_has_no_gates_file(few_icons, tmp_path):
    material = evaluate_by_protocol(mean_colour(tmp_path / "run"), Asked()).material
    assert gate_arrays(None, material) == {}


def test_centers_go_with_the_names_of_their_classes(few_icons, tmp_path):
    model = mean_colour(tmp_path / "run")
    evaluation = evaluate_by_protocol(model, Asked())
    names = writing.trained_names(evaluation)
    centers = np.arange(3.0 * len(names), dtype=np.float32).reshape(-1, 3)
    np.save(model.run.centers, centers)
    arrays = writing.center_arrays(evaluation)
    np.testing.assert_array_equal(arrays["centers"], centers)
    assert arrays["center_classes"].tolist() == sorted(names)
    assert set(names) <= {icon.class_name for icon in few_icons}
    assert writing.center_arrays(replace(evaluation, model=replace(model, run=None))) == {}
