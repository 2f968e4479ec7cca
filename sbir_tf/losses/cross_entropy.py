"""What the losses over class scores share: labels as a vector, and the logits' softmax."""

import tensorflow as tf


def labels_of(y_true):
    """Labels (B,) int64, of (B,) or (B, 1). Never through floats, which merge above 2^24."""
    return tf.reshape(tf.cast(y_true, tf.int64), [-1])


def cross_entropy(y_true, logits, own_logits=None):
    """-log softmax of the true class, (B,), its logit taken from `own_logits` if given.

    Args:
        y_true: (B,) or (B, 1) integer labels.
        logits: (B, K).
        own_logits: (B, K) what each logit becomes where its class is the true one.
    """
    labels = labels_of(y_true)
    if own_logits is not None:
        own = tf.one_hot(labels, tf.shape(logits)[-1], on_value=True, off_value=False)
        logits = tf.where(own, own_logits, logits)
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
