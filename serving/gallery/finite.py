"""Embeddings that no index takes: their pictures are skipped, and named."""

from collections.abc import Iterable, Iterator

import numpy as np

from serving.encoding import Read
from serving.index.validate import LARGEST_NORM


def finite(
    encoded: Iterable[tuple[list[Read], np.ndarray]], skipped: list[dict[str, str]]
) -> Iterator[tuple[list[Read], np.ndarray]]:
    """Leaves out what an encoder had no finite numbers for.

    Args:
        encoded: pictures and their rows, in batches.
        skipped: where `{"path", "reason"}` of each is put.

    Yields:
        The others.
    """
    for read, rows in encoded:
        good = np.linalg.norm(np.asarray(rows, np.float64), axis=1) <= LARGEST_NORM  # no NaN is
        for at in np.flatnonzero(~good):
            reason = f"{read[at].id}: the model has no finite embedding for it"
            skipped.append({"path": read[at].id, "reason": reason})
        kept = np.flatnonzero(good)
        if len(kept):
            yield [read[at] for at in kept], rows[kept]
