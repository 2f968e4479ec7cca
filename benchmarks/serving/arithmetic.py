"""What is made of the times."""

import math
from collections.abc import Sequence

import numpy as np


def summary(seconds: Sequence[float]) -> dict[str, float]:
    """Median, 95th and 99th percentile."""
    return dict(zip(("p50", "p95", "p99"), np.percentile(seconds, (50, 95, 99)), strict=True))


def slope(times: Sequence[float], values: Sequence[float]) -> tuple[float, float]:
    """Of a straight line through points: its slope and the standard error of that."""
    x, y = np.asarray(times, float), np.asarray(values, float)
    away = x - x.mean()
    found = float(away @ y / (away @ away))
    left = y - y.mean() - found * away
    return found, math.sqrt(float(left @ left) / max(1, len(x) - 2) / float(away @ away))
