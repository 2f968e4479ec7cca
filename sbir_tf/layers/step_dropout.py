"""Dropout that a training can take up again."""

import keras
import tensorflow as tf

from sbir_tf.errors import UserError


@keras.saving.register_keras_serializable(package="sbir_tf")
class StepDropout(keras.layers.Layer):
    """Dropout whose mask depends on a seed and on the step's number alone.

    The masks of `keras.layers.Dropout` come from a generator that starts anew with every
    process; these are what they would have been, at whichever step a training continues.

    Args:
        rate: Share of the values that become zero, from 0 to below 1; the others grow, so that
            the mean stays.
        seed: Of the masks.

    Attributes:
        step: Scalar int64 variable, the number of the step; the training moves it. It is not
            one of the layer's weights.

    Input and output shape: any, the same. Without `training` the output is the input.

    Raises:
        UserError: If `rate` is out of its range.
    """

    def __init__(self, rate, seed=0, **kwargs):
        super().__init__(**kwargs)
        if not 0 <= rate < 1:
            raise UserError(f"`rate` must be from 0 to below 1. Received: rate={rate}")
        self.rate = rate
        self.seed = seed
        self._counter = _Counter()

    @property
    def step(self) -> tf.Variable:
        return self._counter.variable

    def call(self, inputs, training=None):
        if not training or not self.rate:
            return inputs
        kept = tf.random.stateless_uniform(tf.shape(inputs), self._seeds()) >= self.rate
        return tf.where(kept, inputs / (1 - self.rate), tf.zeros_like(inputs))

    def _seeds(self) -> tf.Tensor:
        """Of this step's mask on this replica."""
        replica = tf.distribute.get_replica_context()
        number = 0 if replica is None else replica.replica_id_in_sync_group
        seeds = tf.stack([tf.cast(self.seed, tf.int64), tf.cast(number, tf.int64)])
        return tf.random.experimental.stateless_fold_in(seeds, self.step)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return super().get_config() | {"rate": self.rate, "seed": self.seed}


class _Counter:
    """Hides a variable from Keras, which would save it with the weights."""

    def __init__(self):
        self.variable = tf.Variable(0, trainable=False, dtype=tf.int64)
