"""The published configurations, two real steps each, on pictures laid out as those data sets."""

import csv
import importlib
import json

import numpy as np
import pytest
import tensorflow as tf

from tests import trees
from training.config import load_config
from training.evaluate import evaluate_run
from training.train import train

PAPERS = ("paper_sketchy_2018", "paper_sketchy_2021", "paper_tuberlin_2021")
TREES = {"sketchy": trees.sketchy, "tuberlin": trees.tuberlin}
TINY = (
    "steps=2",
    "steps_per_epoch=2",
    "batch_size=4",
    "data.size=64",
    "data.test_resize=70",
    "data.test_sketches=2",
)
# The published networks are trained for their two steps and no more; a small one, with the same
# data and recipe, goes on to the evaluation.
SLIM = (
    "network.backbone=se_resnet",
    "network.widths=16,32,64,64",
    "network.depths=1,1,1,1",
)


@pytest.mark.parametrize("name", PAPERS)
def test_a_paper_configuration_is_as_published(name):
    config = load_config(name)
    assert (config.steps, config.batch_size, config.data.size) == (200_000, 44, 224)
    assert config.loss.margin == 4
    assert config.loss.schedule == "linear"
    assert config.loss.anneal * config.steps == 100_000
    assert config.loss.center_radius == 1
    optimizer = config.optimizer
    assert (optimizer.learning_rate, optimizer.weight_decay) == (1e-4, 1e-4)
    assert (optimizer.decay, optimizer.decay_kind) == ("linear_after_half", "coupled")
    assert (optimizer.warmup, optimizer.clip_norm) == (0, None)
    data = config.data
    assert (data.augmentation, data.test_resize, data.test_flip) == ("published", 246, True)
    assert data.test_sketches == (10 if "tuberlin" in name else 50)
    assert (data.layout, data.variant) == (name.split("_")[1] + "_ext", None)
    network = config.network
    assert (network.gate, network.reduction, network.embedding_dim) == ("dase", 16, 512)
    if name.endswith("2021"):
        assert (network.backbone, config.loss.name) == ("se_resnext101_32x4d", "mems")
        assert (network.gate_stages, network.squeeze_activation) == ((1, 2, 3), "sigmoid")
        assert network.normalization == "unit"
    else:
        assert (network.backbone, config.loss.name) == ("se_resnet50", "ems")
        assert (network.gate_stages, network.squeeze_activation) == ((1, 2, 3, 4), "relu")


@pytest.mark.parametrize("name", PAPERS)
def test_its_note_states_the_command_the_hardware_and_that_no_figure_is_claimed(name):
    note = " ".join(importlib.import_module(f"training.configs.{name}").__doc__.split())
    assert f"sbir train {name} --set network.weights=" in note
    assert "a GPU with" in note or "hardware" in note
    assert "no figure is claimed for it, neither ours nor the paper's" in note
    assert "Every photo of the gallery is trained on" in note


def trained(name, folder, *overrides):
    """A run of two steps of a paper's configuration, and its losses."""
    data_set = name.split("_")[1]
    root = TREES[data_set](folder / data_set)
    run = train(load_config(name, [f"data.root={root}", *TINY, *overrides]), folder / "run")
    with run.log.open() as log:
        return run, [float(row["loss"]) for row in csv.DictReader(log)]


@pytest.fixture
def eagerly():
    """Without graphs: to trace the 50,000 operations of a step takes longer than to run them."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Even though the:UserWarning")
@pytest.mark.usefixtures("eagerly")
@pytest.mark.parametrize("name", ["paper_sketchy_2018", "paper_sketchy_2021"])
def test_two_steps_train_the_published_network(name, tmp_path):
    run, losses = trained(name, tmp_path)
    assert len(losses) == 1 and np.isfinite(losses).all()
    assert run.facts()["margin"] == 4
    assert run.facts()["classes"] == len(trees.SKETCHY_CLASSES)


def test_tuberlin_is_the_same_method_on_other_data():
    sketchy, tuberlin = (load_config(f"paper_{name}_2021") for name in ("sketchy", "tuberlin"))
    for part in ("steps", "batch_size", "network", "loss", "optimizer"):
        assert getattr(sketchy, part) == getattr(tuberlin, part)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Even though the:UserWarning")
@pytest.mark.usefixtures("eagerly")
@pytest.mark.parametrize("name", ["paper_sketchy_2018", "paper_tuberlin_2021"])
def test_two_steps_train_on_its_data_set_and_its_evaluation_flips(name, tmp_path):
    run, losses = trained(name, tmp_path, *SLIM)
    assert len(losses) == 1 and np.isfinite(losses).all()
    result = evaluate_run(run)
    classes = run.facts()["classes"]
    photos = {"sketchy": 4, "tuberlin": 3}[name.split("_")[1]]
    assert (result.queries, result.gallery) == (2 * classes, photos * classes)
    written = json.loads((run.folder / "evaluation.json").read_text())
    assert written["flip"] is True
    assert "every photo of the gallery was trained on" in written["note"]
