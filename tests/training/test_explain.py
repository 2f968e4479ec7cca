"""What a training leaves behind to be looked at, read back as TensorBoard reads it."""

import csv
import datetime

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins import projector

from sbir_tf.evaluation import evaluate
from training import explain
from training.evaluate import embed, evaluate_encoder, trained_encoder
from training.explain.projector import SIDE, one_line, sprite
from training.explain.sheets import BORDER, RIGHT, TILE, WRONG
from training.explain.subsets import queries_and_gallery
from training.sources import held_out
from training.train import train

STEPS = ("steps=6", "steps_per_epoch=3", "data.train_on=train", "validation.share=1")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(small_config, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    return train(small_config(*STEPS), folder, profile=(2, 3))


@pytest.fixture(scope="module")
def events(run):
    found = EventAccumulator(str(run.folder / "tensorboard"), size_guidance={"tensors": 0})
    return found.Reload()


def points(events, tag):
    """Step -> value of a curve."""
    found = events.Tensors(tag)
    return {event.step: float(tf.make_ndarray(event.tensor_proto)) for event in found}


def picture(events, tag):
    encoded = tf.make_ndarray(events.Tensors(tag)[-1].tensor_proto)[2]
    return tf.io.decode_png(encoded).numpy()


def test_the_log_has_the_step_the_time_and_the_validation_metrics(run):
    with run.log.open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["epoch"], row["step"]) for row in rows] == [("0", "3"), ("1", "6")]
    for row in rows:
        assert datetime.datetime.fromisoformat(row["time"]).tzinfo is not None
        assert float(row["seconds"]) > 0
        for name in ("loss", "accuracy", "margin", "center_spread", "val_map"):
            assert np.isfinite(float(row[name]))
        assert 0 <= float(row["val_precision_at_10"]) <= float(row["val_hit_at_10"]) <= 1


def test_the_last_validation_metrics_are_those_of_the_trained_encoder(run):
    data = run.config.data
    queries, gallery = held_out(data, "validation")
    chosen = queries_and_gallery(queries, gallery, 100, 400, 0)
    assert [len(items) for items in chosen] == [len(queries), len(gallery)]  # few enough: all
    result = evaluate_encoder(trained_encoder(run), run.config, "validation")
    with run.log.open() as file:
        last = list(csv.DictReader(file))[-1]
    assert float(last["val_map"]) == pytest.approx(result.map_all, abs=1e-5)
    assert float(last["val_hit_at_10"]) == pytest.approx(result.hit_at[10], abs=1e-5)


def test_the_curves_have_every_number_at_its_step(events, run):
    for name in ("loss", "accuracy", "margin", "learning_rate"):
        assert list(points(events, f"training/{name}")) == [1, 2, 3, 4, 5, 6]
    assert set(points(events, "training/examples_per_second")) >= {2, 3, 5, 6}
    for tag in ("training/center_spread", "validation/map", "validation/hit_at_10"):
        assert list(points(events, tag)) == [3, 6]


def test_a_point_of_the_loss_is_of_its_own_steps(events, run):
    """Three points of a step each have the epoch's mean as theirs."""
    with run.log.open() as file:
        rows = list(csv.DictReader(file))
    losses = points(events, "training/loss")
    for row, steps in zip(rows, ((1, 2, 3), (4, 5, 6)), strict=True):
        assert np.mean([losses[step] for step in steps]) == pytest.approx(
            float(row["loss"]), rel=1e-4
        )


def test_both_distributions_of_both_domains_are_there(events):
    for domain in ("sketch", "photo"):
        means = {}
        for name in ("own", "nearest_other"):
            found = events.Tensors(f"distances/{domain}/{name}")
            assert [event.step for event in found][-1] == 6
            buckets = tf.make_ndarray(found[-1].tensor_proto)
            middles, counts = buckets[:, :2].mean(axis=1), buckets[:, 2]
            means[name] = (middles * counts).sum() / counts.sum()
            told = points(events, f"distances/{domain}/{name}_mean")[6]
            assert means[name] == pytest.approx(told, rel=0.1)
        assert 0 <= points(events, f"distances/{domain}/within_margin")[6] <= 1


def test_the_gates_of_every_stage_are_told_by_domain(events):
    tags = {tag for tag in events.Tags()["tensors"] if tag.startswith("gates/")}
    names = ("sketch", "photo", "difference", "of_the_bit")
    assert tags == {f"gates/stage{stage}/{name}" for stage in (1, 2) for name in names}
    for stage in (1, 2):
        assert 0 < points(events, f"gates/stage{stage}/sketch")[6] < 1
        assert points(events, f"gates/stage{stage}/of_the_bit")[6] > 0


def test_the_contact_sheet_shows_what_is_found(events, run):
    shown = picture(events, "retrieval/validation")
    queries, gallery = held_out(run.config.data, "validation")
    tile = TILE + 2 * BORDER
    rows, columns = len(shown) // tile, (shown.shape[1] - 12) // tile
    assert (rows, columns) == (min(10, len(queries)), 11)
    right = (shown == RIGHT).all(axis=2)[::tile, tile + 12 :: tile].sum()
    wrong = (shown == WRONG).all(axis=2)[::tile, tile + 12 :: tile].sum()
    assert right + wrong == rows * 10
    # Its rows are spread evenly over the queries: recount them.
    places = np.linspace(0, len(queries) - 1, rows).astype(int)
    encoder = trained_encoder(run)
    result = evaluate(
        embed(encoder, queries)[places],
        queries.labels[places],
        embed(encoder, gallery),
        gallery.labels,
        ks=(10,),
    )
    assert right == round(result.precision_at[10] * rows * 10)


def test_the_projector_finds_its_files_below_its_own_folder(run):
    folder = run.folder / "tensorboard"
    config = projector.ProjectorConfig()
    text_format.Parse((folder / "projector_config.pbtxt").read_text(), config)
    (shown,) = config.embeddings
    tensors = np.loadtxt(folder / shown.tensor_path, delimiter="\t")
    lines = (folder / shown.metadata_path).read_text().splitlines()
    assert lines[0] == "class\tdomain"
    assert len(lines) - 1 == len(tensors)
    assert {line.split("\t")[1] for line in lines[1:]} == {"sketch", "photo"}
    assert tensors.shape[1] == run.config.network.embedding_dim
    square = tf.io.decode_png((folder / shown.sprite.image_path).read_bytes()).numpy()
    across = len(square) // shown.sprite.single_image_dim[0]
    assert (across - 1) ** 2 < len(tensors) <= across**2
    # The first thumbnail is a sketch: black on white.
    assert (square[:SIDE, :SIDE].std(axis=2) == 0).all()


def test_the_projector_plugin_serves_them(run):
    from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
    from tensorboard.plugins import base_plugin
    from tensorboard.plugins.projector.projector_plugin import ProjectorPlugin

    multiplexer = plugin_event_multiplexer.EventMultiplexer()
    multiplexer.AddRunsFromDirectory(str(run.folder)).Reload()
    provider = data_provider.MultiplexerDataProvider(multiplexer, str(run.folder))
    context = base_plugin.TBContext(logdir=str(run.folder), data_provider=provider)
    plugin = ProjectorPlugin(context)
    plugin._update_configs()
    assert list(plugin._configs) == ["tensorboard"]
    (shown,) = plugin._configs["tensorboard"].embeddings
    assert list(shown.tensor_shape) == [
        len((run.folder / "tensorboard" / "embeddings.tsv").read_text().splitlines()),
        run.config.network.embedding_dim,
    ]


def test_what_explaining_cost_is_noted(run):
    noted = run.facts()["explained"]
    assert set(noted["seconds"]) == {"validation", "board", "curves"}
    assert all(seconds > 0 for seconds in noted["seconds"].values())
    assert 0 < noted["share"] < 1


def test_an_interrupted_training_tells_the_same_story(small_config, run, tmp_path, monkeypatch):
    """Inside the second epoch, behind a measurement whose epoch has not ended."""
    settings = (*STEPS, "validation.every=1", "checkpoint_every=1")
    whole = train(small_config(*settings), tmp_path / "whole")
    scalars = explain.Scalars.on_train_batch_end

    def interrupted(self, batch, logs=None):
        if self.position.step == 5:
            raise KeyboardInterrupt
        scalars(self, batch, logs)

    monkeypatch.setattr(explain.Scalars, "on_train_batch_end", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train(small_config(*settings), tmp_path / "parts")
    monkeypatch.setattr(explain.Scalars, "on_train_batch_end", scalars)
    parts = train(small_config(*settings), tmp_path / "parts")
    logs = []
    for each in (whole, parts):
        with each.log.open() as file:
            rows = csv.DictReader(file)
            logs.append([{k: row[k] for k in row if k not in ("time", "seconds")} for row in rows])
    assert logs[0] == logs[1]


def test_the_profiler_looked_on(run):
    assert list((run.folder / "tensorboard").rglob("*.xplane.pb"))


def test_a_training_on_the_validation_part_has_no_validation_and_says_so(
    small_config, tmp_path, capfd
):
    run = train(small_config("steps=2"), tmp_path / "run")
    said = capfd.readouterr().err
    assert said.count("no validation while training: its part is trained on") == 1
    assert "val_map" not in run.log.read_text()
    found = EventAccumulator(str(run.folder / "tensorboard")).Reload()
    assert "retrieval/trained_on" in found.Tags()["tensors"]


def test_explaining_changes_no_weight(small_config, run, tmp_path, monkeypatch):
    monkeypatch.setattr(explain, "callbacks_of", lambda *_: [])
    plain = train(small_config(*STEPS), tmp_path / "run")
    for bare, told in zip(
        trained_encoder(plain).get_weights(), trained_encoder(run).get_weights(), strict=True
    ):
        np.testing.assert_array_equal(bare, told)


def test_a_sprite_is_a_square_read_row_by_row():
    images = [np.full((8, 8, 3), value, np.uint8) for value in (10, 20, 30)]
    square = sprite(images)
    assert square.shape == (2 * SIDE, 2 * SIDE, 3)
    assert [square[y, x, 0] for y, x in ((0, 0), (0, SIDE), (SIDE, 0), (SIDE, SIDE))] == [
        10,
        20,
        30,
        255,
    ]


def test_a_class_name_cannot_break_the_metadata():
    assert one_line("teddy\tbear\nbrown") == "teddy bear brown"
