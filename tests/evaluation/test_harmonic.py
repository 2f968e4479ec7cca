import math

import numpy as np
import pytest

from sbir_tf.evaluation.harmonic import harmonic_sum


@pytest.mark.parametrize("start", [0, 1, 5, 30, 31, 32, 33, 100, 204_000])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 40, 5000])
def test_sums_have_full_precision_wherever_they_begin(start, count):
    expected = math.fsum(1 / rank for rank in range(start + 1, start + count + 1))
    value = harmonic_sum(np.array([start]), np.array([count]))[0]
    assert value == pytest.approx(expected, rel=1e-13, abs=0)


def test_many_sums_are_taken_at_once():
    # 1/1, 1/3 + 1/4, nothing.
    values = harmonic_sum(np.array([0, 2, 9]), np.array([1, 2, 0]))
    assert values == pytest.approx([1, 7 / 12, 0])
