"""The part of an embedding that only says which domain it came from, taken off."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="sbir_tf")
class DomainOffset(keras.layers.Layer):
    """Subtracts one vector per domain from the embeddings.

    Training leaves sketches and photos of a class a little apart, by much the same vector for
    every class. With the mean embedding of each domain's TRAINING items as its offset, the
    shift is gone from every distance between a sketch and a photo. The offsets start at zero
    and no gradient reaches them: `fit_offsets` sets them once the network is trained.

    Input shapes: embeddings (B, D) float, domain (B, 1) of 0 (sketch) or 1 (photo).
    Output shape: (B, D), float32.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs | {"dtype": "float32"})

    def build(self, input_shape):
        self.offsets = self.add_weight(
            name="offsets", shape=(2, input_shape[0][-1]), initializer="zeros", trainable=False
        )
        super().build(input_shape)

    def call(self, inputs):
        embeddings, domain = inputs
        photo = tf.cast(domain, tf.float32)
        sketch_offset, photo_offset = tf.unstack(tf.convert_to_tensor(self.offsets))
        offset = (1 - photo) * sketch_offset + photo * photo_offset
        return tf.cast(embeddings, tf.float32) - offset

    def compute_output_shape(self, input_shape):
        return input_shape[0]
