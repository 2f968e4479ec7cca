"""The gallery by Apache Beam: workers encode, this process writes the index meanwhile."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

from serving.encoders.contract import Encoder
from serving.encoding import Progress, silent
from serving.errors import ServingError
from serving.gallery.beam_options import beam_options
from serving.gallery.build import IndexReport, check_batch_size, finish
from serving.gallery.job import Job, fill, new_pipeline
from serving.gallery.parts import Part, Parts, absolute, gallery_name
from serving.gallery.plan import Plan
from serving.gallery.target import Target
from serving.gallery.worker import EncodeGroup
from serving.index.open import is_far

GROUP = 1024  # pictures: what a killed worker does anew
_LOOK = 0.5  # seconds between two looks at the parts


def index_with_beam(
    encoder: Encoder,
    folder: Path | str,
    to: Path | str,
    runner: str = "direct",
    pipeline_options: Sequence[str] = (),
    parts: str | None = None,
    batch_size: int = 32,
    group_size: int = GROUP,
    progress: Progress = silent,
) -> IndexReport:
    """Indexes a folder as `index_folder` does, with Apache Beam's workers.

    Every worker reads the pictures and the model under the names given here, and writes what it
    has encoded as parts into one folder; this process takes them into the index as they come.
    Called again after an interruption, it takes in what is there and encodes the rest.

    Args:
        encoder: of the pictures; its folder is what the workers load.
        folder: the pictures, at any depth.
        to: the index, new or of this encoder: a folder, or `milvus://host:port/NAME`.
        runner: "direct", "flink", "spark" or "dataflow".
        pipeline_options: of Beam, as "key=value" or "key".
        parts: where workers write; by default beside the index.
        batch_size: pictures to a call of the encoder.
        group_size: pictures of a part.
        progress: wraps the pictures as they are taken in.

    Returns:
        The report.

    Raises:
        ServingError: as `index_folder`; a wrong option, or what the runner says when it fails.
    """
    check_batch_size(batch_size)
    if encoder.path is None:
        raise ServingError(f"{encoder.name} has no folder for Beam's workers to load")
    options, folder = beam_options(runner, pipeline_options), Path(folder).absolute()
    shelf = Parts(absolute(parts or _beside(to)), encoder.digest, gallery_name(folder, to))
    with (
        new_pipeline(options) as pipeline,
        Plan(folder) as plan,
        closing(Target(encoder, folder, to)) as target,
    ):
        same_folder = target.is_of(folder)
        # An earlier job's; what it leaves from now on waits for the next time.
        early = sum(len(_taken(shelf, name, target).ids) for name in shelf.names())
        plan.know(target.known(), same_folder)
        tally, total = _Tally(uuid.uuid4().hex[:8]), plan.to_read
        if total:
            places = shelf.write_plan(tally.job, _groups(plan, group_size))
            model = str(Path(encoder.path).absolute())
            work = EncodeGroup(shelf, tally.job, str(folder), model, batch_size)
            job = Job(fill(pipeline, work, places), tally.job)
            try:
                arriving = _arriving(job, shelf, target, tally, plan)
                for _ in progress(arriving, "encoding pictures", total):
                    pass
            finally:
                job.stop()
            job.check()
            tally.require_all(len(places))
        same = total - tally.encoded - len(tally.skipped)
        report = finish(plan, target, to, early + tally.encoded, same, tally.skipped)
        shelf.discard()
        return report


class _Tally:
    """What has come of a job."""

    def __init__(self, job: str):
        self.job = job
        self.encoded = 0
        self.skipped: list[dict[str, str]] = []
        self._groups: set[int] = set()

    def count(self, part: Part) -> int:
        """Counts a part: the pictures that are done by it; a runner may try a group twice."""
        if part.number in self._groups:
            return 0
        self._groups.add(part.number)
        self.encoded += len(part.ids)
        self.skipped += part.skipped
        return part.pictures

    def require_all(self, groups: int) -> None:
        """Refuses an end without all groups."""
        missing = groups - len(self._groups)
        if missing:
            cure = "Run the same command again"
            raise ServingError(f"Beam ended without {missing} of {groups} groups. {cure}")


def _arriving(job: Job, shelf: Parts, target: Target, tally: _Tally, plan: Plan) -> Iterator[int]:
    """Takes parts in until the job has ended; a number for each picture."""
    runs = True
    while runs:
        runs = job.runs  # looked at first: what it leaves last is seen below
        for name in shelf.names(tally.job):
            part = _taken(shelf, name, target)
            plan.note_same(part.same)
            yield from range(tally.count(part))
        job.wait(_LOOK)


def _taken(shelf: Parts, name: str, target: Target) -> Part:
    part = shelf.read(name)
    if part.ids:
        target.put(part.ids, part.rows, part.metadata)
        target.flush()
    shelf.remove(name)
    return part


def _groups(plan: Plan, size: int) -> Iterator[list[tuple[str, str | None]]]:
    reading = ((path.relative_to(plan.folder).as_posix(), known) for path, known in plan.reading())
    while group := list(islice(reading, size)):
        yield group


def _beside(to: Path | str) -> str:
    return f"{str(to).rpartition('/')[2] if is_far(to) else Path(to).resolve()}.parts"
