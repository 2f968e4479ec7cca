"""A run's folder: what was trained, with what, and what came out.

config.json            the resolved configuration
run.json               command, git revision, versions, the data's digest, precision, seconds;
                       "sessions": revision and versions of each that continued it with others
data_items.json.gz     the items of a data set on disk, with their sizes and parts
log.csv                one line an epoch, with the step and the time
tensorboard/           curves, distances, gates, what is found, the projector
checkpoints/           to continue from, see `training.checkpoints`
centers.npy            the class centres (K, D), of a loss that has them
encoder.weights.h5     the trained encoder
evaluation.json        written by `sbir evaluate`
codes/                 binary codes and their report, written by `sbir codes`
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sbir_tf.errors import UserError
from sbir_tf.files import ASIDE, written_aside
from training.config import Config, config_from_json
from training.guards import TrainingEnded
from training.overrides import flat
from training.provenance import provenance

# They say what is kept of a training, not what it does: they may change while it goes on.
ABOUT_CHECKPOINTS = ("keep", "checkpoint_every", "best_metric")


@dataclass(frozen=True)
class Run:
    """A run's folder and the configuration it is for."""

    folder: Path
    config: Config

    @property
    def weights(self) -> Path:
        return self.folder / "encoder.weights.h5"

    @property
    def centers(self) -> Path:
        return self.folder / "centers.npy"

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    @property
    def log(self) -> Path:
        return self.folder / "log.csv"

    @property
    def complete(self) -> bool:
        return self.weights.exists()

    def facts(self) -> dict:
        """What run.json says.

        Raises:
            UserError: If it cannot be read.
        """
        path = self.folder / "run.json"
        try:
            facts = json.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise UserError(f"{path} cannot be read ({error}): {self._cure()}") from None
        if not isinstance(facts, dict):
            raise UserError(f"{path} holds no facts of a run: {self._cure()}")
        return facts

    def note(self, **facts) -> None:
        """Add to run.json."""
        path = self.folder / "run.json"
        write_json(path, (self.facts() if path.exists() else {}) | facts)

    def forget(self, name: str) -> None:
        """Take a fact out of run.json, if it is there."""
        facts = self.facts()
        if facts.pop(name, None) is not None:
            write_json(self.folder / "run.json", facts)

    def _cure(self) -> str:
        if self.complete:
            return "bring it back, or train again in another folder"
        return "bring it back, or remove it to train on without a check of the data"


def existing_run(folder: Path, config: Config) -> Run | None:
    """The run of a configuration in a folder, None if there is none yet; nothing is written.

    Raises:
        UserError: If the folder holds something else, or a run of another configuration.
    """
    if (folder / "config.json").exists():
        before = open_run(folder).config
        if not same_training(before, config):
            raise UserError(
                f"{folder} holds a run of another configuration ({difference(before, config)}): "
                "name another folder with --to, or remove this one"
            )
        return Run(folder, config)
    if folder.exists() and not (folder.is_dir() and all(map(begun, folder.iterdir()))):
        raise UserError(f"{folder} exists and is not a run: name another folder with --to")
    return None


def begun(path: Path) -> bool:
    """Whether a file may be what a run's creation left that was killed."""
    return path.name == "run.json" or path.name.startswith(ASIDE)


def check_writable(folder: Path) -> None:
    """Refuse a place that cannot be written, before hours of work for it.

    Raises:
        UserError: Naming the folder that is in the way.
    """
    place = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        raise UserError(
            f"{folder} cannot be written ({place} is no folder, or without permission): name "
            "another with --to"
        )


def create_or_continue(folder: Path, config: Config, **facts) -> Run:
    """The run of a configuration in a folder: the one that is there, or a new one.

    Args:
        folder: The run's folder.
        config: What it trains.
        facts: For run.json, of a new run.

    Raises:
        UserError: As `existing_run`, or if the folder cannot be written.
    """
    run = existing_run(made(folder), config) or Run(folder, config)
    try:
        if not ((folder / "config.json").exists() and (folder / "run.json").exists()):
            write_json(folder / "run.json", provenance() | facts)
        write_json(folder / "config.json", config.to_json())
    except OSError as error:
        raise unwritable(folder, error) from error
    return run


def made(folder: Path) -> Path:
    """A run's folder, which is there afterwards.

    Raises:
        UserError: If it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from error
    return folder


def unwritable(folder: Path, error: OSError) -> UserError:
    return UserError(
        f"{folder} cannot be written ({error.strerror or error}): name another with --to"
    )


def note_session(run: Run) -> None:
    """Add to run.json that a training goes on with other code or packages than before."""
    facts = run.facts()
    now = {name: value for name, value in provenance().items() if name != "command"}
    sessions = facts.get("sessions", [])
    if any((sessions or [facts])[-1].get(name) != value for name, value in now.items()):
        run.note(sessions=[*sessions, now])


@contextmanager
def noting_failure(run: Run) -> Iterator[None]:
    """Adds to run.json why a training cannot go on."""
    try:
        yield
    except TrainingEnded as error:
        run.note(failure=str(error))
        raise


def open_run(folder: Path | str) -> Run:
    """The run in a folder.

    Raises:
        UserError: If there is none, or its configuration cannot be read.
    """
    folder = Path(folder)
    try:
        values = json.loads((folder / "config.json").read_text())
        return Run(folder, config_from_json(values))
    except FileNotFoundError:
        raise UserError(
            f"{folder} is not a run (it has no config.json): `sbir train CONFIG` makes one"
        ) from None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UserError(
            f"{folder / 'config.json'} cannot be read ({error}): bring it back, or name another "
            "folder"
        ) from error


def open_complete(folder: Path | str) -> Run:
    """The run in a folder, which must have been trained to its end."""
    run = open_run(folder)
    if not run.complete:
        raise UserError(
            f"{run.folder} is not trained to its end: "
            f"continue it with the command in {run.folder / 'run.json'}"
        )
    return run


def same_training(before: Config, after: Config) -> bool:
    """Whether two configurations train the same, whatever they keep of it."""
    kept = {name: getattr(after, name) for name in ABOUT_CHECKPOINTS}
    return replace(before, **kept) == after


def difference(before: Config, after: Config) -> str:
    """The values in which two configurations differ, in words."""
    old, new = before.to_json(), after.to_json()
    return ", ".join(
        f"{key} is {old_value!r} there, {new_value!r} here"
        for (key, old_value), (_, new_value) in zip(flat(old), flat(new), strict=True)
        if old_value != new_value
    )


def write_json(path: Path, values) -> None:
    """Write aside, then rename."""
    with written_aside(path) as aside:
        aside.write_text(json.dumps(values, indent=2) + "\n")
