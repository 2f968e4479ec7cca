"""The workers that train together, as `TF_CONFIG` names them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sbir_tf.errors import UserError

TF_CONFIG = "TF_CONFIG"
# Of the kinds of task that TensorFlow knows, those that train.
KINDS = ("chief", "worker")
EXAMPLE = (
    '{"cluster": {"worker": ["one:2222", "two:2222"]}, "task": {"type": "worker", "index": 0}}'
)


@dataclass(frozen=True)
class Cluster:
    """Who trains, and which of them this process is.

    Attributes:
        jobs: The addresses of each kind of task.
        kind: Of this process: "chief" or "worker".
        index: Of this process among those of its kind.
    """

    jobs: Mapping[str, tuple[str, ...]]
    kind: str
    index: int

    @property
    def workers(self) -> int:
        """How many processes train, the chief with them."""
        return sum(map(len, self.jobs.values()))

    @property
    def task(self) -> str:
        """This process in words, with its address."""
        return f"{self.kind} {self.index} at {self.jobs[self.kind][self.index]}"


def cluster_of(environment: Mapping[str, str]) -> Cluster:
    """The cluster that `TF_CONFIG` describes.

    Raises:
        UserError: If it is not set, or says what cannot be.
    """
    text = " ".join(environment.get(TF_CONFIG, "").split())
    if not text:
        raise UserError(
            f"strategy=multiworker needs the environment variable {TF_CONFIG}, which is not set: "
            f"give every worker one such as {EXAMPLE}, or set strategy=mirrored"
        )
    try:
        values = json.loads(text)
    except ValueError as error:
        raise wrong(f"it is not JSON ({error})", text) from None
    if not isinstance(values, dict):
        raise wrong("it must be a JSON object", text)
    jobs = jobs_of(values.get("cluster"), text)
    return Cluster(jobs, *task_of(values.get("task"), jobs, text))


def jobs_of(cluster, text: str) -> dict[str, tuple[str, ...]]:
    """The addresses of each kind of task."""
    if not isinstance(cluster, dict) or not cluster:
        raise wrong("it names no cluster of workers", text)
    for kind, addresses in cluster.items():
        if kind not in KINDS:
            raise wrong(f"tasks are chief or worker, not {kind!r}", text)
        if not isinstance(addresses, list) or not addresses or not all(map(is_address, addresses)):
            raise wrong(f"the addresses of {kind!r} must be a list of host:port", text)
    if len(cluster.get("chief", ())) > 1:
        raise wrong("there can be one chief", text)
    every = [address for addresses in cluster.values() for address in addresses]
    twice = sorted({address for address in every if every.count(address) > 1})
    if twice:
        raise wrong(f"two workers have the address {twice[0]}", text)
    return {kind: tuple(addresses) for kind, addresses in cluster.items()}


def task_of(task, jobs: Mapping[str, tuple[str, ...]], text: str) -> tuple[str, int]:
    """The kind and the index of this process."""
    if not isinstance(task, dict) or not {"type", "index"} <= set(task):
        raise wrong('it does not say which "task" this process is ("type" and "index")', text)
    kind, index = task["type"], task["index"]
    if not isinstance(kind, str) or kind not in jobs:
        raise wrong(f"the task is a {kind!r}, of which the cluster has none", text)
    if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < len(jobs[kind]):
        most = len(jobs[kind]) - 1
        allowed = f"from 0 to {most}" if most else "0"
        raise wrong(f"the task's index must be {allowed}, not {index!r}", text)
    return kind, index


def is_address(address) -> bool:
    """Whether it reads as host:port."""
    host, _, port = address.rpartition(":") if isinstance(address, str) else ("", "", "")
    return bool(host) and port.isascii() and port.isdigit() and 0 < int(port) < 2**16


def wrong(what: str, text: str) -> UserError:
    """The error about a value of `TF_CONFIG`."""
    return UserError(f"{TF_CONFIG} is wrong: {what}. It should be like {EXAMPLE}. Received: {text}")
