"""The pipeline as a cluster would run it: shipped to other processes, written to a bucket."""

import io
import threading
from typing import ClassVar

import pytest
from apache_beam.internal import pickler
from apache_beam.io.filesystem import FileMetadata, FileSystem
from apache_beam.options.pipeline_options import PortableOptions, SparkRunnerOptions
from apache_beam.runners.runner import PipelineResult, PipelineRunner, PipelineState

from sbir_tf.data.layouts.layout import Item
from sbir_tf.data.records import running, storage
from sbir_tf.data.records.making import Recipe
from sbir_tf.data.records.options import RUNNERS, pipeline_options
from sbir_tf.data.records.pipeline import WriteShard, fill, new_pipeline
from sbir_tf.data.records.plan import Group, grouped, rows_of
from sbir_tf.errors import UserError
from tests import trees
from tests.data.records.odd_tree import PLAIN, items_of

BUCKET: dict[str, bytes] = {}


class Bucket(FileSystem):
    """A bucket in memory: whole objects, no folders, no descriptors."""

    @classmethod
    def scheme(cls):
        return "bucket"

    def join(self, basepath, *paths):
        return "/".join((basepath.rstrip("/"), *paths))

    def split(self, path):
        return path.rpartition("/")[::2]

    def mkdirs(self, path):
        pass

    def has_dirs(self):
        return False

    def _list(self, dir_or_prefix):
        for path, data in BUCKET.items():
            if path.startswith(dir_or_prefix):
                yield FileMetadata(path, len(data))

    def create(self, path, mime_type="application/octet-stream", compression_type="auto"):
        return Upload(path)

    def open(self, path, mime_type="application/octet-stream", compression_type="auto"):
        if path not in BUCKET:
            raise FileNotFoundError(path)
        return io.BytesIO(BUCKET[path])

    def copy(self, source_file_names, destination_file_names):
        for source, to in zip(source_file_names, destination_file_names, strict=True):
            BUCKET[to] = BUCKET[source]

    def rename(self, source_file_names, destination_file_names):
        self.copy(source_file_names, destination_file_names)
        self.delete(source_file_names)

    def exists(self, path):
        return path in BUCKET

    def size(self, path):
        return len(BUCKET[path])

    def last_updated(self, path):
        return 0.0

    def checksum(self, path):
        return str(self.size(path))

    def metadata(self, path):
        return FileMetadata(path, self.size(path))

    def delete(self, paths):
        for path in paths:
            del BUCKET[path]


class Upload(io.BytesIO):
    """Becomes an object when it is closed."""

    def __init__(self, path):
        super().__init__()
        self.path = path

    def close(self):
        if not self.closed:
            BUCKET[self.path] = self.getvalue()
        super().close()


@pytest.fixture
def bucket():
    BUCKET.clear()
    yield BUCKET
    BUCKET.clear()


def test_a_bucket_gets_what_a_folder_gets(root, build, tmp_path, bucket):
    bucket["bucket://other/file"] = b"of somebody else"
    bucket["bucket://data/records-of-mine"] = b"a neighbour"
    build(root, "bucket://data/records")
    build(root)
    start = "bucket://data/records/"
    written = {path[len(start) :]: data for path, data in bucket.items() if path.startswith(start)}
    expected = {path.name: path.read_bytes() for path in (tmp_path / "records").iterdir()}
    assert written == expected
    assert not build(root, "bucket://data/records").new
    with pytest.raises(UserError, match="size=32 there, 16 here"):
        build(root, "bucket://data/records", size=16)
    assert build(root, "bucket://data/records", size=16, force=True).new
    assert bucket["bucket://other/file"] == b"of somebody else"
    assert bucket["bucket://data/records-of-mine"] == b"a neighbour"


def test_what_beam_ships_writes_a_shard_at_the_other_end(root, tmp_path):
    rows = rows_of(items_of(root), PLAIN, None)
    (group,), _ = grouped(root, rows, 100, {})
    line = group.to_json()
    with storage.whole(str(tmp_path / "records"), ".building/plan.jsonl") as file:
        file.write(line)
    write = WriteShard(str(tmp_path / "records"), Recipe(str(root), 32, False))
    shipped = pickler.loads(pickler.dumps(write))
    place = pickler.loads(pickler.dumps((0, 0, len(line))))
    assert list(shipped.process(place)) == [group.shard]
    written = (tmp_path / "records" / group.shard).read_bytes()
    assert list(shipped.process(place)) == [group.shard]  # as a runner that tries again
    assert (tmp_path / "records" / group.shard).read_bytes() == written


def test_a_worker_elsewhere_tells_its_runner_of_a_failure(root, tmp_path):
    write = WriteShard(str(tmp_path / "nothing"), Recipe(str(root), 32, False))
    with pytest.raises(FileNotFoundError):
        list(write.process((0, 0, 10)))


def test_the_whole_pipeline_can_be_described_to_any_runner():
    write = WriteShard("/nowhere/records", Recipe("/nowhere/pets", 32, False))
    with new_pipeline(pipeline_options("direct", ())) as empty:
        steps = fill(empty, write, [(0, 0, 10)]).to_runner_api().components.transforms
    assert any("WriteShards" in step.unique_name for step in steps.values())


@pytest.mark.slow
def test_workers_in_other_processes_write_the_same(root, build, tmp_path):
    options = ("direct_running_mode=multi_processing", "direct_num_workers=2")
    build(root, pipeline_options=options)
    build(root, tmp_path / "here")
    for path in (tmp_path / "here").iterdir():
        assert path.read_bytes() == (tmp_path / "records" / path.name).read_bytes(), path.name


def test_options_reach_beam():
    options = pipeline_options("spark", ["spark_master_url=local[2]", "job_endpoint=host:8099"])
    assert options.get_all_options()["runner"] == "SparkRunner"
    assert options.view_as(SparkRunnerOptions).spark_master_url == "local[2]"
    assert options.view_as(PortableOptions).job_endpoint == "host:8099"


@pytest.mark.parametrize("wrong", ["--key=value", "=value", ""])
def test_an_option_of_another_form_is_refused(wrong):
    with pytest.raises(UserError, match=r"--pipeline-option takes key=value. Received"):
        pipeline_options("direct", [wrong])


@pytest.mark.parametrize(
    ("runner", "option", "problem"),
    [
        ("direct", "direct_num_workers=abc", "argument --direct_num_workers: invalid int value"),
        ("flink", "direct_num_workers=abc", "argument --direct_num_workers: invalid int value"),
        ("direct", "direct_runing_mode=in_memory", "Did you mean 'direct_running_mode'"),
        ("dataflow", "nonsense=3", "Beam has no option 'nonsense'"),
        ("dataflow", "projec=P", "Beam has no option 'projec'. Did you mean 'project'"),
        ("direct", "runner=FlinkRunner", "--runner names the runner"),
        ("direct", "help", "takes key=value"),
    ],
)
def test_an_option_that_beam_does_not_take_is_one_line(capfd, runner, option, problem):
    with pytest.raises(UserError, match=problem) as caught:
        pipeline_options(runner, [option])
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_an_option_of_a_job_server_is_passed_on():
    assert "--parallelism=4" in str(pipeline_options("flink", ["parallelism=4"])._flags)


def test_a_runner_that_wants_other_options_says_so_before_anything_is_written(
    build, root, tmp_path
):
    with pytest.raises(UserError, match=r"The pipeline cannot be made: .*temp_location.*project"):
        build(root, runner="dataflow")
    assert not (tmp_path / "records").exists()


def test_an_unknown_file_system_is_one_line(build, root):
    with pytest.raises(UserError, match=r"foo://b/r cannot be written: .*filesystem"):
        build(root, "foo://b/r")


def test_a_file_system_that_does_not_answer_is_one_line(build, root, monkeypatch):
    def broken(self, path):
        raise ConnectionError("nobody\nis there")

    monkeypatch.setattr(Bucket, "_list", broken)
    with pytest.raises(UserError, match=r"bucket://b/r cannot be listed: .*is there"):
        build(root, "bucket://b/r")


def test_a_runner_that_exits_is_an_error_and_not_the_end(build, root, monkeypatch):
    def leave(self, pipeline, options):
        raise SystemExit(2)

    monkeypatch.setattr(Endless, "run_pipeline", leave)
    monkeypatch.setitem(RUNNERS, "flink", f"{__name__}.Endless")
    with pytest.raises(UserError, match="The pipeline's runner failed: 2"):
        build(root, runner="flink")


class Endless(PipelineRunner):
    """A cluster whose job runs until it is cancelled, as far as it can be."""

    jobs: ClassVar[list["Endless.Job"]] = []
    refusal = ""

    class Job(PipelineResult):
        def __init__(self, refusal):
            super().__init__(PipelineState.RUNNING)
            self.cancelled, self.refusal = threading.Event(), refusal

        def wait_until_finish(self, duration=None):
            self.cancelled.wait()

        def cancel(self):
            if self.refusal:
                raise OSError(self.refusal)
            self.cancelled.set()

    def run_pipeline(self, pipeline, options):
        self.jobs.append(self.Job(self.refusal))
        return self.jobs[-1]


@pytest.fixture
def cluster(monkeypatch):
    monkeypatch.setattr(Endless, "jobs", [])
    monkeypatch.setattr(running, "_PATIENCE", 5)
    monkeypatch.setitem(RUNNERS, "flink", f"{__name__}.Endless")
    yield Endless
    for job in Endless.jobs:
        job.cancelled.set()


def interrupted_once_it_runs(iterable, description, total):
    while not Endless.jobs:
        pass
    raise KeyboardInterrupt


def test_ctrl_c_cancels_a_clusters_job(cluster, build, root):
    with pytest.raises(KeyboardInterrupt):
        build(root, runner="flink", progress=interrupted_once_it_runs)
    (job,) = cluster.jobs
    assert job.cancelled.is_set()


def test_a_job_that_cannot_be_cancelled_is_told_and_keeps_nobody(cluster, build, root, monkeypatch):
    monkeypatch.setattr(cluster, "refusal", "no such job")
    with pytest.raises(UserError, match="the job may run on; cancel it where it runs: no such job"):
        build(root, runner="flink", progress=interrupted_once_it_runs)
    assert all(thread.daemon for thread in threading.enumerate() if "_run" in thread.name)


def test_an_unknown_runner_names_the_nearest():
    with pytest.raises(UserError, match=r"There is no runner 'flick'. Did you mean 'flink'?"):
        pipeline_options("flick", ())


@pytest.mark.parametrize(
    ("items", "problem"),
    [
        ([], "There is no picture"),
        ([Item("../a.png", "a", "sketch")], "must stay below the data set's root"),
        ([Item("/etc/a.png", "a", "sketch")], "must stay below the data set's root"),
        ([Item("C:\\a.png", "a", "sketch")], "must stay below the data set's root"),
        ([Item("a//b.png", "a", "sketch")], "single / between"),
        ([Item("./b.png", "a", "sketch")], "single / between"),
        ([Item("a.png", "a", "sketch"), Item("a.png", "b", "photo")], "a.png is listed twice"),
    ],
)
def test_items_that_cannot_be_built_are_refused(items, problem):
    with pytest.raises(UserError, match=problem):
        rows_of(items, None, None)


@pytest.mark.parametrize("option", [{"size": 7}, {"size": 5000}, {"shard_size": 0}, {"jobs": 0}])
def test_an_argument_out_of_range_is_refused(root, build, tmp_path, option):
    ((name, value),) = option.items()
    with pytest.raises(UserError, match=f"Received: {name}={value}"):
        build(root, **option)
    assert not (tmp_path / "records").exists()


def test_a_group_survives_its_line_in_the_plan(tmp_path):
    root = trees.sketchy(tmp_path / "a folder (2)")
    items = [Item("sketches/tëddy/\udcff1.png", "tëddy", "sketch")]
    (group,), _ = grouped(root, rows_of(items, None, None), 3, {"size": 1})
    assert Group.from_json(group.to_json()) == group
