"""Runs a build's pipeline: how far it is, what failed, and its end by Ctrl-C."""

import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import apache_beam as beam
from apache_beam.runners.runner import PipelineResult, PipelineState

from sbir_tf.data.records.makers import makers
from sbir_tf.data.records.pipeline import LIVE, Live, WriteShard, fill
from sbir_tf.data.records.told import told
from sbir_tf.errors import UserError

_LOOK = 0.2  # seconds between two looks at how far it is
_PATIENCE = 30.0  # seconds for an interrupted build to end


class NotCancelled(UserError):
    """The build ended, the job perhaps did not."""


def run(
    empty: beam.Pipeline,
    write: WriteShard,
    places: Sequence[tuple[int, int, int]],
    runner: str,
    jobs: int,
    progress: Callable,
    total: int,
) -> None:
    """Write all shards of a plan.

    Args:
        empty: Of `new_pipeline`.
        write: Writes one.
        places: Of the groups, in the plan.
        runner: A name in `RUNNERS`.
        jobs: Processes that read pictures, with the direct runner.
        progress: A callable `progress(iterable, description, total)`.
        total: Pictures of the plan.

    Raises:
        UserError: What the runner says when it fails; a job elsewhere that cannot be cancelled.
    """
    with _live(jobs if runner == "direct" else 1) as (token, live):
        write.token = token if runner == "direct" else ""
        filled = fill(empty, write, places)
        # A daemon, so that a runner that cannot be stopped does not keep the command alive.
        thread = threading.Thread(target=_run, args=(filled, live), daemon=True)
        thread.start()
        try:
            for _ in progress(_pictures(thread, live), "writing records", total):
                pass
        finally:
            _stop(thread, live)
        if live.failure is not None:
            raise live.failure


@contextmanager
def _live(jobs: int) -> Iterator[tuple[str, Live]]:
    token = uuid.uuid4().hex
    with makers(jobs) as make:
        LIVE[token] = Live(make)
        try:
            yield token, LIVE[token]
        finally:
            del LIVE[token]


def _run(filled: beam.Pipeline, live: Live) -> None:
    try:
        result = filled.run()
        with live.lock:
            live.result, stopped = result, live.stopped
        if stopped:  # while the job was on its way
            _cancel(result, live)
        else:
            result.wait_until_finish()
    except (Exception, SystemExit) as error:
        first = next(iter(str(error).splitlines()), type(error).__name__)
        live.failure = live.failure or UserError(f"The pipeline's runner failed: {first}")


def _stop(thread: threading.Thread, live: Live) -> None:
    """End what is still under way."""
    with live.lock:
        live.stopped, result = True, live.result
    if result is not None and thread.is_alive():
        _cancel(result, live)
    if not isinstance(live.failure, NotCancelled):
        thread.join(_PATIENCE)
    if isinstance(live.failure, NotCancelled):
        raise live.failure


def _cancel(result: PipelineResult, live: Live) -> None:
    """End a job that runs elsewhere; what runs here looks at `Live.stopped`."""
    try:
        if not PipelineState.is_terminal(result.state):
            result.cancel()
    except Exception as error:
        live.failure = NotCancelled(
            f"Interrupted, but the job may run on; cancel it where it runs: {told(error)}"
        )


def _pictures(thread: threading.Thread, live: Live) -> Iterator[int]:
    """A number for each picture that is done, until all are."""
    seen = 0
    while thread.is_alive():
        thread.join(_LOOK)
        yield from range(seen, done := live.done)
        seen = done
    yield from range(seen, live.done)
