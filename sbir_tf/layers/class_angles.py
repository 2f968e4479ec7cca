"""Cosines to learnable class directions, and the lengths on both sides."""

import keras
import tensorflow as tf

from sbir_tf.errors import UserError

# Keeps a length's gradient finite where every feature is zero.
SMALLEST_SQUARED_LENGTH = 1e-12


@keras.saving.register_keras_serializable(package="sbir_tf")
class ClassAngles(keras.layers.Layer):
    """What the angular losses are functions of: cosines and lengths.

    For embeddings `f` and one learnable vector `w` per class, three planes:

        [i, 0, j] = cos of the angle between f_i and w_j
        [i, 1, j] = ||f_i||
        [i, 2, j] = ||w_j||

    computed in float32 under every precision policy. CosFace and ArcFace read the first,
    SphereFace the first two (its classes have unit length: the third is left out), L-Softmax
    all, whose product is the plain inner product.

    Args:
        classes: Number of classes K, at least 2.

    Input shape: (B, D). Output shape: (B, 3, K), float32.

    Raises:
        UserError: If `classes` is below 2.

    Reference:
        Liu et al., Large-Margin Softmax Loss for Convolutional Neural Networks, ICML 2016,
        section 3.
    """

    def __init__(self, classes, **kwargs):
        super().__init__(**kwargs | {"dtype": "float32"})
        if classes < 2:
            raise UserError(f"`classes` must be at least 2. Received: classes={classes}")
        self.classes = classes

    def build(self, input_shape):
        self.vectors = self.add_weight(
            name="vectors",
            shape=(self.classes, input_shape[-1]),
            initializer="glorot_uniform",
        )
        super().build(input_shape)

    def call(self, embeddings):
        embeddings, lengths = directions_and_lengths(tf.cast(embeddings, tf.float32))
        vectors, class_lengths = directions_and_lengths(tf.convert_to_tensor(self.vectors))
        cosines = tf.matmul(embeddings, vectors, transpose_b=True)
        cosines = tf.clip_by_value(cosines, -1.0, 1.0)  # rounding can leave it just outside
        planes = (cosines, lengths, tf.transpose(class_lengths))
        return tf.stack([tf.broadcast_to(plane, tf.shape(cosines)) for plane in planes], axis=1)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], 3, self.classes)

    def get_config(self):
        return super().get_config() | {"classes": self.classes}


def directions_and_lengths(rows):
    """Rows (N, D) scaled to unit length, and their lengths (N, 1)."""
    squared = tf.reduce_sum(tf.square(rows), axis=1, keepdims=True)
    lengths = tf.sqrt(tf.maximum(squared, SMALLEST_SQUARED_LENGTH))
    return rows / lengths, lengths
