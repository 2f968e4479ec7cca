"""Prototypical loss with leave-one-out prototypes."""

import keras
import tensorflow as tf

from sbir_tf.losses.cross_entropy import cross_entropy, labels_of
from sbir_tf.losses.whole_batch import whole_batch


@keras.saving.register_keras_serializable(package="sbir_tf")
class Prototypical(keras.losses.Loss):
    """Softmax over squared distances to the means of the batch's classes.

    For an embedding `f_i` of class `y` and the classes c in the batch:

        p_c = mean of the embeddings of c           for c != y
        p_y = mean of the OTHER embeddings of y
        loss = -log softmax(-||f_i - p||^2)_y

    so that every item is a query against prototypes that it has no part in, where the paper
    splits each class into support and query. An item alone in its class has no `p_y` and is
    left out; the loss is the mean over the rest, 0 if there is none. Under several replicas
    the items are those of the whole batch.

    Args:
        name: Name of the loss.

    Call shapes: `y_true` (B,) or (B, 1) integer labels, `y_pred` (B, D) embeddings. Gives a
    scalar, which the reduction leaves as it is.

    Reference:
        Snell et al., Prototypical Networks for Few-shot Learning, NIPS 2017, equations 1-2.
    """

    head = "embeddings"
    compares = "distance"

    def __init__(self, name="prototypical", **kwargs):
        super().__init__(name=name, **kwargs)

    def call(self, y_true, y_pred):
        labels, embeddings = whole_batch(labels_of(y_true), tf.cast(y_pred, tf.float32))
        classes, index = tf.unique(labels)
        sizes = tf.math.unsorted_segment_sum(
            tf.ones_like(index, tf.float32), index, tf.size(classes)
        )
        means = tf.math.unsorted_segment_mean(embeddings, index, tf.size(classes))
        squared = tf.reduce_sum(tf.square(embeddings[:, None] - means[None]), axis=2)
        # f - (n p - f) / (n - 1) = (f - p) n / (n - 1): the mean without f, from that with it.
        others = tf.gather(sizes, index) - 1
        without = tf.square(1 + 1 / tf.maximum(others, 1))[:, None]
        each = cross_entropy(index, -squared, -without * squared)
        queries = tf.cast(others > 0, tf.float32)
        return tf.reduce_sum(queries * each) / tf.maximum(tf.reduce_sum(queries), 1)
