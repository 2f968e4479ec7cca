"""Reads Parquet that is in memory, in the thread that asks."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq


def read_parquet(data: bytes, columns: Sequence[str] | None = None) -> pa.Table:
    """The table that some bytes hold.

    Not by `pyarrow.parquet.read_table`: its threads let go of the bytes some time after it
    returned, which needs Python; a process that ends meanwhile is aborted ("terminate called
    without an active exception").

    Args:
        data: A Parquet file.
        columns: To be read; None reads all.

    Returns:
        The table.

    Raises:
        ValueError, OSError: What pyarrow says of a damaged file.
    """
    return pq.ParquetFile(pa.BufferReader(data)).read(columns, use_threads=False)
