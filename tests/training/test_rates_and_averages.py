"""Backbone rate, decay, accumulation and moving averages, as configurations ask for them."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.small import small
from training.build import head_layers, optimizer_of, pretrained_layers
from training.checkpoints import Checkpoints
from training.evaluate import trained_encoder
from training.losses import training_model
from training.networks import encoder_of
from training.optimizers import CoupledAdam, LayeredAdam
from training.train import train

RNG = np.random.default_rng(0)


def model_of(config, classes=3):
    keras.utils.set_random_seed(0)
    return training_model(config, encoder_of(config, "float32"), classes)


def steps(optimizer, model, gradients):
    """The weights before, and after each gradient of all of them."""
    weights = model.trainable_variables
    seen = [[w.numpy() for w in weights]]
    for of_step in gradients:
        optimizer.apply_gradients(zip(map(tf.constant, of_step), weights, strict=True))
        seen.append([w.numpy() for w in weights])
    return seen


def random_gradients(model, count):
    return [
        [RNG.normal(size=w.shape).astype(np.float32) for w in model.trainable_variables]
        for _ in range(count)
    ]


OTHERS = (
    (),
    ("optimizer.accumulate=2",),
    ("optimizer.backbone_rate=0.5",),
    ("optimizer.ema_momentum=0.5",),
    ("optimizer.accumulate=2", "optimizer.backbone_rate=0.5", "optimizer.ema_momentum=0.5"),
)


@pytest.mark.parametrize("others", OTHERS, ids=lambda keys: ",".join(keys) or "alone")
@pytest.mark.parametrize("gate", ["dase", "gc", "sk", "non_local"])
def test_decay_leaves_heads_biases_norms_and_gates_biases_alone(gate, others):
    config = small(
        f"network.gate={gate}", "optimizer.weight_decay=0.5", "loss.name=center", *others
    )
    model = model_of(config)
    nothing = [[np.zeros(w.shape, np.float32) for w in model.trainable_variables]]
    seen = steps(optimizer_of(config, model), model, nothing * config.optimizer.accumulate)
    head = {w.name for name in head_layers(model) for w in model.get_layer(name).weights}
    assert head
    for before, after, weight in zip(seen[0], seen[-1], model.trainable_variables, strict=True):
        # Without a gradient, decay alone moves a weight; a zero stays where it is.
        decays = weight.name not in head and weight.shape.rank > 1 and before.any()
        assert np.array_equal(before, after) != decays, weight.name


@pytest.mark.parametrize("kind", ["decoupled", "coupled"])
def test_at_one_rate_and_one_batch_a_step_is_that_of_the_plain_optimizer(kind):
    keys = ("optimizer.weight_decay=0.1", f"optimizer.decay_kind={kind}", "optimizer.clip_norm=1")
    config = small(*keys)
    plain, layered = model_of(config), model_of(config)
    gradients = random_gradients(plain, 3)
    expected = optimizer_of(config, plain)
    assert not isinstance(expected, LayeredAdam)
    decay = {"kernel_decay" if kind == "decoupled" else "decay": 0.1}
    optimizer = LayeredAdam(
        expected._learning_rate,
        undecayed=head_layers(layered),
        epsilon=expected.epsilon,
        global_clipnorm=1.0,
        **decay,
    )
    for now, then in zip(
        steps(optimizer, layered, gradients)[-1],
        steps(expected, plain, gradients)[-1],
        strict=True,
    ):
        np.testing.assert_array_equal(now, then)


def test_the_backbone_moves_at_its_share_of_the_rate_and_decays_at_it():
    """Compared with the whole rate after one step, from the same weights and gradients."""
    keys = ("optimizer.weight_decay=0.3", "optimizer.accumulate=1")
    configs = [small(*keys, f"optimizer.backbone_rate={rate}") for rate in (1, 0.25)]
    models = [model_of(config) for config in configs]
    gradients = random_gradients(models[0], 1)
    whole, slow = (
        steps(optimizer_of(config, model), model, gradients)
        for config, model in zip(configs, models, strict=True)
    )
    backbone = set(pretrained_layers(configs[1], models[1]))
    seen = set()
    for before, fast, slower, weight in zip(
        whole[0], whole[1], slow[1], models[1].trainable_variables, strict=True
    ):
        inside = weight.name.split("/")[0] in backbone
        seen.add(inside)
        share = 0.25 if inside else 1
        np.testing.assert_allclose(slower - before, share * (fast - before), atol=3e-7)
    assert seen == {True, False}


def test_the_pretrained_part_is_the_backbone_but_for_gates_that_its_weights_do_not_have():
    tiny = ("network.backbone=efficientnet_lite0", "data.size=32")
    imagenet = small(*tiny, "network.weights=imagenet")
    model = model_of(imagenet)
    named = pretrained_layers(imagenet, model)
    assert {"stem", "stem_bn", "block3_depthwise", "head"} <= set(named)
    assert not {"block3_dase", "embedding", "class_centers"} & set(named)
    assert "block3_dase" in pretrained_layers(small(*tiny), model)


def test_an_optimizer_of_layers_survives_its_config():
    before = LayeredAdam(
        0.02, 0.3, ("a", "b"), 0.5, accumulate=3, decay=0.1, undecayed=("c",), epsilon=1e-5
    )
    after = keras.optimizers.deserialize(keras.optimizers.serialize(before))
    assert isinstance(after, LayeredAdam)
    assert isinstance(after, CoupledAdam)
    assert (after.kernel_decay, after.slow, after.slow_share) == (0.3, ("a", "b"), 0.5)
    assert (after.accumulate, after.decay, after.undecayed) == (3, 0.1, ("c",))


EVERYTHING = (
    "optimizer.ema_momentum=0.9",
    "optimizer.accumulate=2",
    "optimizer.backbone_rate=0.5",
    "optimizer.clip_norm=1",
)


@pytest.fixture(scope="module")
def averaged(small_config, tmp_path_factory):
    """A run with everything that an optimizer can do."""
    return train(small_config(*EVERYTHING), tmp_path_factory.mktemp("runs") / "run")


def weights_of(run):
    return {w.name: w.numpy() for w in trained_encoder(run).weights}


@pytest.mark.slow
def test_the_weights_of_a_run_are_the_averages(averaged):
    """As the last checkpoint has them, beside the weights that moved."""
    checkpoints = Checkpoints(averaged.checkpoints)
    reader = tf.train.load_checkpoint(str(checkpoints.path(6) / "variables"))
    tensors = [reader.get_tensor(name) for name in reader.get_variable_to_shape_map()]
    kernel = trained_encoder(averaged).get_layer("embedding").kernel.numpy()
    alike = [t for t in tensors if np.shape(t) == kernel.shape]
    assert sum(np.array_equal(t, kernel) for t in alike) >= 1
    moved = reader.get_tensor(embedding_in(reader))
    assert not np.array_equal(moved, kernel)
    assert np.abs(moved - kernel).max() < 0.01


def embedding_in(reader):
    """The name of the embedding's kernel, by its shape the last of the model's own."""
    shapes = reader.get_variable_to_shape_map()
    own = [n for n, s in shapes.items() if s == [16, 8] and "optimizer" not in n]
    (name,) = [n for n in own if n.startswith("model/layer_with_weights") and "kernel" in n]
    return name


@pytest.mark.slow
@pytest.mark.parametrize("last", [3, 6], ids=["between two steps", "behind the last step"])
def test_an_interrupted_training_with_averages_continues_to_the_same_weights(
    averaged, small_config, tmp_path, monkeypatch, last
):
    """Batch 3 is the first of the two of a step; behind batch 6 the averages are to be taken."""
    from training.saving import SaveCheckpoint

    save, saved = SaveCheckpoint.save, itertools.count(1)

    def interrupted(self, score=None):
        save(self, score)
        if self.position.step == last and next(saved) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(SaveCheckpoint, "save", interrupted)
    config = small_config(*EVERYTHING, "checkpoint_every=1")
    with pytest.raises(KeyboardInterrupt):
        train(config, tmp_path / "run")
    run = train(config, tmp_path / "run")
    before = weights_of(averaged)
    for name, weight in weights_of(run).items():
        np.testing.assert_array_equal(weight, before[name])
