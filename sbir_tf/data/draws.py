"""Which items make a batch: draws that depend on a seed and on a step's number alone.

Every function takes a `step`, a scalar integer, and a stateless `seed` (2,) int; the same pair
gives the same draw in eager code and inside `Dataset.map`, whatever was drawn before.
"""

import numpy as np
import tensorflow as tf

from sbir_tf.errors import UserError


def draw_without_replacement(items: int, count: int, step, seed) -> tf.Tensor:
    """Indices (count,) of draw number `step` from endless reshuffled rounds of `items`."""
    position = step * count
    first_round = position // items
    rounds = [
        tf.random.experimental.stateless_shuffle(
            tf.range(items),
            tf.random.experimental.stateless_fold_in(seed, 2 * (first_round + number)),
        )
        for number in range(2 + (count - 1) // items)
    ]
    start = position % items
    return tf.concat(rounds, axis=0)[start : start + count]


def draw_distinct(items: int, count: int, step, seed) -> tf.Tensor:
    """Distinct indices (count,): rounds as above, of which the rest below `count` is left out."""
    draws = items // count
    order = tf.random.experimental.stateless_shuffle(
        tf.range(items), tf.random.experimental.stateless_fold_in(seed, step // draws)
    )
    start = step % draws * count
    return order[start : start + count]


class ItemsByClass:
    """The items of every class, to draw some of each (P x K batches), or of all in turn.

    Args:
        labels: (N,) integer class of each item.
        class_names: Names of the K classes.
        kind: What the items are, for errors.

    Raises:
        UserError: If a class has no items.
    """

    def __init__(self, labels: np.ndarray, class_names: tuple[str, ...], kind: str = "items"):
        counts = np.bincount(labels, minlength=len(class_names))
        empty = [name for name, count in zip(class_names, counts, strict=True) if not count]
        if empty:
            raise UserError(
                "Batches by class need sketches and photos of every class. Received: no "
                f"{kind} of {', '.join(empty[:3])}: remove those classes or use "
                "data.classes_per_batch=none and data.balance=items"
            )
        table = np.zeros((len(class_names), counts.max()), np.int32)
        for label, row in enumerate(table):
            row[: counts[label]] = np.flatnonzero(labels == label)
        self._table = tf.constant(table)
        self._counts = tf.constant(counts, tf.int32)

    def draw(self, classes: tf.Tensor, each: int, seed: tf.Tensor) -> tf.Tensor:
        """Indices (P * each,) of items of the chosen classes (P,), class by class.

        They are distinct while the class has as many.
        """
        counts = tf.gather(self._counts, classes)[:, None]
        items = tf.gather(self._table, classes)
        keys = tf.random.stateless_uniform(tf.shape(items), seed)
        keys = tf.where(tf.range(tf.shape(items)[1]) < counts, keys, -1.0)  # the row's padding last
        shuffled = tf.gather(items, tf.argsort(keys, direction="DESCENDING"), batch_dims=1)
        return tf.reshape(tf.gather(shuffled, tf.range(each) % counts, batch_dims=1), [-1])

    def draw_in_turn(self, count: int, step, seed: tf.Tensor) -> tf.Tensor:
        """Indices (count,) of draw number `step`, every class as often as the others.

        Each class comes once before any comes again, in an order that is shuffled anew each time;
        and of each class every item comes once before any comes again.
        """
        classes = tf.shape(self._counts, tf.int64)[0]
        position = tf.cast(step, tf.int64) * count + tf.range(count, dtype=tf.int64)
        turn = position // classes
        label = _shuffled(position % classes, classes, seed, turn, tf.zeros_like(turn))
        items = tf.cast(tf.gather(self._counts, label), tf.int64)
        # Labels count from 1 here: 0 was the shuffle of the classes.
        chosen = _shuffled(turn % items, items, seed, turn // items, label + 1)
        return tf.gather_nd(self._table, tf.stack([label, chosen], axis=1))


def _shuffled(index, count, seed, *numbers) -> tf.Tensor:
    """Where each index lies in a shuffle of `count`; `numbers` say which of the seed's shuffles."""
    key = tf.fill(tf.shape(index), tf.constant(0, tf.int64))
    for number in (*tf.unstack(tf.cast(seed, tf.int64)), *numbers):
        key = _mixed(key + number)
    words = tf.stack([key, _mixed(key + 1), _mixed(key + 2)], axis=1)
    return tf.raw_ops.RandomIndexShuffle(
        index=index, seed=tf.cast(words & 0xFFFFFFFF, tf.uint32), max_index=count - 1, rounds=8
    )


def _mixed(key: tf.Tensor) -> tf.Tensor:
    """Every bit of a 64-bit key depends on all (the finisher of SplitMix64): neighbours differ."""
    key = tf.bitcast(key, tf.uint64) + np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        key = tf.bitwise.bitwise_xor(key, tf.bitwise.right_shift(key, np.uint64(shift)))
        key *= np.uint64(factor)
    key = tf.bitwise.bitwise_xor(key, tf.bitwise.right_shift(key, np.uint64(31)))
    return tf.bitcast(key, tf.int64)
