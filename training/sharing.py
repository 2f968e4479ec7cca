"""The batches of a training, shared among its replicas."""

from functools import partial

import tensorflow as tf


def shared(batches: tf.data.Dataset, strategy: tf.distribute.Strategy):
    """The same batches, of which every replica gets its part.

    Of R replicas the first gets items 0, R, 2R, ... of each batch, the second 1, R + 1, ...: parts
    as mixed as the batch, half sketches and half photos where R divides the half. TensorFlow's own
    sharding would give a replica a piece in one: sketches alone, or photos alone, which norms that
    are not synchronized would suffer from. It is not used, so no policy of it applies.

    A batch is a function of the seed and its step's number alone, so every worker makes the whole
    of it and keeps what is its own: parts of the batches that one worker would see.

    Args:
        batches: The batches of all replicas together, divisible among them.
        strategy: Of the training.

    Returns:
        What `fit` takes; for one replica `batches` as they are.
    """
    replicas = strategy.num_replicas_in_sync
    if replicas == 1:
        return batches
    return strategy.distribute_datasets_from_function(partial(parts_of_worker, batches))


def parts_of_worker(batches: tf.data.Dataset, worker: tf.distribute.InputContext):
    """A dataset of the parts of a worker's replicas, one after the other."""
    replicas = worker.num_replicas_in_sync
    own = replicas // worker.num_input_pipelines
    first = worker.input_pipeline_id * own

    def parts(*batch):
        return tf.nest.map_structure(
            lambda values: tf.stack([values[n::replicas] for n in range(first, first + own)]),
            batch,
        )

    calls = {"num_parallel_calls": tf.data.AUTOTUNE, "deterministic": True}
    return batches.map(parts, **calls).unbatch().prefetch(2 * own)
