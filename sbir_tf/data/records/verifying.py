"""Every byte of a records folder, compared with what its build wrote down."""

import hashlib
from collections.abc import Callable

from sbir_tf.data.records.opening import Records
from sbir_tf.data.records.reading import scan_shard
from sbir_tf.errors import UserError


def verify_records(
    records: Records, progress: Callable = lambda iterable, description, total: iterable
) -> tuple[str, ...]:
    """Check sizes, checksums and SHA-256 of all shards.

    Args:
        records: Opened; which has compared the index with the manifest already.
        progress: A callable `progress(iterable, description, total)`.

    Returns:
        What is wrong, one line a shard, naming it and the offset of its first wrong record;
        none where all is as it was built.
    """
    numbers = range(len(records.shards))
    found = (_problem(records, n) for n in progress(numbers, "checking shards", len(numbers)))
    return tuple(problem for problem in found if problem)


def _problem(records: Records, number: int) -> str:
    digest = hashlib.sha256()
    try:
        for _ in scan_shard(records, number, digest.update):
            pass
    except UserError as error:
        return str(error)
    if digest.hexdigest() != records.manifest["shards"][number]["sha256"]:
        path = records.shards[number]
        return f"{path} is another file than was built, though each record in it is whole"
    return ""
