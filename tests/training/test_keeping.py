"""What was pretrained is kept: the term, the norms, the principal components."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from sbir_tf.errors import UserError
from sbir_tf.models import build_encoder, se_resnet
from training.config import Config, Loss, Network, overridden
from training.keeping import Keeping, kept_near_its_start, moved
from training.networks import freeze_norms
from training.principal import components

RNG = np.random.default_rng(0)


def encoder(seed=0):
    keras.utils.set_random_seed(seed)
    return build_encoder(se_resnet(16, (8, 8), (1, 1), reduction=4), 4)


def config(**loss):
    network = Network(backbone="se_resnet", embedding_dim=4, weights="imagenet")
    return Config("kept", 10, network=network, loss=Loss(**loss))


def batch(count=6):
    image = RNG.uniform(0, 255, (count, 16, 16, 3)).astype(np.float32)
    domain = (np.arange(count) >= count // 2).astype(np.float32)[:, None]
    return image, domain


def test_the_term_is_the_photos_mean_squared_distance_over_the_squared_radius():
    made = encoder()
    kept = kept_near_its_start(config(keep=3.0, center_radius=5.0), made)
    image, domain = batch()
    before = made([image, domain], training=False).numpy()
    layer = made.get_layer("embedding")
    layer.set_weights([2 * layer.get_weights()[0], layer.get_weights()[1]])
    # In training the batch's own norms count, so the embeddings are taken as they were output.
    now = made([image, domain], training=True).numpy()
    squared = ((now - before) ** 2).sum(axis=1)[3:]
    kept([image, domain], training=True)
    (term,) = kept.losses
    assert float(term) == pytest.approx(3.0 * squared.mean() / 25.0, rel=1e-3)


def test_sketches_and_a_batch_without_photos_add_nothing():
    assert float(moved(tf.zeros((0, 4)), tf.zeros((0, 4)))) == 0
    # By hand: (3, 4) is 5 away from nothing, (0, 1) is 1 away: (25 + 1) / 2 = 13.
    assert float(moved(tf.constant([[3.0, 4], [0, 1]]), tf.zeros((2, 2)))) == 13


def test_searching_sees_the_same_encoder_and_the_start_is_never_trained():
    made = encoder()
    kept = kept_near_its_start(config(keep=1.0), made)
    image, domain = batch()
    np.testing.assert_allclose(kept([image, domain]), made([image, domain]), atol=1e-6)
    layer = kept.get_layer("keeping")
    assert isinstance(layer, Keeping) and layer.trainable_weights == []
    assert len(kept.trainable_weights) == len(made.trainable_weights)
    assert kept_near_its_start(config(), made) is made


def test_a_gradient_step_pulls_photos_back():
    made = encoder()
    kept = kept_near_its_start(config(keep=1.0, center_radius=1.0), made)
    image, domain = batch()
    bias = made.get_layer("embedding").bias
    bias.assign_add(tf.ones(4))
    with tf.GradientTape() as tape:
        kept([image, domain], training=True)
        (term,) = kept.losses
    # d/db of mean ||f + b - f0||^2 is 2 (f + b - f0): positive along what was added.
    assert (tape.gradient(term, bias).numpy() > 0).all()


def test_frozen_norms_compute_as_when_searching():
    keras.utils.set_random_seed(0)
    backbone = se_resnet(16, (8, 8), (1, 1), reduction=4)
    image, domain = batch()
    assert np.abs(backbone([image, domain], training=True) - backbone([image, domain])).max() > 1e-3
    freeze_norms(backbone)
    np.testing.assert_allclose(
        backbone([image, domain], training=True), backbone([image, domain]), atol=1e-6
    )


def test_the_components_are_numpys_and_have_the_radius():
    features = [RNG.normal(size=(40, 6)) @ np.diag([9, 5, 3, 1, 1, 1]) + shift for shift in (0, 50)]
    kernel, offset = components(features, 2, 7.0)
    centred = np.concatenate([of - of.mean(0) for of in features])
    _, axes = np.linalg.eigh(np.cov(centred.T))
    for column, axis in zip(kernel.T, axes[:, ::-1].T, strict=False):
        assert abs(column @ axis) / np.linalg.norm(column) == pytest.approx(1, abs=1e-6)
    given = np.concatenate(features) @ kernel + offset
    assert np.sqrt((given**2).sum(1).mean()) == pytest.approx(7.0, rel=1e-5)
    assert np.linalg.norm(kernel, axis=0).std() < 1e-5  # scaled alike: distances keep their shape


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("loss.keep=1", "loss.keep must be off without network.weights"),
        ("loss.keep=-1", "loss.keep must be at least 0"),
        ("network.frozen_norms=true", "network.frozen_norms must be off"),
        ("network.embedding_start=principal", "network.embedding_start must be random"),
        ("data.hands=-1", "data.hands must be at least 0"),
    ],
)
def test_what_makes_no_sense_is_refused(setting, said):
    with pytest.raises(UserError, match=said):
        overridden(Config("none", 100), [setting])
