"""Squared distances to learnable class centres."""

import keras
import tensorflow as tf

from sbir_tf.errors import UserError


@keras.saving.register_keras_serializable(package="sbir_tf")
class ClassCenters(keras.layers.Layer):
    """Squared Euclidean distance of each embedding to one learnable centre per class.

    The training head of MEMS: for embeddings `f` and centres `c`,

        d2[i, j] = ||f_i - c_j||^2

    computed in float32 under every precision policy, since the margin multiplies it.

    Args:
        classes: Number of classes K, at least 2.
        radius: Norm of the centres at the start; their directions are random. The published
            value is 1; a short training keeps away from collapse with a wider start.
        seed: Seed of the directions.

    Input shape: (B, D). Output shape: (B, K), float32, not negative.

    Raises:
        UserError: If `classes` is below 2 or `radius` is not positive.

    Reference:
        Lu et al., ACM Multimedia 2021, section 3.3.
    """

    def __init__(self, classes, radius=1.0, seed=None, **kwargs):
        super().__init__(**kwargs | {"dtype": "float32"})
        if classes < 2:
            raise UserError(f"`classes` must be at least 2. Received: classes={classes}")
        if radius <= 0:
            raise UserError(f"`radius` must be positive. Received: radius={radius}")
        self.classes = classes
        self.radius = radius
        self.seed = seed

    def build(self, input_shape):
        self.centers = self.add_weight(
            name="centers",
            shape=(self.classes, input_shape[-1]),
            initializer=RandomDirections(self.radius, self.seed),
        )
        super().build(input_shape)

    def call(self, embeddings):
        embeddings = tf.cast(embeddings, tf.float32)
        centers = tf.convert_to_tensor(self.centers)
        squared = (
            tf.reduce_sum(tf.square(embeddings), axis=1, keepdims=True)
            - 2 * tf.matmul(embeddings, centers, transpose_b=True)
            + tf.reduce_sum(tf.square(centers), axis=1)
        )
        return tf.nn.relu(squared)  # rounding can leave a distance of zero just below it

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.classes)

    def get_config(self):
        return super().get_config() | {
            "classes": self.classes,
            "radius": self.radius,
            "seed": self.seed,
        }


@keras.saving.register_keras_serializable(package="sbir_tf")
class RandomDirections(keras.initializers.Initializer):
    """Rows of one norm in uniformly random directions.

    Args:
        radius: The norm of every row.
        seed: Seed of the directions; None draws a new one.
    """

    def __init__(self, radius=1.0, seed=None):
        self.radius = radius
        self.seed = seed

    def __call__(self, shape, dtype=None, **kwargs):
        # A seeded initializer must give the same rows at each call, on every lane.
        rows = keras.initializers.RandomNormal(stddev=1.0, seed=self.seed)(shape, dtype=dtype)
        return self.radius * tf.math.l2_normalize(rows, axis=-1)

    def get_config(self):
        return {"radius": self.radius, "seed": self.seed}
