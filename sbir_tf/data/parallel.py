"""How much of a pipeline runs at a time and ahead: fixed, where tf.data would tune it as it runs.

Its tuning looks again after ever longer pauses, up to a minute, and in TensorFlow 2.15 the end of
an iterator may wait for the pause. Its buffers grow, too, as it finds memory.
"""

import os

import tensorflow as tf

CORES = os.cpu_count() or 1
PICTURES = max(2, CORES)  # read and varied at a time
BATCHES = min(PICTURES, 8)  # made at a time, where a batch is made as a whole: it is in memory
AHEAD = 2  # batches that are ready


def ahead(batches: tf.data.Dataset) -> tf.data.Dataset:
    """A dataset of batches, the next of which are made while one is used."""
    options = tf.data.Options()
    options.autotune.enabled = False
    return batches.prefetch(AHEAD).with_options(options)
