"""The published codes: learnt after the network, on its class centres alone."""

import keras
import numpy as np
import tensorflow as tf

from sbir_tf.codes.binary_codes import BinaryCodes
from sbir_tf.codes.checks import checked_bits, checked_rows
from sbir_tf.errors import UserError

STEPS = 10_000


def learn_center_codes(
    centers: np.ndarray,
    bits: int,
    steps: int = STEPS,
    learning_rate: float = 1e-3,
    seed: int = 0,
) -> BinaryCodes:
    """Learn codes that lie apart for different classes, from the class centres alone.

    For centres `c` (K, D) and a map `W`, `b` whose largest singular value is held at 1:

        s_i = sign(c_i W / sigma(W) + b)                     in {-1, 1}
        loss = mean over i != j of s_i . s_j / bits

    Adam moves `W` and `b`. The sign's gradient is straight-through: that of the identity. One
    step of power iteration a step follows the singular value (Miyato et al.); at the end it is
    divided by exactly.

    Args:
        centers: (K, D) floats, K at least 2.
        bits: Of a code, a multiple of 8.
        steps: Of Adam, each on all centres.
        learning_rate: Of Adam.
        seed: Of the map at the start.

    Raises:
        UserError: If the bits are not whole bytes, `steps` is below 1, or the centres are fewer
            than two or not finite.

    Reference:
        Lu et al., ACM Multimedia 2021, the binary codes; Bengio et al., arXiv 1308.3432,
        the straight-through estimator; Miyato et al., ICLR 2018, algorithm 1.
    """
    centers = checked_rows("centers", centers, at_least=2)
    bits = checked_bits(bits)
    if steps < 1:
        raise UserError(f"`steps` must be at least 1. Received: steps={steps}")
    kernel, singular = random_map(centers.shape[1], bits, seed)
    kernel, singular = tf.Variable(kernel), tf.Variable(singular)
    bias = tf.Variable(tf.zeros([bits]))
    optimizer = keras.optimizers.Adam(learning_rate)
    optimizer.build([kernel, bias])

    @tf.function
    def learn():
        for _ in tf.range(steps):
            left = tf.math.l2_normalize(tf.linalg.matvec(kernel, singular))
            singular.assign(tf.math.l2_normalize(tf.linalg.matvec(kernel, left, transpose_a=True)))
            with tf.GradientTape() as tape:
                sigma = tf.tensordot(left, tf.linalg.matvec(kernel, singular), 1)
                codes = straight_through_sign(centers @ kernel / sigma + bias)
                loss = mean_inner_product(codes)
            gradients = tape.gradient(loss, [kernel, bias])
            optimizer.apply_gradients(zip(gradients, [kernel, bias], strict=True))

    learn.get_concrete_function()()  # called as it is, a sixth would be warned of as retracing
    learnt = kernel.numpy()
    return BinaryCodes(learnt / np.linalg.norm(learnt, 2), bias.numpy(), "centers")


def random_map(dimension: int, bits: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A random kernel (D, bits), and a unit vector (bits,) to follow its singular value with."""
    rng = np.random.default_rng(seed)
    kernel = rng.standard_normal((dimension, bits)) * np.sqrt(2 / (dimension + bits))
    singular = rng.standard_normal(bits)
    return kernel.astype(np.float32), (singular / np.linalg.norm(singular)).astype(np.float32)


@tf.custom_gradient
def straight_through_sign(values):
    """1 where positive, else -1; its gradient is that of the identity."""
    return tf.where(values > 0, 1.0, -1.0), lambda upstream: upstream


def mean_inner_product(codes):
    """Mean over i != j of `s_i . s_j / bits`, of codes (K, bits): ||sum s||^2 - sum ||s||^2.

    The second term is a constant of codes of -1 and 1, but not to the straight-through gradient:
    there it keeps a centre's own code out, and so pushes the centre off the planes that cut the
    space. Leaving it out as a constant would be another method.
    """
    count, bits = (tf.cast(size, tf.float32) for size in tf.unstack(tf.shape(codes)))
    of_sum = tf.reduce_sum(tf.square(tf.reduce_sum(codes, axis=0)))
    return (of_sum - tf.reduce_sum(tf.square(codes))) / (count * (count - 1) * bits)
