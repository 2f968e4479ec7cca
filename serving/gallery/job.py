"""A Beam pipeline that runs while its results are taken in."""

import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.runner import PipelineState

from serving.errors import ServingError
from serving.gallery.worker import STOPPED, EncodeGroup

_PATIENCE = 30.0  # seconds for an interrupted job to end


class Job:
    """A pipeline in a thread of its own, so that its runner may block and be left.

    Args:
        pipeline: filled.
        name: of the job.
    """

    def __init__(self, pipeline: beam.Pipeline, name: str):
        self._pipeline, self._name, self._result = pipeline, name, None
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        return self._thread.is_alive()

    def wait(self, seconds: float) -> None:
        """Waits for its end, at most so long."""
        self._thread.join(seconds)

    def check(self) -> None:
        """Raises what made it fail."""
        if self._failure is not None:
            raise ServingError(f"Beam's runner failed: {told(self._failure)}") from self._failure

    def stop(self) -> None:
        """Ends it, here or where it runs.

        Raises:
            ServingError: it may run on elsewhere.
        """
        STOPPED.add(self._name)
        try:
            if self._result is not None and not PipelineState.is_terminal(self._result.state):
                self._result.cancel()
        except Exception as error:
            cure = "cancel it where it runs"
            raise ServingError(f"interrupted, but the job may run on: {cure} ({error})") from error
        self._thread.join(_PATIENCE)

    def _run(self) -> None:
        try:
            self._result = self._pipeline.run()
            if self._name in STOPPED:  # while the job was on its way
                self._result.cancel()
            self._result.wait_until_finish()
        except (Exception, SystemExit) as error:
            self._failure = error


@contextmanager
def new_pipeline(options: PipelineOptions) -> Iterator[beam.Pipeline]:
    """An empty pipeline; nothing is written but a temporary folder.

    Raises:
        ServingError: the runner wants other options, or is not there.
    """
    try:
        made = beam.Pipeline(options=options)
    except (Exception, SystemExit) as error:
        cure = "--pipeline-option KEY=VALUE"
        raise ServingError(f"the pipeline cannot be made: {told(error)} ({cure})") from error
    try:
        yield made
    finally:
        shutil.rmtree(made.local_tempdir, ignore_errors=True)


def fill(pipeline: beam.Pipeline, work: EncodeGroup, places: Sequence[Any]) -> beam.Pipeline:
    """The pipeline of a gallery: one element a group, spread over the workers."""
    groups = pipeline | "Groups" >> beam.Create(places) | "Spread" >> beam.Reshuffle()
    groups | "Encode" >> beam.ParDo(work)
    return pipeline


def told(error: BaseException) -> str:
    """What an error of Beam's says: the last line of a worker's traceback, or its own."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:300] if lines else type(error).__name__
