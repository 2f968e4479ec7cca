"""A training that lets photos stay where the pretrained network put them.

    loss = loss of the classes + keep * mean over the batch's photos of ||f(x) - f0(x)||^2 / r^2

`f` is the encoder, `f0` the encoder as it started, `r` the radius of the class centres, so that
`keep` means the same at every radius. What is trained here are flat icons: without the term the
network forgets what it knew of photographs, since no icon needs it.
"""

import keras
import tensorflow as tf

from training.config import Config


@keras.saving.register_keras_serializable(package="training")
class Keeping(keras.layers.Layer):
    """Adds the term to the loss; its output is the embeddings, as they came.

    Args:
        start: The encoder as it started; it is never trained.
        weight: `keep / r^2`.

    Inputs: image (B, S, S, 3), domain (B, 1) and embeddings (B, D). Output: (B, D).
    """

    def __init__(self, start: keras.Model, weight: float, **kwargs):
        super().__init__(**kwargs | {"dtype": "float32"})
        start.trainable = False
        self.start, self.weight = start, weight

    def call(self, inputs, training=None):
        image, domain, embeddings = inputs
        if training:
            photo = tf.reshape(domain, [-1]) > 0
            image, domain, now = (
                tf.boolean_mask(each, photo) for each in (image, domain, embeddings)
            )
            before = tf.stop_gradient(self.start([image, domain], training=False))
            self.add_loss(self.weight * moved(now, before))
        return embeddings

    def compute_output_shape(self, input_shape):
        return input_shape[2]


def moved(embeddings: tf.Tensor, before: tf.Tensor) -> tf.Tensor:
    """How far photos (N, D) have moved: the mean of their squared distances (); 0 of none."""
    squared = tf.reduce_sum(tf.square(tf.cast(embeddings, tf.float32) - before), axis=1)
    return tf.math.divide_no_nan(tf.reduce_sum(squared), tf.cast(tf.size(squared), tf.float32))


def kept_near_its_start(config: Config, encoder: keras.Model) -> keras.Model:
    """The encoder, with the term that keeps it where it is now, if the configuration has one."""
    if not config.loss.keep:
        return encoder
    start = keras.models.clone_model(encoder)
    start.set_weights(encoder.get_weights())
    weight = config.loss.keep / config.loss.center_radius**2
    kept = Keeping(start, weight, name="keeping")([*encoder.inputs, encoder.outputs[0]])
    return keras.Model(encoder.inputs, kept, name="kept_encoder")
