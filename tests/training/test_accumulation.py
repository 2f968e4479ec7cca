import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from training.optimizers import LayeredAdam

ROOT = Path(__file__).parents[2]
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(16, 3)).astype(np.float32), RNG.normal(size=(16, 2)).astype(np.float32)
# All that must go by steps, not by batches.
SETTINGS = {
    "kernel_decay": 0.1,
    "epsilon": 1e-7,
    "global_clipnorm": 0.5,
    "use_ema": True,
    "ema_momentum": 0.9,
    "slow": ("first",),
    "slow_share": 0.5,
}


def falling():
    return keras.optimizers.schedules.PolynomialDecay(0.05, 4, 0.01)


def fitted(batch, accumulate=1, steps=3, policy="float32", model=None):
    """A small model after some optimizer steps, each of all 16 items."""
    model = model or made(accumulate, policy)
    batches = tf.data.Dataset.from_tensor_slices((X, Y)).batch(batch).repeat()
    model.fit(batches, steps_per_epoch=steps * 16 // batch, verbose=0)
    return model


def made(accumulate, policy="float32"):
    keras.mixed_precision.set_global_policy(policy)
    try:
        keras.utils.set_random_seed(0)
        inputs = keras.Input((3,))
        hidden = keras.layers.Dense(4, name="first")(inputs)
        outputs = keras.layers.Dense(2, name="second", dtype="float32")(hidden)
        model = keras.Model(inputs, outputs)
        model.compile(LayeredAdam(falling(), accumulate=accumulate, **SETTINGS), "mse")
        return model
    finally:
        keras.mixed_precision.set_global_policy("float32")


def assert_close(model, other, atol=1e-6):
    for now, then in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(now, then, rtol=0, atol=atol)


@pytest.mark.parametrize("accumulate", [2, 4, 16])
def test_steps_of_several_batches_are_those_of_one_as_large(accumulate):
    several = fitted(16 // accumulate, accumulate)
    assert_close(several, fitted(16))
    assert int(several.optimizer.iterations) == 3


def test_between_steps_nothing_moves():
    model = made(accumulate=4)
    before = [weight.copy() for weight in model.get_weights()]
    for batch in range(3):
        model.train_on_batch(X[batch::4], Y[batch::4])
    for now, then in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)
    assert int(model.optimizer.iterations) == 0
    model.train_on_batch(X[3::4], Y[3::4])
    assert not np.array_equal(model.get_weights()[0], before[0])


def test_under_a_scaled_loss_steps_are_gathered_too():
    several = fitted(4, 4, policy="mixed_float16")
    assert_close(several, fitted(16, policy="mixed_float16"), atol=2e-3)
    assert int(several.optimizer.iterations) == 3


def test_a_batch_that_a_scaled_loss_skips_does_not_count():
    """Two steps are of the eight batches beside the one whose gradients are not finite."""
    plain, hindered = made(4, "mixed_float16"), made(4, "mixed_float16")
    for batch in 2 * (0, 1, 2, 3):
        plain.train_on_batch(X[batch::4], Y[batch::4])
    for batch in (0, 1, None, 2, 3, 0, 1, 2, 3):
        y = np.full((4, 2), np.inf, np.float32) if batch is None else Y[batch::4]
        hindered.train_on_batch(X[(batch or 0) :: 4], y)
    assert int(hindered.optimizer.iterations) == 2
    assert_close(hindered, plain, atol=2e-3)


def test_a_training_that_stops_between_steps_continues_exactly(tmp_path):
    whole = fitted(4, 4)
    batches = list(tf.data.Dataset.from_tensor_slices((X, Y)).batch(4).repeat(3))
    stopped = made(4)
    for x, y in batches[:6]:
        stopped.train_on_batch(x, y)
    path = tf.train.Checkpoint(model=stopped).write(str(tmp_path / "state"))
    again = made(4)
    tf.train.Checkpoint(model=again).read(path)
    for x, y in batches[6:]:
        again.train_on_batch(x, y)
    whole.optimizer.finalize_variable_values(whole.trainable_variables)
    again.optimizer.finalize_variable_values(again.trainable_variables)
    for now, then in zip(again.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(now, then)


def test_one_batch_a_step_adds_no_variables():
    model = fitted(16)
    names = [variable.name for variable in model.optimizer.variables]
    assert not any("gathered" in name or "batches" in name for name in names)


@pytest.mark.slow
def test_two_replicas_gather_as_one_does(tmp_path):
    """In a process of its own, which prints the largest difference from here."""
    here = fitted(4, 4)
    np.savez(tmp_path / "here.npz", *here.get_weights())
    code = f"""
import numpy as np, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from tests.training.test_accumulation import fitted, made
with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
    model = made(4)
model = fitted(4, model=model)
here = np.load({str(tmp_path / "here.npz")!r})
print(max(np.abs(w - here[n]).max() for w, n in zip(model.get_weights(), here.files)))
"""
    call = [sys.executable, "-W", "ignore", "-c", code]
    said = subprocess.run(call, check=True, cwd=ROOT, capture_output=True, text=True)
    assert float(said.stdout.split()[-1]) < 1e-6
