import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.small import small
from training.build import head_layers, optimizer_of
from training.optimizers import CoupledAdam
from training.schedules import WarmupThenDecay

GRADIENTS = np.array([[0.1, -0.2, 0.3], [-0.4, 0.1, 0.0], [0.05, 0.05, -0.1]], np.float32)


def steps(optimizer, start, gradients=GRADIENTS, name="dense/kernel"):
    variable = tf.Variable(start, dtype=tf.float32, name=name)
    seen = []
    for gradient in gradients:
        optimizer.apply_gradients([(tf.constant(gradient[: len(start)]), variable)])
        seen.append(variable.numpy().copy())
    return np.array(seen)


def torch_adam(weights, gradients, rate, decay, betas=(0.9, 0.999), epsilon=1e-8):
    """As torch.optim.Adam's documentation writes the algorithm."""
    weights = np.array(weights, np.float64)
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    seen = []
    for number, gradient in enumerate(gradients, start=1):
        gradient = gradient[: len(weights)] + decay * weights
        first = betas[0] * first + (1 - betas[0]) * gradient
        second = betas[1] * second + (1 - betas[1]) * gradient**2
        corrected = first / (1 - betas[0] ** number), second / (1 - betas[1] ** number)
        weights = weights - rate * corrected[0] / (np.sqrt(corrected[1]) + epsilon)
        seen.append(weights)
    return np.array(seen)


@pytest.mark.parametrize("decay", [0.0, 1e-4, 0.1])
def test_a_step_is_that_of_torchs_adam(decay):
    optimizer = CoupledAdam(0.01, decay)
    expected = torch_adam([0.5, -2.0, 1.0], GRADIENTS, 0.01, decay)
    np.testing.assert_allclose(steps(optimizer, [0.5, -2.0, 1.0]), expected, rtol=1e-5)


def test_three_steps_end_where_torch_itself_ends():
    """torch 2.13.0: Adam([{w, weight_decay 0.1}, {b, weight_decay 0}], lr=0.01), in float64."""
    decayed = steps(CoupledAdam(0.01, 0.1), [0.5, -2.0, 1.0])
    np.testing.assert_allclose(decayed[-1], [0.4957502743, -1.9735122749, 0.9753253294], rtol=1e-6)
    head = CoupledAdam(0.01, 0.1, undecayed=("class_centers",))
    still = steps(head, [3.0], name="class_centers/centers")
    np.testing.assert_allclose(still[-1], [2.9991190833], rtol=1e-6)


def test_the_decay_is_the_gradient_of_half_the_squared_norm():
    """The same as Adam on loss + decay / 2 ||w||^2."""
    layer = keras.layers.Dense(2, kernel_regularizer=keras.regularizers.L2(0.3 / 2))
    layer.build((None, 3))
    before = layer.get_weights()
    other = keras.layers.Dense(2)
    other.build((None, 3))
    other.set_weights(before)
    x = tf.constant(np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32))
    plain, coupled = keras.optimizers.Adam(0.01, epsilon=1e-8), CoupledAdam(0.01, 0.3)
    for optimizer, dense in ((plain, layer), (coupled, other)):
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(dense(x))) + sum(dense.losses)
            optimizer.apply_gradients([(tape.gradient(loss, dense.kernel), dense.kernel)])
    np.testing.assert_allclose(other.kernel, layer.kernel, rtol=1e-5)


def test_the_optimizer_survives_its_config():
    before = CoupledAdam(0.02, 0.3, ("head", "more"), epsilon=1e-5, global_clipnorm=2.0)
    after = keras.optimizers.deserialize(keras.optimizers.serialize(before))
    assert isinstance(after, CoupledAdam)
    assert (after.decay, after.undecayed, after.epsilon) == (0.3, ("head", "more"), 1e-5)
    assert after.global_clipnorm == 2.0


@pytest.mark.parametrize("loss", ["mems", "softmax", "center"])
def test_a_configuration_decays_the_network_and_no_head(loss):
    from training.losses import training_model
    from training.networks import encoder_of

    coupled = ("optimizer.decay_kind=coupled", "optimizer.weight_decay=0.5")
    config = small(f"loss.name={loss}", *coupled)
    encoder = encoder_of(config, "float32")
    model = training_model(config, encoder, classes=3)
    optimizer = optimizer_of(config, model)
    assert optimizer.undecayed == tuple(head_layers(model)) != ()
    before = [w.numpy() for w in model.trainable_variables]
    optimizer.build(model.trainable_variables)
    optimizer.apply_gradients([(tf.zeros_like(w), w) for w in model.trainable_variables])
    network = {id(w) for w in encoder.trainable_variables}
    for old, variable in zip(before, model.trainable_variables, strict=True):
        # Without a gradient, decay alone moves a weight; a zero stays where it is.
        moved = not np.array_equal(old, variable.numpy())
        assert moved == (id(variable) in network and old.any()), variable.name


def test_the_published_rate_is_constant_to_half_and_then_linear_to_zero():
    rate = WarmupThenDecay(1e-4, 200_000, warmup=0.0, decay="linear_after_half")
    seen = [float(rate(step)) for step in (0, 50_000, 99_999, 149_999, 199_999)]
    np.testing.assert_allclose(seen, [1e-4, 1e-4, 1e-4, 0.5e-4, 0.0], rtol=1e-4, atol=1e-12)
