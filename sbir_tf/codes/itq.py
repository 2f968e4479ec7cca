"""Iterative quantisation: the classical codes to compare with."""

import numpy as np

from sbir_tf.codes.binary_codes import BinaryCodes
from sbir_tf.codes.checks import checked_bits, checked_rows
from sbir_tf.errors import UserError

ITERATIONS = 50


def learn_itq_codes(
    embeddings: np.ndarray, bits: int, iterations: int = ITERATIONS, seed: int = 0
) -> BinaryCodes:
    """Learn codes by iterative quantisation (ITQ).

    The embeddings, centred on their mean and projected on their first principal components,
    `V` (N, bits), are rotated to lie near the corners of a cube, in turn:

        B = sign(V R)                            the nearest corners
        R = argmin ||B - V R||                   a rotation: orthogonal Procrustes

    Args:
        embeddings: (N, D) floats, N at least 2.
        bits: Of a code, a multiple of 8, at most D.
        iterations: How often both are done.
        seed: Of the rotation at the start.

    Raises:
        UserError: If the bits are not whole bytes or exceed the dimension, or the embeddings
            are fewer than two or not finite.

    Reference:
        Gong and Lazebnik, Iterative Quantization: A Procrustean Approach to Learning Binary
        Codes, CVPR 2011, sections 2.1 and 2.2.
    """
    embeddings = checked_rows("embeddings", embeddings, at_least=2)
    bits = checked_bits(bits)
    if bits > embeddings.shape[1]:
        raise UserError(
            f"ITQ has at most one bit a dimension, {embeddings.shape[1]} here. "
            f"Received: bits={bits}. Take fewer bits, or the codes learnt on class centres"
        )
    mean = embeddings.mean(axis=0, dtype=np.float64)
    components = principal_components(embeddings - mean, bits)
    rotation = rotate_to_corners((embeddings - mean) @ components, iterations, seed)
    kernel = components @ rotation
    return BinaryCodes(kernel.astype(np.float32), (-mean @ kernel).astype(np.float32), "itq")


def principal_components(centred: np.ndarray, count: int) -> np.ndarray:
    """The first directions (D, count) of centred rows, those of the largest variance first."""
    _, directions = np.linalg.eigh(centred.T @ centred)
    return directions[:, ::-1][:, :count]


def rotate_to_corners(projected: np.ndarray, iterations: int, seed: int) -> np.ndarray:
    """The rotation (bits, bits) after so many alternations, from a random one."""
    bits = projected.shape[1]
    rotation, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((bits, bits)))
    for _ in range(iterations):
        corners = np.where(projected @ rotation > 0, 1.0, -1.0)
        left, _, right = np.linalg.svd(projected.T @ corners)
        rotation = left @ right
    return rotation
