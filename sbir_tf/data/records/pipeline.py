"""The Beam pipeline of a build: one element a shard.

An element is a place in the plan's file, so the pipeline itself stays small whatever the data
set. A worker reads its group from there, and skips it where the shard was finished before; so a
build that was interrupted continues, and a runner may try an element twice.
"""

import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.runner import PipelineResult

from sbir_tf.data.records import storage
from sbir_tf.data.records.makers import make_here
from sbir_tf.data.records.making import Made, Recipe
from sbir_tf.data.records.naming import PLAN
from sbir_tf.data.records.plan import Group
from sbir_tf.data.records.shards import finished, write_shard
from sbir_tf.data.records.told import told
from sbir_tf.errors import UserError


@dataclass(slots=True)
class Live:
    """What a build in this process shares with its workers: Beam copies all else.

    Attributes:
        make: Makes records of rows.
        done: Pictures that are written or skipped.
        stopped: Whether to stop at the next picture.
        failure: What stopped it.
        result: The runner's, once it has taken the job.
        lock: Of `stopped` and `result`: one of two threads cancels the job.
    """

    make: Callable = make_here
    done: int = 0
    stopped: bool = False
    failure: BaseException | None = None
    result: PipelineResult | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


LIVE: dict[str, Live] = {}  # by token


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
        live = LIVE.get(self.token)
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


@contextmanager
def new_pipeline(options: PipelineOptions) -> Iterator[beam.Pipeline]:
    """An empty pipeline; nothing is written but a temporary folder.

    Args:
        options: Of it.

    Yields:
        The pipeline.

    Raises:
        UserError: If the runner wants other options, or is not there.
    """
    try:
        made = beam.Pipeline(options=options)
    except (Exception, SystemExit) as error:
        raise UserError(
            f"The pipeline cannot be made: {told(error)} (--pipeline-option KEY=VALUE)"
        ) from error
    try:
        yield made
    finally:
        shutil.rmtree(made.local_tempdir, ignore_errors=True)


def fill(
    empty: beam.Pipeline, write: WriteShard, places: Sequence[tuple[int, int, int]]
) -> beam.Pipeline:
    """A build's pipeline.

    Args:
        empty: Of `new_pipeline`.
        write: Writes a shard.
        places: Of the groups, in the plan.

    Returns:
        It, to be run.
    """
    shards = empty | "Groups" >> beam.Create(places) | "Spread" >> beam.Reshuffle()
    shards | "WriteShards" >> beam.ParDo(write)
    return empty
