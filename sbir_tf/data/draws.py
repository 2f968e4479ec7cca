"""Which items make a batch: draws that depend on a seed and on a step's number alone."""

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
    """The items of every class, to draw some of each (P x K batches).

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
                "Batches of whole classes need sketches and photos of every class. Received: no "
                f"{kind} of {', '.join(empty[:3])}: remove those classes or use "
                "data.classes_per_batch=none"
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
