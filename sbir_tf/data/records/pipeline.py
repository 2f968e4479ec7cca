"""The Beam pipeline of a build: one element a shard.

An element is a place in the plan's file, so the pipeline itself stays small whatever the data
set. A worker reads its group from there, and skips it where the shard was finished before; so a
build that was interrupted continues, and a runner may try an element twice.
"""

import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from sbir_tf.data.records import storage
from sbir_tf.data.records.makers import make_here, makers
from sbir_tf.data.records.making import Made, Recipe
from sbir_tf.data.records.naming import PLAN
from sbir_tf.data.records.plan import Group
from sbir_tf.data.records.shards import finished, write_shard
from sbir_tf.errors import UserError, nearest

RUNNERS = {
    "direct": "DirectRunner",
    "flink": "FlinkRunner",
    "spark": "SparkRunner",
    "dataflow": "DataflowRunner",
}
_LOOK = 0.2  # seconds between two looks at how far it is


@dataclass(slots=True)
class Live:
    """What a build in this process shares with its workers: Beam copies all else.

    Attributes:
        make: Makes records of rows.
        done: Pictures that are written or skipped.
        stopped: Whether to stop at the next picture.
        failure: What stopped it.
    """

    make: Callable = make_here
    done: int = 0
    stopped: bool = False
    failure: BaseException | None = None


_LIVE: dict[str, Live] = {}


class Stopped(Exception):
    """The build was told to stop."""


class WriteShard(beam.DoFn):
    """Writes the shard of a group, unless it is finished.

    Args:
        folder: The records folder.
        recipe: How pictures become records.
        token: Of the build's `Live`, in the process that has it.
    """

    def __init__(self, folder: str, recipe: Recipe, token: str = "") -> None:
        self.folder, self.recipe, self.token = folder, recipe, token

    def process(self, element: tuple[int, int, int]) -> Iterator[str]:
        """Write one shard.

        Args:
            element: Its number; offset and length of its line in the plan.

        Yields:
            The shard's name.
        """
        live = _LIVE.get(self.token)
        if live is None:  # a worker elsewhere: its runner tells of failures and tries again
            yield self.write(*element, Live())
        elif not live.stopped:
            try:
                yield self.write(*element, live)
            except Exception as error:  # Beam would keep its text alone
                live.failure, live.stopped = live.failure or error, True

    def write(self, number: int, offset: int, length: int, live: Live) -> str:
        """Write one shard, telling how far it is."""
        group = Group.from_json(storage.read(self.folder, PLAN, offset, length))
        if finished(self.folder, group):
            live.done += len(group.rows)
        else:
            made = _watched(live.make(self.recipe, group.rows), live)
            write_shard(self.folder, group, made, number)
        return group.shard


def _watched(records: Iterator[Made], live: Live) -> Iterator[Made]:
    for made in records:
        if live.stopped:
            raise Stopped
        live.done += 1
        yield made


def run(
    write: WriteShard,
    places: Sequence[tuple[int, int, int]],
    runner: str,
    options: Sequence[str],
    jobs: int,
    progress: Callable,
    total: int,
) -> None:
    """Write all shards of a plan.

    Args:
        write: Writes one.
        places: Of the groups, in the plan.
        runner: A name in `RUNNERS`.
        options: Of the pipeline, as "key=value" or "key".
        jobs: Processes that read pictures, with the direct runner.
        progress: A callable `progress(iterable, description, total)`.
        total: Pictures of the plan.

    Raises:
        UserError: What the runner says when it fails.
    """
    with _live(jobs if runner == "direct" else 1) as (token, live):
        write.token = token if runner == "direct" else ""
        thread = threading.Thread(
            target=_run, args=(pipeline(write, places, runner, options), live)
        )
        thread.start()
        try:
            for _ in progress(_pictures(thread, live), "writing records", total):
                pass
        finally:
            live.stopped = True
            thread.join()
        if live.failure is not None:
            raise live.failure


def pipeline(
    write: WriteShard, places: Sequence[tuple[int, int, int]], runner: str, options: Sequence[str]
) -> beam.Pipeline:
    """The pipeline of a build, to be run.

    Args:
        write, places, runner, options: As for `run`.

    Returns:
        It.
    """
    built = beam.Pipeline(options=pipeline_options(runner, options))
    shards = built | "Groups" >> beam.Create(places) | "Spread" >> beam.Reshuffle()
    shards | "WriteShards" >> beam.ParDo(write)
    return built


def pipeline_options(runner: str, options: Sequence[str]) -> PipelineOptions:
    """Beam's options, from the command's.

    Args:
        runner: A name in `RUNNERS`.
        options: "key=value", or "key" for those that are switched on.

    Returns:
        They.

    Raises:
        UserError: As `check_options`.
    """
    check_options(runner, options)
    return PipelineOptions([f"--runner={RUNNERS[runner]}", *(f"--{option}" for option in options)])


def check_options(runner: str, options: Sequence[str]) -> None:
    """Refuse an unknown runner, and options of another form.

    Raises:
        UserError: Naming it.
    """
    if runner not in RUNNERS:
        raise UserError(f"There is no runner {runner!r}{nearest(runner, RUNNERS)}")
    for option in options:
        if option.startswith("-") or not option.partition("=")[0]:
            raise UserError(f"--pipeline-option takes key=value. Received: {option!r}")


@contextmanager
def _live(jobs: int) -> Iterator[tuple[str, Live]]:
    token = uuid.uuid4().hex
    with makers(jobs) as make:
        _LIVE[token] = Live(make)
        try:
            yield token, _LIVE[token]
        finally:
            del _LIVE[token]


def _run(built: beam.Pipeline, live: Live) -> None:
    try:
        built.run().wait_until_finish()
    except Exception as error:
        first = next(iter(str(error).splitlines()), type(error).__name__)
        live.failure = live.failure or UserError(f"The pipeline's runner failed: {first}")


def _pictures(thread: threading.Thread, live: Live) -> Iterator[int]:
    """A number for each picture that is done, until all are."""
    told = 0
    while thread.is_alive():
        thread.join(_LOOK)
        yield from range(told, done := live.done)
        told = done
    yield from range(told, live.done)
