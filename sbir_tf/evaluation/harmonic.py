"""Sums of 1 / rank over many places in a row, in closed form: ties reach over whole galleries."""

import numpy as np

_SMALL = 32  # up to here from a table; beyond, the series below has full precision
_TABLE = np.concatenate([[0.0], np.cumsum(1 / np.arange(1, _SMALL + 1))])


def harmonic_sum(start: np.ndarray, count: np.ndarray) -> np.ndarray:
    """1 / (start + 1) + ... + 1 / (start + count), of whole numbers, each 0 or more."""
    sums = np.where(count > 0, 1 / (start + 1.0), 0.0)
    several = np.flatnonzero(count > 1)
    first = start[several].astype(float)
    sums[several] = _between(first, first + count[several])
    return sums


def _between(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The difference of two harmonic numbers.

    Those of neighbouring ranks agree in most of their digits, which their plain difference would
    lose. Instead the Euler-Maclaurin series of both is subtracted term by term.
    """
    from_table = _TABLE[np.minimum(end, _SMALL).astype(int)]
    from_table -= _TABLE[np.minimum(start, _SMALL).astype(int)]
    low, high = np.maximum(start, _SMALL), np.maximum(end, _SMALL)
    lows, highs = low**-2, high**-2
    series = np.log1p((high - low) / low) - (high - low) / (2 * low * high)
    series += (lows - highs) / 12 - (lows**2 - highs**2) / 120 + (lows**3 - highs**3) / 252
    return from_table + series
