import json

import pytest
import tensorflow as tf

from sbir_tf.errors import UserError
from tests.small import small
from training import strategy as module
from training.cluster import cluster_of
from training.strategy import check_batch, is_chief, strategy_of, workers_of

TWO = {"worker": ["one:2222", "two:2222"]}
FIRST = {"type": "worker", "index": 0}


def config_of(cluster=TWO, task=FIRST):
    return {"TF_CONFIG": json.dumps({"cluster": cluster, "task": task})}


@pytest.fixture(autouse=True)
def no_cluster(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)


def gpus(monkeypatch, count):
    found = [tf.config.PhysicalDevice(f"/physical_device:GPU:{n}", "GPU") for n in range(count)]
    cpus = tf.config.list_physical_devices("CPU")
    of = {"GPU": found, "CPU": cpus}
    monkeypatch.setattr(module.tf.config, "list_physical_devices", lambda kind: of[kind])
    monkeypatch.setattr(module.tf.distribute, "MirroredStrategy", lambda devices: devices)
    monkeypatch.setattr(module.tf.distribute, "OneDeviceStrategy", lambda device: device)


@pytest.mark.parametrize("kind", ["auto", "mirrored", "one"])
def test_a_cpu_has_one_replica(kind):
    strategy = strategy_of(small(f"strategy={kind}"))
    assert strategy.num_replicas_in_sync == workers_of(strategy) == 1
    assert is_chief(strategy)


@pytest.mark.parametrize(
    ("overrides", "devices"),
    [
        ((), ["GPU:0", "GPU:1", "GPU:2", "GPU:3"]),
        (("strategy=mirrored", "gpus=2"), ["GPU:0", "GPU:1"]),
        (("gpus=1",), ["GPU:0"]),
        (("strategy=one",), "GPU:0"),
    ],
)
def test_all_gpus_are_mirrored_over_or_as_many_as_asked_for(monkeypatch, overrides, devices):
    gpus(monkeypatch, 4)
    assert strategy_of(small(*overrides)) == devices


@pytest.mark.parametrize("found", [0, 1])
def test_more_gpus_than_there_are_is_an_error(monkeypatch, found):
    gpus(monkeypatch, found)
    with pytest.raises(UserError, match=rf"sees {found} GPUs .* Received: gpus=3; set gpus to"):
        strategy_of(small("gpus=3"))


@pytest.mark.parametrize("override", ["gpus=2", "replicas=2"])
def test_one_device_is_not_several(monkeypatch, override):
    gpus(monkeypatch, 4)
    with pytest.raises(UserError, match=rf"set {override[:-1]}1, .* Received: {override}$"):
        strategy_of(small("strategy=one", override))


def test_devices_that_are_asked_for_too_late_are_an_error_that_says_so(monkeypatch):
    tf.constant(0)  # TensorFlow begins
    said = r"can no longer change \(.+\): train in a process of its own.* Received: "
    with pytest.raises(UserError, match=said + "replicas=2$"):
        strategy_of(small("replicas=2"))

    def too_late(*_):
        raise RuntimeError("Visible devices cannot be modified after being initialized")

    monkeypatch.setenv("TF_CONFIG", config_of()["TF_CONFIG"])
    monkeypatch.setattr(module.tf.config, "set_visible_devices", too_late)
    with pytest.raises(UserError, match=said + "strategy=multiworker$"):
        strategy_of(small())


def test_logical_cpus_beside_gpus_are_an_error(monkeypatch):
    gpus(monkeypatch, 2)
    with pytest.raises(UserError, match=r"set gpus instead\. Received: replicas=4"):
        strategy_of(small("replicas=4"))


@pytest.mark.parametrize(("batch", "replicas", "fits"), [(8, 3, 12), (10, 4, 12), (2, 5, 10)])
def test_a_batch_that_does_not_divide_is_an_error_that_names_both(batch, replicas, fits):
    said = rf"batch_size={batch} does not divide among {replicas} replicas.*such as {fits}$"
    with pytest.raises(UserError, match=said):
        check_batch(small(f"batch_size={batch}"), replicas)


def test_a_batch_that_does_not_divide_is_refused_before_devices_are_made():
    with pytest.raises(UserError, match="does not divide among 3 replicas"):
        strategy_of(small("replicas=3"))
    assert len(tf.config.list_logical_devices("CPU")) == 1


def test_a_batch_that_does_not_divide_among_workers_waits_for_none_of_them(monkeypatch):
    three = {"worker": ["one:2222", "two:2222", "three:2222"]}
    monkeypatch.setenv("TF_CONFIG", config_of(three)["TF_CONFIG"])
    with pytest.raises(UserError, match="does not divide among 3 replicas"):
        strategy_of(small())


def test_logical_cpus_of_several_workers_are_an_error(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", config_of()["TF_CONFIG"])
    with pytest.raises(UserError, match=r"Received: replicas=2 with strategy=multiworker"):
        strategy_of(small("replicas=2", "strategy=multiworker"))


def test_a_cluster_says_who_this_process_is():
    cluster = cluster_of(config_of({"chief": ["a:1"], **TWO}, {"type": "worker", "index": 1}))
    assert (cluster.workers, cluster.kind, cluster.index) == (3, "worker", 1)
    assert cluster.task == "worker 1 at two:2222"


def test_several_workers_need_tf_config():
    with pytest.raises(UserError, match=r"TF_CONFIG, which is not set: .* set strategy=mirrored"):
        strategy_of(small("strategy=multiworker"))


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"TF_CONFIG": "one:2222,two:2222"}, "it is not JSON"),
        ({"TF_CONFIG": "[]"}, "it must be a JSON object"),
        ({"TF_CONFIG": '{"task": {"type": "worker", "index": 0}}'}, "it names no cluster"),
        (config_of({}), "it names no cluster"),
        (config_of({"ps": ["one:1"], **TWO}), "tasks are chief or worker, not 'ps'"),
        (config_of({"worker": "one:2222"}), "must be a list of host:port"),
        (config_of({"worker": []}), "must be a list of host:port"),
        (config_of({"worker": ["one"]}), "must be a list of host:port"),
        (config_of({"worker": ["one:99999"]}), "must be a list of host:port"),
        (config_of({"worker": ["one:1", "one:1"]}), "two workers have the address one:1"),
        (config_of({"chief": ["one:2222"], **TWO}), "two workers have the address one:2222"),
        (config_of({"chief": ["a:1", "b:1"]}), "there can be one chief"),
        ({"TF_CONFIG": json.dumps({"cluster": TWO})}, 'which "task" this process is'),
        (config_of(task={"type": "worker"}), 'which "task" this process is'),
        (config_of(task={"type": "chief", "index": 0}), "a 'chief', of which the cluster has none"),
        (config_of(task={"type": ["worker"], "index": 0}), "of which the cluster has none"),
        (config_of(task={"type": "worker", "index": 2}), "index must be from 0 to 1, not 2"),
        (config_of(task={"type": "worker", "index": -1}), "index must be from 0 to 1, not -1"),
        (config_of(task={"type": "worker", "index": "0"}), "from 0 to 1, not '0'"),
    ],
)
def test_a_wrong_tf_config_is_an_error_that_says_what_is_wrong(environment, said):
    with pytest.raises(UserError) as error:
        cluster_of(environment)
    assert said in str(error.value)
    assert str(error.value).endswith(f"Received: {environment['TF_CONFIG']}")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--strategy", "multiworker"),
        ("--strategy", "mirror"),
        ("--set", "gpus=3"),
        ("--set", "replicas=3"),
        ("--set", "optimizer.accumulate=7"),
        ("--set", "optimizer.backbone_rate=0"),
        ("--set", "optimizer.ema_momentum=1"),
        ("--set", "optimizer.clip_norm=0"),
        ("--set", "gpus=0"),
    ],
)
def test_the_command_refuses_and_writes_nothing(refused, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    line = refused("train", "icons_tiny", "--to", tmp_path / "run", *arguments)
    assert all(part in line for part in arguments[1].split("="))
    assert list(tmp_path.iterdir()) == []
