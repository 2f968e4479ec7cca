"""Pairs of a sketch and a photo of the same class, which two-view methods learn from."""

import numpy as np

from sbir_tf.errors import UserError


def pair_rows(
    sketch_labels: np.ndarray, photo_labels: np.ndarray, each: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Rows of sketches and of photos that make pairs.

    Args:
        sketch_labels: (N,) int.
        photo_labels: (M,) int.
        each: Photos of its class, drawn at random, for each sketch that has any.
        seed: Of the draw.

    Returns:
        Rows of the sketches and rows of the photos, (pairs,) each.

    Raises:
        UserError: If no class has both.
    """
    generator = np.random.default_rng(seed)
    order = np.argsort(photo_labels, kind="stable")
    starts, ends = (
        np.searchsorted(photo_labels[order], sketch_labels, side) for side in ("left", "right")
    )
    rows = np.repeat(np.flatnonzero(ends > starts), each)
    if not len(rows):
        raise UserError(
            "There are no pairs to learn from: no class has both a sketch and a photo. Received: "
            f"{len(sketch_labels)} sketches, {len(photo_labels)} photos"
        )
    return rows, order[generator.integers(starts[rows], ends[rows])]
