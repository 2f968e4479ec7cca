"""The batches of a training, shared among its replicas."""

from functools import partial

import tensorflow as tf

from sbir_tf.data.parallel import AHEAD

# Batches are not sent on to a device: in TensorFlow 2.15 the end of what sends them waits for its
# own tuning to look again, up to a minute.
WHERE_THEY_ARE = tf.distribute.InputOptions(
    experimental_fetch_to_device=False,
    experimental_replication_mode=tf.distribute.InputReplicationMode.PER_REPLICA,
)


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
        What `fit` takes.
    """
    replicas = strategy.num_replicas_in_sync
    if replicas == 1 and on_one_cpu(strategy):
        return strategy.distribute_datasets_from_function(lambda _: batches, WHERE_THEY_ARE)
    if replicas == 1:
        return batches
    return strategy.distribute_datasets_from_function(partial(parts_of_worker, batches))


def on_one_cpu(strategy: tf.distribute.Strategy) -> bool:
    """Whether a batch is where it is needed when it is made."""
    mirrored = isinstance(strategy, tf.distribute.MirroredStrategy)
    return mirrored and "CPU" in strategy.extended.worker_devices[0]


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

    calls = {"num_parallel_calls": AHEAD, "deterministic": True}
    return batches.map(parts, **calls).unbatch().prefetch(2 * own)
