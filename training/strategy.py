"""How a training is spread over devices: the replicas, which share every batch.

"auto" takes the workers of `TF_CONFIG` where that variable is set, and else mirrors: over all GPUs,
or on a CPU over one replica, or `replicas` logical ones.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf

from sbir_tf.errors import UserError
from training.cluster import TF_CONFIG, Cluster, cluster_of
from training.config import Config


def strategy_of(config: Config) -> tf.distribute.Strategy:
    """The strategy of a configuration. Of several workers, each waits here for all others.

    Raises:
        UserError: If the machine has fewer devices than asked for, the batch does not divide
            among the replicas, or `TF_CONFIG` is missing or wrong; or the workers cannot meet, or
            TensorFlow has begun in this process and cannot change its devices.
    """
    kind = config.strategy
    if kind == "auto":
        kind = "multiworker" if os.environ.get(TF_CONFIG) else "mirrored"
    if kind == "one":
        check_one(config)
    gpus = gpus_of(config)
    if kind == "multiworker":
        return over_workers(config, cluster_of(os.environ), gpus)
    replicas = 1 if kind == "one" else len(gpus) or config.replicas
    check_batch(config, replicas)
    devices = [f"GPU:{n}" for n in range(len(gpus))] or logical_cpus(replicas)
    if kind == "one":
        return tf.distribute.OneDeviceStrategy(devices[0])
    return tf.distribute.MirroredStrategy(devices)


def check_one(config: Config) -> None:
    """Refuse devices that one would not be."""
    for key, count in (("gpus", config.gpus), ("replicas", config.replicas)):
        if count not in (None, 1):
            raise UserError(
                f"strategy=one trains on one device: set {key}=1, or strategy=mirrored. "
                f"Received: {key}={count}"
            )


def gpus_of(config: Config) -> list[tf.config.PhysicalDevice]:
    """The GPUs to train on.

    Raises:
        UserError: If there are fewer than asked for, or logical CPUs are asked for beside them.
    """
    found = tf.config.list_physical_devices("GPU")
    if config.gpus is not None and config.gpus > len(found):
        most = f"at most {len(found)}, or none" if found else "none"
        raise UserError(
            f"TensorFlow sees {len(found)} GPUs on this machine. Received: gpus={config.gpus}; "
            f"set gpus to {most}"
        )
    if found and config.replicas > 1:
        raise UserError(
            f"`replicas` divides the CPU of a machine without GPU, and this one has {len(found)}: "
            f"set gpus instead. Received: replicas={config.replicas}"
        )
    return found[: config.gpus]


def logical_cpus(count: int) -> list[str]:
    """The CPU as so many devices."""
    if count > 1:
        cpu = tf.config.list_physical_devices("CPU")[0]
        logical = [tf.config.LogicalDeviceConfiguration()] * count
        with before_the_start(f"replicas={count}"):
            tf.config.set_logical_device_configuration(cpu, logical)
    return [f"CPU:{number}" for number in range(count)]


def over_workers(
    config: Config, cluster: Cluster, gpus: list[tf.config.PhysicalDevice]
) -> tf.distribute.Strategy:
    """A replica on each GPU of every worker, or one on a worker's CPU."""
    if config.replicas > 1:
        raise UserError(
            f"`replicas` is of one machine: name more workers in {TF_CONFIG} instead. "
            f"Received: replicas={config.replicas} with strategy=multiworker"
        )
    check_batch(config, cluster.workers * max(len(gpus), 1))
    with before_the_start("strategy=multiworker"):
        tf.config.set_visible_devices(gpus, "GPU")
    try:
        strategy = tf.distribute.MultiWorkerMirroredStrategy()
    except (tf.errors.OpError, RuntimeError) as error:
        raise UserError(
            f"The workers of {TF_CONFIG} did not meet, as {cluster.task} sees it "
            f"({first_line(error)}): are all of them running, and is its port free?"
        ) from error
    check_batch(config, strategy.num_replicas_in_sync)
    return strategy


@contextmanager
def before_the_start(asked: str) -> Iterator[None]:
    """Turns the error that devices are set too late into one that says so."""
    try:
        yield
    except RuntimeError as error:
        raise UserError(
            f"TensorFlow has begun in this process, and its devices can no longer change "
            f"({first_line(error)}): train in a process of its own, or on one device. "
            f"Received: {asked}"
        ) from error


def check_batch(config: Config, replicas: int) -> None:
    """Refuse a batch that does not divide among the replicas."""
    if config.batch_size % replicas:
        fits = (config.batch_size // replicas + 1) * replicas
        fits += fits % 2 * replicas
        raise UserError(
            f"batch_size={config.batch_size} does not divide among {replicas} replicas, which "
            f"share each batch: set batch_size to a multiple of {replicas}, such as {fits}"
        )


def is_chief(strategy: tf.distribute.Strategy) -> bool:
    """Whether this process is the one that writes the run's folder."""
    cluster = strategy.cluster_resolver
    if cluster is None or not cluster.task_type:
        return True
    kind, index = cluster.task_type, cluster.task_id
    return kind == "chief" or (index == 0 and "chief" not in cluster.cluster_spec().jobs)


def workers_of(strategy: tf.distribute.Strategy) -> int:
    """How many processes train together."""
    cluster = strategy.cluster_resolver
    jobs = {} if cluster is None else cluster.cluster_spec().as_dict()
    return sum(map(len, jobs.values())) or 1


def first_line(error: Exception) -> str:
    """What an error of TensorFlow's says, without its stack."""
    said = str(getattr(error, "message", None) or error).strip().splitlines()
    return said[0] if said else type(error).__name__
