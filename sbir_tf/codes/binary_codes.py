"""A linear map whose signs are the bits."""

from dataclasses import dataclass

import numpy as np

from sbir_tf.codes.checks import checked_bits, checked_rows
from sbir_tf.errors import UserError


@dataclass(frozen=True, eq=False)
class BinaryCodes:
    """Embeddings to bits: one linear map, and whether each of its outputs is positive.

    For an embedding `x` the code is `x W + b > 0`. The published method codes the mean of a
    picture's embedding and that of its mirror image; who calls this takes the mean.

    Args:
        kernel: `W`, (D, bits) float32.
        bias: `b`, (bits,) float32.
        method: How they were learnt.

    Raises:
        UserError: If the bits are not whole bytes, or the shapes or values are not as above.

    Reference:
        Lu et al., Domain-Aware SE Network for Sketch-based Image Retrieval with
        Multiplicative Euclidean Margin Softmax, ACM Multimedia 2021.
    """

    kernel: np.ndarray
    bias: np.ndarray
    method: str

    def __post_init__(self):
        kernel = checked_rows("kernel", self.kernel, at_least=1)
        checked_bits(kernel.shape[1])
        bias = checked_rows("bias", np.reshape(self.bias, (1, -1)))[0]
        if bias.shape != kernel.shape[1:]:
            raise UserError(
                "`bias` must have one value a bit. "
                f"Received: {len(bias)} values for a kernel of shape {kernel.shape}"
            )
        object.__setattr__(self, "kernel", kernel)
        object.__setattr__(self, "bias", bias)

    @property
    def dimension(self) -> int:
        """Length of the embeddings."""
        return self.kernel.shape[0]

    @property
    def size(self) -> int:
        """Bits of a code."""
        return self.kernel.shape[1]

    def bits(self, embeddings: np.ndarray) -> np.ndarray:
        """Codes (N, bits), bool, of embeddings (N, D).

        Their squared Euclidean distances, as numbers 0 and 1, are the Hamming distances, so
        that `sbir_tf.evaluation.evaluate` ranks them exactly, ties included.

        Raises:
            UserError: If an embedding has another dimension, or is not finite.
        """
        embeddings = checked_rows("embeddings", embeddings)
        if embeddings.shape[1] != self.dimension:
            raise UserError(
                f"these codes are of embeddings of dimension {self.dimension}. "
                f"Received: dimension {embeddings.shape[1]}"
            )
        return embeddings @ self.kernel + self.bias > 0

    def pack(self, embeddings: np.ndarray) -> np.ndarray:
        """The same eight to a byte, the first bit highest: (N, bits / 8) uint8."""
        return np.packbits(self.bits(embeddings), axis=1)
