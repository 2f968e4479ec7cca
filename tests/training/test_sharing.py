from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from training.sharing import parts_of_worker, shared

BATCH, STEPS = 12, 3


def batches():
    """Numbered items, the first half of each batch sketches (0), the second photos (1)."""

    def batch(step):
        items = step * BATCH + tf.range(BATCH, dtype=tf.int64)
        domain = tf.cast(tf.range(BATCH) >= BATCH // 2, tf.float32)[:, None]
        return {"image": items, "domain": domain}, items % 5

    return tf.data.Dataset.range(STEPS).map(batch)


def parts(workers, replicas):
    """(worker, part): what each worker's iterator gives, in order."""
    return [
        list(parts_of_worker(batches(), tf.distribute.InputContext(workers, worker, replicas)))
        for worker in range(workers)
    ]


@pytest.mark.parametrize(("workers", "replicas"), [(1, 2), (2, 2), (2, 4), (3, 6), (1, 12)])
def test_every_step_replicas_share_the_batch_that_one_would_see(workers, replicas):
    own = replicas // workers
    of_workers = parts(workers, replicas)
    for step, (whole, labels) in enumerate(batches()):
        seen = [part for worker in of_workers for part in worker[step * own : (step + 1) * own]]
        assert {len(part[1]) for part in seen} == {BATCH // replicas}
        items = np.concatenate([inputs["image"] for inputs, _ in seen])
        order = np.argsort(items)
        np.testing.assert_array_equal(items[order], whole["image"])
        np.testing.assert_array_equal(np.concatenate([own for _, own in seen])[order], labels)
    assert {len(worker) for worker in of_workers} == {STEPS * own}


def test_a_part_is_half_sketches_and_half_photos_where_that_divides():
    for worker in parts(workers=2, replicas=2):
        for inputs, _ in worker:
            assert np.mean(inputs["domain"]) == 0.5


def test_one_replica_gets_the_batches_as_they_are():
    one = batches()
    assert shared(one, SimpleNamespace(num_replicas_in_sync=1)) is one


def test_one_replica_on_a_cpu_reads_the_batches_where_they_are():
    strategy = tf.distribute.MirroredStrategy(["CPU:0"])
    given = batches()
    for mine, theirs in zip(shared(given, strategy), given, strict=True):
        tf.nest.map_structure(np.testing.assert_array_equal, mine, theirs)
