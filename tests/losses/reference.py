"""A loss against its definition: value and gradient."""

import numpy as np
import tensorflow as tf

STEP = 1e-6


def value_and_gradient(loss, labels, y_pred):
    """Of a loss, with respect to what the head outputs."""
    y_pred = tf.constant(y_pred, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(y_pred)
        value = loss(labels, y_pred)
    return float(value), tape.gradient(value, y_pred).numpy()


def finite_differences(function, at):
    """The gradient of a scalar function of a float64 array, by central differences."""
    gradient = np.empty(at.shape)
    for place in np.ndindex(at.shape):
        ends = []
        for sign in (1, -1):
            moved = at.copy()
            moved[place] += sign * STEP
            ends.append(function(moved))
        gradient[place] = (ends[0] - ends[1]) / (2 * STEP)
    return gradient


def check_against(by_definition, loss, labels, y_pred):
    """Value and gradient of `loss` agree with a float64 function (labels, y_pred) to 1e-5."""
    y_pred = np.asarray(y_pred, np.float32).astype(np.float64)  # what float32 can hold
    value, gradient = value_and_gradient(loss, labels, y_pred)
    np.testing.assert_allclose(value, by_definition(labels, y_pred), rtol=1e-5)
    expected = finite_differences(lambda moved: by_definition(labels, moved), y_pred)
    np.testing.assert_allclose(gradient, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


def softmax_loss(logits, label):
    """-log softmax of one item, from the definition."""
    logits = np.asarray(logits, np.float64)
    highest = logits.max()
    return highest + np.log(np.sum(np.exp(logits - highest))) - logits[label]
