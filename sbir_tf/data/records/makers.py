"""Makes pictures' records side by side, in processes of their own.

Threads would not do: Pillow holds Python's lock while it encodes. The processes end with the one
that started them, however that one ends, and leave Ctrl-C to it.
"""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

from sbir_tf.data.records.making import Made, Recipe, make_all
from sbir_tf.data.records.plan import Row
from sbir_tf.errors import UserError

CHUNK = 16  # pictures that a process is given at a time
_AHEAD = 3  # chunks of each process that wait or are done: what memory holds
_Make = Callable[[Recipe, Sequence[Row]], Iterator[Made]]


def make_here(recipe: Recipe, rows: Sequence[Row]) -> Iterator[Made]:
    """The records of pictures, in order, one after the other."""
    for row in rows:
        yield from make_all(recipe, (row,))


@contextmanager
def makers(jobs: int) -> Iterator[_Make]:
    """As `make_here`, by several processes.

    Args:
        jobs: How many; 1 is this one.

    Yields:
        A function of (recipe, rows).
    """
    if jobs == 1:
        yield make_here
        return
    context = multiprocessing.get_context("spawn")  # a fork would copy Beam's threads' locks
    pool = ProcessPoolExecutor(jobs, context, initializer=_start)
    try:
        yield lambda recipe, rows: _in_order(pool, jobs, recipe, rows)
    finally:
        pool.shutdown(cancel_futures=True)


def _in_order(pool: Executor, jobs: int, recipe: Recipe, rows: Sequence[Row]) -> Iterator[Made]:
    waiting = deque()
    try:
        for chunk in _chunks(rows):
            waiting.append(pool.submit(make_all, recipe, chunk))
            if len(waiting) >= _AHEAD * jobs:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
    except BrokenProcessPool as error:
        raise UserError(
            "A process that reads pictures was ended from outside, for want of memory perhaps: "
            f"take fewer and run the same command again. Received: jobs={jobs}"
        ) from error
    finally:
        for future in waiting:
            future.cancel()


def _chunks(rows: Sequence[Row]) -> Iterable[Sequence[Row]]:
    return (rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK))


def _start() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)
