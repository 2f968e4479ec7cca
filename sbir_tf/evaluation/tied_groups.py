"""The groups of equal distances that hold a hit, found without sorting the gallery."""

import numpy as np


def tied_groups(relevant: np.ndarray, distances: np.ndarray) -> tuple[np.ndarray, ...]:
    """Start, size and hits of each group of equal distances that holds a hit.

    Sorting the gallery would take nearly all the time of an evaluation. Only the places of the
    hits are asked for, so that it is enough to count the items of each of many equal intervals of
    distance, and to sort those in which a hit lies.
    """
    ours = distances[relevant]
    low, high, count = ours.min(), ours.max(), len(distances) // 4 + 1

    def interval(values: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            scale = count / (high - low)
            # Hits at one and the same distance, or next to it: one interval.
            scaled = (values - low) * (scale if np.isfinite(scale) else 0.0)
        return np.clip(scaled, 0, count, out=scaled).astype(np.int64)

    intervals = interval(distances)
    counts = np.bincount(intervals)
    asked = np.zeros(len(counts), bool)
    asked[intervals[relevant]] = True
    sorted_ = np.flatnonzero(asked[intervals])
    # The bits of floats that are not negative are ordered as the floats are. Shifted by one (the
    # sign falls out) they leave room for the relevance: sorting numbers beats any argsort.
    keys = distances[sorted_].view(np.uint64) << np.uint64(1) | relevant[sorted_]
    keys.sort()
    values, hits = np.unique(keys[(keys & np.uint64(1)) > 0], return_counts=True)
    start = np.searchsorted(keys, values & ~np.uint64(1))
    size = np.searchsorted(keys, values, side="right") - start
    left_out = np.cumsum(np.where(asked, 0, counts))
    return start + left_out[interval((values >> np.uint64(1)).view(np.float64))], size, hits
