"""Vectors that are let in, and those that are not, against NumPy's own norms."""

import numpy as np
import pytest

from serving.errors import ServingError
from serving.index.validate import LARGEST_NORM, check_vectors


def test_many_rows_may_exceed_together_what_one_may_not():
    # 3 * (0.9e18)^2 = 2.43e36 is more than (1e18)^2; each row is below it.
    vectors = np.full((3, 1), 0.9e18, np.float32)
    assert np.square(vectors, dtype=np.float64).sum() > LARGEST_NORM**2
    assert check_vectors(vectors) is vectors


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1.1e18, -3e38])
@pytest.mark.parametrize("row", [0, 1, 2])
def test_one_bad_row_is_named(bad, row):
    vectors = np.ones((3, 2), np.float32)
    vectors[row, 1] = bad
    with pytest.raises(ServingError, match=rf"row {row} has the norm .*, 1 of 3 rows"):
        check_vectors(vectors)
