"""Several processes that train together: one of them writes, and all end if one is gone.

Under several workers a norm's moving statistics are means over all of them: reading such a weight
is a step that all workers take together. So the others do all that the chief does, write
checkpoints and logs too, but in a folder of their own that nobody sees.
"""

import secrets
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import tensorflow as tf

from sbir_tf.errors import UserError
from sbir_tf.files import ASIDE
from training.config import Config
from training.strategy import is_chief, workers_of

# What TensorFlow raises where the connection to a worker, or its heartbeat, is lost.
LOST = (
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.FailedPreconditionError,
    tf.errors.UnavailableError,
)
# Of a run's folder, what a training continues from.
CONTINUED = ("config.json", "run.json", "data_items.json.gz", "checkpoints")


UNSHARED = "a run's folder must be on a disk that all workers share"


class WorkerLost(UserError):
    """Another worker is gone, and so this one cannot go on."""


@contextmanager
def together(
    strategy: tf.distribute.Strategy, config: Config, folder: Path, digest: str
) -> Iterator[Path]:
    """Train together inside, each worker in the folder that this gives.

    The chief's is `folder`; another worker's is its own, begins with what `folder` continues from,
    and is gone at the end, which waits for the chief's. `digest` is of the data.

    Raises:
        WorkerLost: If a worker is gone, within seconds.
        UserError: If the workers train different configurations or on different data, or see
            different folders.
    """
    if workers_of(strategy) == 1:
        yield folder
        return
    with ending_together(), tempfile.TemporaryDirectory(prefix="sbir-worker-") as own:
        check_agreement(strategy, config, folder, digest)
        check_shared(strategy, folder)
        if is_chief(strategy):
            wait_for_all(strategy)
            yield folder
        else:
            copied = copy(folder, Path(own) / folder.resolve().name)
            wait_for_all(strategy)
            yield copied
        wait_for_all(strategy)


@contextmanager
def ending_together() -> Iterator[None]:
    """Turns TensorFlow's errors about a lost worker into one that says so."""
    try:
        yield
    except LOST as error:
        raise WorkerLost(
            f"Another worker is gone, so this one ends ({type(error).__name__}). Start all workers "
            "again with the same command: they continue from the last checkpoint"
        ) from error


def check_agreement(
    strategy: tf.distribute.Strategy, config: Config, folder: Path, digest: str
) -> None:
    """Refuse workers that would not train the same."""
    checkpoints = sorted(path.name for path in (folder / "checkpoints").glob("*"))
    for what, value in (
        ("train different configurations: give all of them the same command", config),
        (f"see different data in {config.data.root}: give all of them the same", digest),
        (f"see different checkpoints in {folder}: {UNSHARED}", checkpoints),
    ):
        marks = of_all_workers(strategy, zlib.crc32(repr(value).encode()))
        if len(set(marks)) > 1:
            raise UserError(f"The workers {what}")


def check_shared(strategy: tf.distribute.Strategy, folder: Path) -> None:
    """Refuse a folder on a disk of the chief's alone: it leaves a mark there for a moment."""
    above = (folder.absolute(), *folder.absolute().parents)
    place = next(path for path in above if path.exists())
    number = secrets.randbits(60) if is_chief(strategy) else 0
    mark = place / mark_of(number)
    try:
        if is_chief(strategy):
            # Before others look: a network's disk may remember for long what was not there.
            mark.touch()
        name = mark_of(max(of_all_workers(strategy, number)))
        seen = any((path / name).exists() for path in above)
        shared = all(of_all_workers(strategy, int(seen)))
    finally:
        mark.unlink(missing_ok=True)
    if not shared:
        raise UserError(f"Not all workers see the chief's {folder}: {UNSHARED}")


def mark_of(number: int) -> str:
    return f"{ASIDE}{number:x}.shared"


def of_all_workers(strategy: tf.distribute.Strategy, number: int) -> list[int]:
    """Every replica's number, of numbers that workers have."""
    numbers = strategy.run(gathered, args=(tf.constant([number], tf.int64),))
    return strategy.experimental_local_results(numbers)[0].numpy().tolist()


@tf.function
def gathered(numbers):
    here = tf.identity(numbers)  # on this replica's device
    return tf.distribute.get_replica_context().all_gather(here, axis=0)


def any_worker(strategy: tf.distribute.Strategy, here: bool) -> bool:
    """Whether something holds at one worker or more, as all of them must know."""
    if workers_of(strategy) == 1:
        return here
    return any(of_all_workers(strategy, int(here)))


def wait_for_all(strategy: tf.distribute.Strategy) -> None:
    """Returns when all workers are here."""
    of_all_workers(strategy, 0)


def copy(folder: Path, to: Path) -> Path:
    """What a training continues from, where a worker may write."""
    to.mkdir()
    for name in CONTINUED:
        if (folder / name).is_dir():
            shutil.copytree(folder / name, to / name)
        elif (folder / name).exists():
            shutil.copy(folder / name, to / name)
    return to
