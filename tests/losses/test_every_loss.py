"""What holds of every loss, whatever its head."""

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from sbir_tf import losses
from sbir_tf.errors import UserError
from sbir_tf.losses.addons import addons_losses
from sbir_tf.models.heads import HEADS, add_head
from tests.losses.reference import value_and_gradient

LOSSES = [kind for kind in map(losses.__dict__.get, losses.__all__) if isinstance(kind, type)]
IN_BATCH = [kind for kind in LOSSES if kind.head == "embeddings"]
BY_SCORES = [kind for kind in LOSSES if kind.head != "embeddings"]
CLASSES = 4
LABELS = np.array([0, 0, 1, 1, 2, 0])  # of six items; class 3 is without samples, class 2 has one


def outputs(kind, items=6):
    """What the loss's head could output."""
    rng = np.random.default_rng(0)
    shape = (items, CLASSES)
    planes = {
        "centers": [rng.uniform(0, 3, shape)],
        "classifier": [rng.normal(size=shape)],
        "classifier_and_centers": [rng.normal(size=shape), rng.uniform(0, 3, shape)],
        "angles": [rng.uniform(-0.9, 0.9, shape), *rng.uniform(1, 3, (2, *shape))],
        "embeddings": [rng.normal(size=(items, 5))],
    }[kind.head]
    return (planes[0] if len(planes) == 1 else np.stack(planes, axis=1)).astype(np.float32)


def finite(kind, labels, y_pred):
    value, gradient = value_and_gradient(kind(), labels, y_pred)
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()
    return value, gradient


@pytest.mark.parametrize("kind", LOSSES)
def test_a_loss_names_its_head_and_how_its_embeddings_are_compared(kind):
    assert kind.head in HEADS
    assert kind.compares in ("distance", "direction")
    assert hasattr(kind, "scores") is (kind.head != "embeddings")


@pytest.mark.parametrize("kind", BY_SCORES)
def test_a_class_without_samples_has_a_finite_push(kind):
    finite(kind, LABELS, outputs(kind))


@pytest.mark.parametrize("kind", BY_SCORES)
def test_an_item_costs_the_same_alone_as_beside_itself(kind):
    one = outputs(kind, 1)
    alone, _ = finite(kind, [2], one)
    twice, _ = finite(kind, [2, 2], np.repeat(one, 2, axis=0))
    assert alone == pytest.approx(twice, rel=1e-6)


@pytest.mark.parametrize("kind", IN_BATCH)
def test_a_batch_of_one_has_nothing_to_learn_from(kind):
    _, gradient = finite(kind, [2], outputs(kind, 1))
    lengths = losses.NPair().weight * outputs(kind, 1) if kind is losses.NPair else 0
    np.testing.assert_allclose(gradient, lengths + np.zeros((1, 5)), rtol=1e-6)


@pytest.mark.parametrize("labels", [np.arange(6), np.zeros(6, int)], ids=["all alone", "one class"])
@pytest.mark.parametrize("kind", IN_BATCH)
def test_a_batch_without_positives_or_without_negatives_is_finite(kind, labels):
    finite(kind, labels, outputs(kind))


@pytest.mark.parametrize("kind", BY_SCORES)
def test_equal_scores_push_all_other_classes_alike(kind):
    same = np.repeat(outputs(kind)[..., :1], CLASSES, axis=-1)
    _, gradient = finite(kind, np.full(6, 1), same)
    np.testing.assert_allclose(gradient[..., 2:], gradient[..., :1] + np.zeros(2), rtol=1e-5)
    scores = kind().scores(tf.constant(same)).numpy()
    np.testing.assert_array_equal(scores, scores[:, :1] + np.zeros(CLASSES))


@pytest.mark.parametrize("kind", BY_SCORES)
def test_the_nearer_class_has_the_higher_score(kind):
    better = np.repeat(outputs(kind)[..., :1], CLASSES, axis=-1)
    # Distances fall, logits and cosines rise; of several planes the first is the score's.
    change = -0.5 if kind.head == "centers" else 0.05
    first = better if better.ndim == 2 else better[:, 0]
    first[:, 2] += change
    np.testing.assert_array_equal(np.argmax(kind().scores(tf.constant(better)), axis=-1), 2)


@pytest.mark.parametrize("kind", IN_BATCH)
def test_equal_embeddings_are_finite(kind):
    finite(kind, LABELS, np.ones((6, 5), np.float32))
    finite(kind, LABELS, np.zeros((6, 5), np.float32))


@pytest.mark.parametrize("kind", [k for k in BY_SCORES if "center" in k.head])
def test_a_distance_of_zero_is_finite(kind):
    finite(kind, LABELS, np.zeros_like(outputs(kind)))


@pytest.mark.parametrize("kind", LOSSES)
def test_labels_may_be_a_column_and_of_any_integer_type(kind):
    expected = kind()(LABELS, outputs(kind))
    for labels in (LABELS[:, None], LABELS.astype(np.int32), LABELS.astype(np.uint8)):
        np.testing.assert_array_equal(kind()(labels, outputs(kind)), expected)


@pytest.mark.parametrize("kind", IN_BATCH)
def test_labels_above_2_to_the_24_stay_apart(kind):
    # As float32, 2^24 + 1 and 2^24 are one number.
    expected, _ = finite(kind, LABELS, outputs(kind))
    assert finite(kind, LABELS + 2**24, outputs(kind))[0] == expected


@pytest.mark.parametrize("kind", BY_SCORES)
def test_the_class_above_2_to_the_24_is_the_one_that_is_meant(kind):
    own, classes = 2**24 + 1, 2**24 + 3
    low, high = {"centers": (3600, 0), "classifier": (-60, 0)}.get(kind.head, (0, 1))
    scores = tf.tensor_scatter_nd_update(tf.fill([1, classes], float(low)), [[0, own]], [high])
    if kind.head == "classifier_and_centers":
        y_pred = tf.stack([60 * scores, tf.zeros_like(scores)], axis=1)
    elif kind.head == "angles":
        y_pred = tf.stack([scores, *[tf.fill([1, classes], 60.0)] * 2], axis=1)
    else:
        y_pred = scores
    # Its neighbours score like all 16 million others: each would cost at least ln(2^24) = 16.
    assert float(kind()([own], y_pred)) < 1


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("kind", LOSSES)
def test_half_precision_inputs_are_computed_in_float32(kind, dtype):
    half = tf.cast(outputs(kind), dtype)
    value = kind()(LABELS, half)
    assert value.dtype == tf.float32
    np.testing.assert_array_equal(value, kind()(LABELS, tf.cast(half, tf.float32)))


def small_model(kind, policy):
    """A network of two layers, the first in half precision, with the loss's head."""
    before = keras.mixed_precision.global_policy()
    keras.mixed_precision.set_global_policy(policy)
    try:
        image = keras.Input((6,))
        hidden = keras.layers.Dense(16, activation="relu")(image)
        embeddings = keras.layers.Dense(5, dtype="float32")(hidden)
        encoder = keras.Model(image, embeddings)
        return add_head(encoder, kind.head, CLASSES, radius=3.0, seed=0)
    finally:
        keras.mixed_precision.set_global_policy(before)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("kind", LOSSES)
def test_a_half_precision_network_reaches_its_loss_in_float32(kind, policy):
    model = small_model(kind, policy)
    with tf.GradientTape() as tape:
        y_pred = model(np.random.default_rng(0).normal(size=(6, 6)))
        value = kind()(LABELS, y_pred)
    assert {y_pred.dtype, value.dtype} == {tf.float32}
    for gradient in tape.gradient(value, model.trainable_variables):
        assert np.isfinite(gradient).all()
        assert np.abs(gradient).max() > 0


@pytest.mark.parametrize("kind", LOSSES)
def test_fit_lowers_the_loss(kind):
    keras.utils.set_random_seed(0)
    model, loss = small_model(kind, "mixed_float16"), kind()
    labels = np.repeat(np.arange(CLASSES), 4)
    images = np.random.default_rng(0).normal(size=(CLASSES, 6))[labels].astype(np.float32)
    images += np.random.default_rng(1).normal(size=images.shape, scale=0.5)
    expected = float(loss(labels, model(images)))
    model.compile(keras.optimizers.Adam(0.01), loss)
    seen = model.fit(images, labels, 16, epochs=12, shuffle=False, verbose=0).history["loss"]
    assert seen[0] == pytest.approx(expected, rel=2e-2)
    assert min(seen) < 0.98 * seen[0]


def test_tensorflow_addons_is_imported_by_its_own_losses_alone_and_quietly():
    code = (
        "import sys; from sbir_tf import losses; losses.MEMS(); losses.NPair()\n"
        "assert 'tensorflow_addons' not in sys.modules\n"
        "losses.Contrastive(); assert 'tensorflow_addons' in sys.modules"
    )
    noisy = "tensorflow_addons.utils.tfa_eol_msg"
    subprocess.run([sys.executable, "-W", f"error::UserWarning:{noisy}", "-c", code], check=True)


@pytest.mark.parametrize("kind", ["Contrastive", "TripletSemiHard", "TripletHard"])
def test_without_tensorflow_addons_the_error_names_the_cure(kind, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_addons", None)
    with pytest.raises(UserError, match=r"needs tensorflow-addons.*install tensorflow-addons==0"):
        getattr(losses, kind)()


def test_the_module_of_addons_is_the_real_one():
    assert addons_losses("any").__name__ == "tensorflow_addons.losses"
