import typing

import numpy as np
import pytest
import tensorflow as tf

from sbir_tf import losses
from sbir_tf.errors import UserError
from training.build import optimizer_of
from training.callbacks import LambdaSchedule, MarginSchedule
from training.config import Loss, load_config
from training.guards import CollapseGuard, ExplosionGuard
from training.losses import (
    LOSSES,
    OwnClassFirst,
    callbacks_of,
    compared_by_direction,
    loss_of,
    metrics_of,
    settings_of,
    training_model,
)
from training.position import Position
from training.schedules import annealed_lambda


def tiny(*overrides):
    return load_config("icons_tiny", overrides)


def encoder():
    image = tf.keras.Input((6,))
    return tf.keras.Model(image, tf.keras.layers.Dense(4)(image))


def test_every_loss_has_its_name_in_the_configuration():
    named = typing.get_args(typing.get_type_hints(Loss)["name"])
    assert sorted(named) == sorted(LOSSES)
    kinds = {getattr(losses, name) for name in losses.__all__}
    assert {kind for kind in kinds if isinstance(kind, type)} == set(LOSSES.values())


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_one_line_of_a_configuration_changes_the_loss_and_its_head(name):
    config = tiny(f"loss.name={name}")
    loss, model = loss_of(config), training_model(config, encoder(), 5)
    assert loss.name == name
    value = loss(np.array([0, 1, 1]), model(np.ones((3, 6), np.float32)))
    assert np.isfinite(float(value))
    assert len(metrics_of(loss)) == (loss.head != "embeddings")


@pytest.mark.parametrize(
    ("name", "setting", "value"),
    [
        ("mems", "margin", 5.0),
        ("contrastive", "margin", 0.5),
        ("triplet_hard", "margin", 0.5),
        ("sphereface", "lambda_end", 2.0),
        ("l_softmax", "margin", 3),
        ("cosface", "scale", 30.0),
        ("arcface", "margin", 0.3),
        ("center", "weight", 0.1),
        ("n_pair", "weight", 0.1),
    ],
)
def test_a_setting_reaches_its_loss(name, setting, value):
    loss = loss_of(tiny(f"loss.name={name}", f"loss.{setting}={value}"))
    assert getattr(loss, setting) == value


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["softmax", "margin=2"], "softmax has no setting.*Received: loss.margin=2.0"),
        (["mems", "scale=2"], "mems has loss.margin: set loss.scale=none"),
        (["arcface", "weight=2"], "arcface has loss.margin, loss.scale: set loss.weight=none"),
        (["arcface", "margin=4"], "`margin` must be from 0 to below pi"),
        (["sphereface", "margin=2.5"], "`margin` must be a whole number"),
    ],
)
def test_a_setting_that_a_loss_cannot_have_is_an_error(overrides, said):
    name, setting = overrides
    with pytest.raises(UserError, match=said):
        loss_of(tiny(f"loss.name={name}", f"loss.{setting}"))


def test_an_unknown_loss_names_the_nearest():
    with pytest.raises(UserError, match="Did you mean 'arcface'"):
        tiny("loss.name=arcfase")


def test_a_wrong_setting_writes_nothing(tmp_path):
    from training.train import train

    with pytest.raises(UserError, match="`margin` must be from 0 to below pi"):
        train(tiny("loss.name=arcface", "loss.margin=4"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_margins_lambdas_and_guards_go_where_they_apply():
    def kinds(*overrides):
        config = tiny(*overrides)
        loss, model = loss_of(config), training_model(config, encoder(), 5)
        return [type(callback) for callback in callbacks_of(config, loss, model, Position(2))]

    assert kinds("loss.name=mems") == [MarginSchedule, CollapseGuard, ExplosionGuard]
    assert kinds("loss.name=sphereface") == [LambdaSchedule]
    assert kinds("loss.name=l_softmax", "loss.schedule=constant") == []
    assert kinds("loss.name=center") == [ExplosionGuard]
    assert kinds("loss.name=contrastive") == []


def test_embeddings_are_compared_as_their_loss_trains_them_unless_set():
    assert not compared_by_direction(tiny("loss.name=mems"))
    assert compared_by_direction(tiny("loss.name=arcface"))
    assert compared_by_direction(tiny("loss.name=mems", "loss.compare=direction"))
    assert not compared_by_direction(tiny("loss.name=arcface", "loss.compare=distance"))


def test_only_mixed_float16_scales_its_loss():
    for precision, scaled in (("mixed_float16", True), ("mixed_bfloat16", False)):
        model = training_model(tiny(f"precision={precision}"), encoder(), 5)
        model.compile("adam", "mse")
        assert hasattr(model.optimizer, "loss_scale") is scaled


def test_settings_are_the_arguments_that_a_loss_has():
    assert settings_of("arcface") == ("margin", "scale")
    assert settings_of("prototypical") == ()


def test_the_accuracy_counts_own_classes_ranked_first():
    metric = OwnClassFirst(losses.MEMS().scores)
    metric.update_state([[0], [1]], tf.constant([[1.0, 2.0], [1.0, 2.0]]))  # distances
    metric.update_state([1], tf.constant([[3.0, 2.0]]))
    assert float(metric.result()) == pytest.approx(2 / 3)


def test_the_accuracy_tells_classes_above_2_to_the_24_apart():
    own = 2**24 + 1
    scores = tf.one_hot([own], own + 1)
    for label, right in ((own, 1.0), (own - 1, 0.0)):
        metric = OwnClassFirst(lambda y_pred: y_pred)
        metric.update_state([label], scores)
        assert float(metric.result()) == right


def test_lambda_falls_along_the_published_curve():
    # Published: max(5, 1000 / (1 + 0.12 t)); it rests at t = (1000 / 5 - 1) / 0.12 = 1658.3.
    for step in (0, 1, 100, 1658, 2000):
        expected = max(5, 1000 / (1 + 0.12 * step))
        assert annealed_lambda(1000, 5, step, 199 / 0.12) == pytest.approx(expected)


@pytest.mark.parametrize(("end", "nearly"), [(5.0, 5.0), (0.0, 1.0)])
def test_lambda_ends_where_it_should_and_never_rises(end, nearly):
    seen = [annealed_lambda(1000.0, end, step, 50) for step in range(60)]
    assert seen[0] == 1000
    assert seen[49] == pytest.approx(nearly, rel=0.03)
    assert seen[50:] == [end] * 10
    assert (np.diff(seen) <= 0).all()


def test_without_steps_to_anneal_lambda_is_at_its_end():
    assert annealed_lambda(1000.0, 5.0, 0, 0) == 5.0


def test_a_continued_lambda_goes_on_where_it_stood_and_is_logged():
    whole, parts = losses.SphereFace(), losses.SphereFace()
    for loss, first, steps in ((whole, 0, 10), (parts, 0, 6), (parts, 6, 4)):
        schedule = LambdaSchedule(loss, 20, first)
        schedule.on_train_begin()
        for step in range(steps):
            schedule.on_train_batch_end(step)
    logs = {}
    schedule.on_epoch_end(0, logs)
    assert logs["lambda"] == whole.current_lambda.numpy() == parts.current_lambda.numpy()
    # gamma = 199 / 20; at step 10: 1000 / (1 + 99.5) = 9.9502.
    assert logs["lambda"] == pytest.approx(9.9502, rel=1e-4)


@pytest.mark.parametrize("name", ["mems", "softmax", "center", "arcface"])
def test_weight_decay_spares_every_head(name):
    config = tiny(f"loss.name={name}", "optimizer.weight_decay=1", "optimizer.warmup=0")
    image = tf.keras.Input((6,))
    encoder = tf.keras.Model(image, tf.keras.layers.Dense(4, name="embedding")(image))
    model = training_model(config, encoder, 5)
    weights = model.trainable_variables
    before = [weight.numpy() for weight in weights]
    optimizer = optimizer_of(config, model)
    # Without a gradient Adam stands still: what moves has decayed.
    optimizer.apply_gradients([(tf.zeros_like(weight), weight) for weight in weights])
    moved = [w.name for w, old in zip(weights, before, strict=True) if (w.numpy() != old).any()]
    assert moved == ["embedding/kernel:0"]
