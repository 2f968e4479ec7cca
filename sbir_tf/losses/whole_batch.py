"""What the losses over pairs of items share: the items of all replicas."""

import tensorflow as tf


def whole_batch(labels, embeddings):
    """Labels (B,) and embeddings (B, D) of the whole batch, of those of one replica's part.

    A mean over pairs is not the mean of the parts' means, since most pairs lie in two parts. So
    every replica computes the loss of the whole batch. Keras divides it by the number of replicas
    and adds their gradients up; a gather's gradient adds up what the replicas ask of each item. So
    the sum is the gradient of one replica that has the whole batch. The items come in another
    order, of which no loss here knows.
    """
    replica = tf.distribute.get_replica_context()
    if replica is None or replica.num_replicas_in_sync == 1:
        return labels, embeddings
    return replica.all_gather(labels, axis=0), replica.all_gather(embeddings, axis=0)
